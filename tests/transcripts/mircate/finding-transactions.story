Lists: of an account, of a wallet and of a whole project, narrowed by what was done, what was said about it, and when.

> POST createWallet/demo {"walletId": "USER-1", "title": "Asel"}
< 200 {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"active","title":"Asel","walletAccounts":[],"walletId":"USER-1"}
  GetItem 1 · PutItem 2
> POST createAccount/demo {"walletId": "USER-1", "currency": "EUR", "accountNumber": "euros", "title": "Card"}
< 200 {"accountNumber":"euros","balance":0,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","title":"Card","walletId":"USER-1"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST createAccount/demo {"walletId": "USER-1", "currency": "POINT", "accountNumber": "points"}
< 200 {"accountNumber":"points","balance":0,"createdAt":"2026-01-01T00:00:03.000Z","currency":"POINT","expirations":[],"held":0,"projectId":"demo","status":"active","walletId":"USER-1"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST createWallet/demo {"walletId": "USER-2"}
< 200 {"createdAt":"2026-01-01T00:00:04.000Z","projectId":"demo","status":"active","walletAccounts":[],"walletId":"USER-2"}
  GetItem 1 · PutItem 2
> POST createAccount/demo {"walletId": "USER-2", "currency": "EUR", "accountNumber": "other"}
< 200 {"accountNumber":"other","balance":0,"createdAt":"2026-01-01T00:00:05.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","walletId":"USER-2"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST load/demo-euros {"amount": 1000, "channel": "POS", "referenceId": "ORDER-7"}
< 200 {"balance":1000,"transaction":{"accountNumber":"euros","amount":1000,"balance":1000,"channel":"POS","createdAt":"2026-01-01T00:00:06.000Z","currency":"EUR","referenceId":"ORDER-7","sequence":2,"transactionId":"euros-2","type":"LOADED","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST load/demo-points {"amount": 10, "channel": "APP", "type": "EARNED", "expiresAt": "2026-01-31"}
< 200 {"balance":10,"transaction":{"accountNumber":"points","amount":10,"balance":10,"channel":"APP","createdAt":"2026-01-01T00:00:07.000Z","currency":"POINT","expiresAt":"2026-02-01T00:00:00.000Z","sequence":2,"transactionId":"points-2","type":"EARNED","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST spend/demo-euros {"amount": 100, "channel": "POS", "description": "Coffee and a Bun"}
< 200 {"balance":900,"transaction":{"accountNumber":"euros","amount":100,"balance":900,"channel":"POS","createdAt":"2026-01-01T00:00:08.000Z","currency":"EUR","description":"Coffee and a Bun","sequence":3,"transactionId":"euros-3","type":"SPENT","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST load/demo-other {"amount": 500, "channel": "POS", "description": "Birthday"}
< 200 {"balance":500,"transaction":{"accountNumber":"other","amount":500,"balance":500,"channel":"POS","createdAt":"2026-01-01T00:00:09.000Z","currency":"EUR","description":"Birthday","sequence":2,"transactionId":"other-2","type":"LOADED","walletId":"USER-2"}}
  Query 1 · PutItem 2
@ wait 1d
> POST spend/demo-euros {"amount": 200, "channel": "POS", "description": "COFFEE BEANS", "referenceId": "order-8"}
< 200 {"balance":700,"transaction":{"accountNumber":"euros","amount":200,"balance":700,"channel":"POS","createdAt":"2026-01-02T00:00:10.000Z","currency":"EUR","description":"COFFEE BEANS","referenceId":"order-8","sequence":4,"transactionId":"euros-4","type":"SPENT","walletId":"USER-1"}}
  GetItem 0.5 · GetItem 0.5 · Query 1 · PutItem 2
> POST load/demo-points {"amount": 20, "channel": "APP", "expiresAt": "2026-02-28T12:00:00Z"}
< 200 {"balance":30,"transaction":{"accountNumber":"points","amount":20,"balance":30,"channel":"APP","createdAt":"2026-01-02T00:00:11.000Z","currency":"POINT","expiresAt":"2026-02-28T12:00:00.000Z","sequence":3,"transactionId":"points-3","type":"LOADED","walletId":"USER-1"}}
  Query 1 · PutItem 2

One account, by type, by words in any case, by a part of an id, and by any of several filters.

> POST listTransactions/demo-euros {"filters": [{"type": "SPENT"}]}
< 200 {"from":0,"pageSize":20,"size":2,"total":2,"transactions":[{"accountNumber":"euros","amount":200,"balance":700,"channel":"POS","createdAt":"2026-01-02T00:00:10.000Z","currency":"EUR","description":"COFFEE BEANS","referenceId":"order-8","sequence":4,"transactionId":"euros-4","type":"SPENT","walletId":"USER-1"},{"accountNumber":"euros","amount":100,"balance":900,"channel":"POS","createdAt":"2026-01-01T00:00:08.000Z","currency":"EUR","description":"Coffee and a Bun","sequence":3,"transactionId":"euros-3","type":"SPENT","walletId":"USER-1"}]}
  Query 1 · Query 1
> POST listTransactions/demo-euros {"filters": [{"search": "coffee"}]}
< 200 {"from":0,"pageSize":20,"size":2,"total":2,"transactions":[{"accountNumber":"euros","amount":200,"balance":700,"channel":"POS","createdAt":"2026-01-02T00:00:10.000Z","currency":"EUR","description":"COFFEE BEANS","referenceId":"order-8","sequence":4,"transactionId":"euros-4","type":"SPENT","walletId":"USER-1"},{"accountNumber":"euros","amount":100,"balance":900,"channel":"POS","createdAt":"2026-01-01T00:00:08.000Z","currency":"EUR","description":"Coffee and a Bun","sequence":3,"transactionId":"euros-3","type":"SPENT","walletId":"USER-1"}]}
  Query 1 · Query 1
> POST listTransactions/demo-euros {"filters": [{"search": "Order-"}]}
< 200 {"from":0,"pageSize":20,"size":2,"total":2,"transactions":[{"accountNumber":"euros","amount":200,"balance":700,"channel":"POS","createdAt":"2026-01-02T00:00:10.000Z","currency":"EUR","description":"COFFEE BEANS","referenceId":"order-8","sequence":4,"transactionId":"euros-4","type":"SPENT","walletId":"USER-1"},{"accountNumber":"euros","amount":1000,"balance":1000,"channel":"POS","createdAt":"2026-01-01T00:00:06.000Z","currency":"EUR","referenceId":"ORDER-7","sequence":2,"transactionId":"euros-2","type":"LOADED","walletId":"USER-1"}]}
  Query 1 · Query 1
> POST listTransactions/demo-euros {"filters": [{"type": "SPENT", "search": "bun"}, {"type": "INITIALIZED"}]}
< 200 {"from":0,"pageSize":20,"size":2,"total":2,"transactions":[{"accountNumber":"euros","amount":100,"balance":900,"channel":"POS","createdAt":"2026-01-01T00:00:08.000Z","currency":"EUR","description":"Coffee and a Bun","sequence":3,"transactionId":"euros-3","type":"SPENT","walletId":"USER-1"},{"accountNumber":"euros","amount":0,"balance":0,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","sequence":1,"transactionId":"euros-1","type":"INITIALIZED","walletId":"USER-1"}]}
  Query 1 · Query 1
> POST listTransactions/demo-euros {"filters": [{"search": "EUROS-3"}]}
< 200 {"from":0,"pageSize":20,"size":1,"total":1,"transactions":[{"accountNumber":"euros","amount":100,"balance":900,"channel":"POS","createdAt":"2026-01-01T00:00:08.000Z","currency":"EUR","description":"Coffee and a Bun","sequence":3,"transactionId":"euros-3","type":"SPENT","walletId":"USER-1"}]}
  Query 1 · Query 1
> POST listTransactions/demo-euros {"filters": [{"type": "HELD"}]}
< 200 {"from":0,"pageSize":20,"size":0,"total":0,"transactions":[]}
  Query 1 · Query 1
> POST listTransactions/demo-euros {"filters": [{"type": "SPENT", "search": "order-7"}]}
< 200 {"from":0,"pageSize":20,"size":0,"total":0,"transactions":[]}
  Query 1 · Query 1

Oldest first, and a page further on. Where nothing is left out, every page knows the total.

> POST listTransactions/demo-euros {"sorts": [{"field": "createdAt", "order": "asc"}], "pageSize": 2}
< 200 {"cursor":"euros-3","from":0,"pageSize":2,"size":2,"total":4,"transactions":[{"accountNumber":"euros","amount":0,"balance":0,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","sequence":1,"transactionId":"euros-1","type":"INITIALIZED","walletId":"USER-1"},{"accountNumber":"euros","amount":1000,"balance":1000,"channel":"POS","createdAt":"2026-01-01T00:00:06.000Z","currency":"EUR","referenceId":"ORDER-7","sequence":2,"transactionId":"euros-2","type":"LOADED","walletId":"USER-1"}]}
  Query 1 · Query 1
> POST listTransactions/demo-euros {"sorts": [{"field": "createdAt", "order": "asc"}], "from": 2, "pageSize": 1}
< 200 {"cursor":"euros-4","from":2,"pageSize":1,"size":1,"total":4,"transactions":[{"accountNumber":"euros","amount":100,"balance":900,"channel":"POS","createdAt":"2026-01-01T00:00:08.000Z","currency":"EUR","description":"Coffee and a Bun","sequence":3,"transactionId":"euros-3","type":"SPENT","walletId":"USER-1"}]}
  Query 1 · Query 1
> POST listTransactions/demo-euros {"from": 3, "pageSize": 5}
< 200 {"from":3,"pageSize":5,"size":1,"total":4,"transactions":[{"accountNumber":"euros","amount":0,"balance":0,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","sequence":1,"transactionId":"euros-1","type":"INITIALIZED","walletId":"USER-1"}]}
  Query 1 · Query 1
> POST listTransactions/demo-euros {"from": 4}
< 200 {"from":4,"pageSize":20,"size":0,"total":4,"transactions":[]}
  Query 1
> POST listTransactions/demo-euros {"filters": [{"type": "SPENT"}], "from": 1, "pageSize": 1}
< 200 {"cursor":"euros-2","from":1,"pageSize":1,"size":1,"total":2,"transactions":[{"accountNumber":"euros","amount":100,"balance":900,"channel":"POS","createdAt":"2026-01-01T00:00:08.000Z","currency":"EUR","description":"Coffee and a Bun","sequence":3,"transactionId":"euros-3","type":"SPENT","walletId":"USER-1"}]}
  Query 1 · Query 1
> POST listTransactions/demo-euros {"pageSize": 2, "cursor": "euros-2"}
< 200 {"from":0,"pageSize":2,"size":2,"total":4,"transactions":[{"accountNumber":"euros","amount":1000,"balance":1000,"channel":"POS","createdAt":"2026-01-01T00:00:06.000Z","currency":"EUR","referenceId":"ORDER-7","sequence":2,"transactionId":"euros-2","type":"LOADED","walletId":"USER-1"},{"accountNumber":"euros","amount":0,"balance":0,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","sequence":1,"transactionId":"euros-1","type":"INITIALIZED","walletId":"USER-1"}]}
  Query 1 · Query 1

By the time of writing: an instant is in its span, and a day is all of it, in UTC.

> POST listTransactions/demo-euros {"createdAt": {"startDate": "2026-01-01T00:00:06Z", "endDate": "2026-01-01T00:00:08.000Z"}}
< 200 {"from":0,"pageSize":20,"size":2,"total":2,"transactions":[{"accountNumber":"euros","amount":100,"balance":900,"channel":"POS","createdAt":"2026-01-01T00:00:08.000Z","currency":"EUR","description":"Coffee and a Bun","sequence":3,"transactionId":"euros-3","type":"SPENT","walletId":"USER-1"},{"accountNumber":"euros","amount":1000,"balance":1000,"channel":"POS","createdAt":"2026-01-01T00:00:06.000Z","currency":"EUR","referenceId":"ORDER-7","sequence":2,"transactionId":"euros-2","type":"LOADED","walletId":"USER-1"}]}
  GetItem 1 · GetItem 1 · GetItem 1 · GetItem 1 · GetItem 1 · Query 1 · Query 1
> POST listTransactions/demo-euros {"createdAt": {"startDate": "2026-01-01T00:00:06.001Z", "endDate": "2026-01-01T00:00:07.999Z"}}
< 200 {"from":0,"pageSize":20,"size":0,"total":0,"transactions":[]}
  GetItem 1 · GetItem 1 · GetItem 1 · GetItem 1 · Query 1
> POST listTransactions/demo-euros {"createdAt": {"startDate": "2026-01-02", "endDate": "2026-01-02"}}
< 200 {"from":0,"pageSize":20,"size":1,"total":1,"transactions":[{"accountNumber":"euros","amount":200,"balance":700,"channel":"POS","createdAt":"2026-01-02T00:00:10.000Z","currency":"EUR","description":"COFFEE BEANS","referenceId":"order-8","sequence":4,"transactionId":"euros-4","type":"SPENT","walletId":"USER-1"}]}
  GetItem 1 · GetItem 1 · GetItem 1 · GetItem 1 · Query 1 · Query 1
> POST listTransactions/demo-euros {"createdAt": {"endDate": "2026-01-01"}, "pageSize": 2}
< 200 {"cursor":"euros-1","from":0,"pageSize":2,"size":2,"total":3,"transactions":[{"accountNumber":"euros","amount":100,"balance":900,"channel":"POS","createdAt":"2026-01-01T00:00:08.000Z","currency":"EUR","description":"Coffee and a Bun","sequence":3,"transactionId":"euros-3","type":"SPENT","walletId":"USER-1"},{"accountNumber":"euros","amount":1000,"balance":1000,"channel":"POS","createdAt":"2026-01-01T00:00:06.000Z","currency":"EUR","referenceId":"ORDER-7","sequence":2,"transactionId":"euros-2","type":"LOADED","walletId":"USER-1"}]}
  GetItem 1 · GetItem 1 · GetItem 1 · GetItem 1 · GetItem 1 · Query 1 · Query 1
> POST listTransactions/demo-euros {"createdAt": {"startDate": "2026-01-03"}}
< 200 {"from":0,"pageSize":20,"size":0,"total":0,"transactions":[]}
  GetItem 1 · GetItem 1 · Query 1
> POST listTransactions/demo-euros {"createdAt": {"startDate": "2026-01-02", "endDate": "2026-01-01"}}
< 200 {"from":0,"pageSize":20,"size":0,"total":0,"transactions":[]}
  GetItem 1 · GetItem 1 · GetItem 1 · GetItem 1 · Query 1

By when what was loaded expires. What was loaded until the end of a day expires at the midnight after it.

> POST listTransactions/demo-points {"expiresAt": {"startDate": "2026-01-31", "endDate": "2026-01-31"}}
< 200 {"from":0,"pageSize":20,"size":1,"total":1,"transactions":[{"accountNumber":"points","amount":10,"balance":10,"channel":"APP","createdAt":"2026-01-01T00:00:07.000Z","currency":"POINT","expiresAt":"2026-02-01T00:00:00.000Z","sequence":2,"transactionId":"points-2","type":"EARNED","walletId":"USER-1"}]}
  Query 1 · Query 1
> POST listTransactions/demo-points {"expiresAt": {"startDate": "2026-02-01", "endDate": "2026-02-01"}}
< 200 {"from":0,"pageSize":20,"size":1,"total":1,"transactions":[{"accountNumber":"points","amount":10,"balance":10,"channel":"APP","createdAt":"2026-01-01T00:00:07.000Z","currency":"POINT","expiresAt":"2026-02-01T00:00:00.000Z","sequence":2,"transactionId":"points-2","type":"EARNED","walletId":"USER-1"}]}
  Query 1 · Query 1
> POST listTransactions/demo-points {"expiresAt": {"startDate": "2026-02-28", "endDate": "2026-02-28"}}
< 200 {"from":0,"pageSize":20,"size":1,"total":1,"transactions":[{"accountNumber":"points","amount":20,"balance":30,"channel":"APP","createdAt":"2026-01-02T00:00:11.000Z","currency":"POINT","expiresAt":"2026-02-28T12:00:00.000Z","sequence":3,"transactionId":"points-3","type":"LOADED","walletId":"USER-1"}]}
  Query 1 · Query 1
> POST listTransactions/demo-points {"expiresAt": {"endDate": "2026-02-28T11:59:59.999Z"}}
< 200 {"from":0,"pageSize":20,"size":2,"total":2,"transactions":[{"accountNumber":"points","amount":20,"balance":30,"channel":"APP","createdAt":"2026-01-02T00:00:11.000Z","currency":"POINT","expiresAt":"2026-02-28T12:00:00.000Z","sequence":3,"transactionId":"points-3","type":"LOADED","walletId":"USER-1"},{"accountNumber":"points","amount":10,"balance":10,"channel":"APP","createdAt":"2026-01-01T00:00:07.000Z","currency":"POINT","expiresAt":"2026-02-01T00:00:00.000Z","sequence":2,"transactionId":"points-2","type":"EARNED","walletId":"USER-1"}]}
  Query 1 · Query 1
> POST listTransactions/demo-points {"expiresAt": {}}
< 200 {"from":0,"pageSize":20,"size":2,"total":2,"transactions":[{"accountNumber":"points","amount":20,"balance":30,"channel":"APP","createdAt":"2026-01-02T00:00:11.000Z","currency":"POINT","expiresAt":"2026-02-28T12:00:00.000Z","sequence":3,"transactionId":"points-3","type":"LOADED","walletId":"USER-1"},{"accountNumber":"points","amount":10,"balance":10,"channel":"APP","createdAt":"2026-01-01T00:00:07.000Z","currency":"POINT","expiresAt":"2026-02-01T00:00:00.000Z","sequence":2,"transactionId":"points-2","type":"EARNED","walletId":"USER-1"}]}
  Query 1 · Query 1

A whole wallet: its accounts together, in the order of time.

> POST listTransactions/demo {"walletId": "USER-1", "pageSize": 3}
< 200 {"cursor":"euros-2,points-2","from":0,"pageSize":3,"size":3,"total":7,"transactions":[{"accountNumber":"points","amount":20,"balance":30,"channel":"APP","createdAt":"2026-01-02T00:00:11.000Z","currency":"POINT","expiresAt":"2026-02-28T12:00:00.000Z","sequence":3,"transactionId":"points-3","type":"LOADED","walletId":"USER-1"},{"accountNumber":"euros","amount":200,"balance":700,"channel":"POS","createdAt":"2026-01-02T00:00:10.000Z","currency":"EUR","description":"COFFEE BEANS","referenceId":"order-8","sequence":4,"transactionId":"euros-4","type":"SPENT","walletId":"USER-1"},{"accountNumber":"euros","amount":100,"balance":900,"channel":"POS","createdAt":"2026-01-01T00:00:08.000Z","currency":"EUR","description":"Coffee and a Bun","sequence":3,"transactionId":"euros-3","type":"SPENT","walletId":"USER-1"}]}
  GetItem 1 · Query 1 · Query 1 · Query 1 · Query 1
> POST listTransactions/demo {"walletId": "USER-1", "pageSize": 3, "cursor": "euros-2,points-2"}
< 200 {"cursor":"euros-1","from":0,"pageSize":3,"size":3,"total":7,"transactions":[{"accountNumber":"points","amount":10,"balance":10,"channel":"APP","createdAt":"2026-01-01T00:00:07.000Z","currency":"POINT","expiresAt":"2026-02-01T00:00:00.000Z","sequence":2,"transactionId":"points-2","type":"EARNED","walletId":"USER-1"},{"accountNumber":"euros","amount":1000,"balance":1000,"channel":"POS","createdAt":"2026-01-01T00:00:06.000Z","currency":"EUR","referenceId":"ORDER-7","sequence":2,"transactionId":"euros-2","type":"LOADED","walletId":"USER-1"},{"accountNumber":"points","amount":0,"balance":0,"createdAt":"2026-01-01T00:00:03.000Z","currency":"POINT","sequence":1,"transactionId":"points-1","type":"INITIALIZED","walletId":"USER-1"}]}
  GetItem 1 · Query 1 · Query 1 · Query 1 · Query 1
> POST listTransactions/demo {"walletId": "USER-1", "cursor": "euros-1,points-1"}
< 200 {"from":0,"pageSize":20,"size":2,"total":7,"transactions":[{"accountNumber":"points","amount":0,"balance":0,"createdAt":"2026-01-01T00:00:03.000Z","currency":"POINT","sequence":1,"transactionId":"points-1","type":"INITIALIZED","walletId":"USER-1"},{"accountNumber":"euros","amount":0,"balance":0,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","sequence":1,"transactionId":"euros-1","type":"INITIALIZED","walletId":"USER-1"}]}
  GetItem 1 · Query 1 · Query 1 · Query 1 · Query 1
> POST listTransactions/demo {"walletId": "USER-1", "from": 5}
< 200 {"from":5,"pageSize":20,"size":2,"total":7,"transactions":[{"accountNumber":"points","amount":0,"balance":0,"createdAt":"2026-01-01T00:00:03.000Z","currency":"POINT","sequence":1,"transactionId":"points-1","type":"INITIALIZED","walletId":"USER-1"},{"accountNumber":"euros","amount":0,"balance":0,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","sequence":1,"transactionId":"euros-1","type":"INITIALIZED","walletId":"USER-1"}]}
  GetItem 1 · Query 1 · Query 1 · Query 1 · Query 1
> POST listTransactions/demo {"walletId": "USER-1", "filters": [{"type": "EARNED"}, {"type": "LOADED"}], "sorts": [{"field": "createdAt", "order": "asc"}]}
< 200 {"from":0,"pageSize":20,"size":3,"total":3,"transactions":[{"accountNumber":"euros","amount":1000,"balance":1000,"channel":"POS","createdAt":"2026-01-01T00:00:06.000Z","currency":"EUR","referenceId":"ORDER-7","sequence":2,"transactionId":"euros-2","type":"LOADED","walletId":"USER-1"},{"accountNumber":"points","amount":10,"balance":10,"channel":"APP","createdAt":"2026-01-01T00:00:07.000Z","currency":"POINT","expiresAt":"2026-02-01T00:00:00.000Z","sequence":2,"transactionId":"points-2","type":"EARNED","walletId":"USER-1"},{"accountNumber":"points","amount":20,"balance":30,"channel":"APP","createdAt":"2026-01-02T00:00:11.000Z","currency":"POINT","expiresAt":"2026-02-28T12:00:00.000Z","sequence":3,"transactionId":"points-3","type":"LOADED","walletId":"USER-1"}]}
  GetItem 1 · Query 1 · Query 1 · Query 1 · Query 1
> POST listTransactions/demo {"walletId": "USER-1", "createdAt": {"startDate": "2026-01-02"}}
< 200 {"from":0,"pageSize":20,"size":2,"total":2,"transactions":[{"accountNumber":"points","amount":20,"balance":30,"channel":"APP","createdAt":"2026-01-02T00:00:11.000Z","currency":"POINT","expiresAt":"2026-02-28T12:00:00.000Z","sequence":3,"transactionId":"points-3","type":"LOADED","walletId":"USER-1"},{"accountNumber":"euros","amount":200,"balance":700,"channel":"POS","createdAt":"2026-01-02T00:00:10.000Z","currency":"EUR","description":"COFFEE BEANS","referenceId":"order-8","sequence":4,"transactionId":"euros-4","type":"SPENT","walletId":"USER-1"}]}
  GetItem 1 · GetItem 1 · GetItem 1 · GetItem 1 · GetItem 1 · GetItem 1 · GetItem 1 · GetItem 1 · GetItem 1 · Query 1 · Query 1 · Query 1 · Query 1
> POST listTransactions/demo {"walletId": "nobody"}
< 404 {"code":"NOT_FOUND","message":"Record Not Found"}
  GetItem 1

The whole project. How many there are is only known at the end.

> POST listTransactions/demo {"pageSize": 2}
< 200 {"cursor":"1767312010000@euros-4","from":0,"pageSize":2,"size":2,"total":2,"transactions":[{"accountNumber":"points","amount":20,"balance":30,"channel":"APP","createdAt":"2026-01-02T00:00:11.000Z","currency":"POINT","expiresAt":"2026-02-28T12:00:00.000Z","sequence":3,"transactionId":"points-3","type":"LOADED","walletId":"USER-1"},{"accountNumber":"euros","amount":200,"balance":700,"channel":"POS","createdAt":"2026-01-02T00:00:10.000Z","currency":"EUR","description":"COFFEE BEANS","referenceId":"order-8","sequence":4,"transactionId":"euros-4","type":"SPENT","walletId":"USER-1"}]}
  BatchGetItem 2 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5
> POST listTransactions/demo {"pageSize": 2, "cursor": "1767312010000@euros-4"}
< 200 {"cursor":"1767225608000@euros-3","from":0,"pageSize":2,"size":2,"total":2,"transactions":[{"accountNumber":"other","amount":500,"balance":500,"channel":"POS","createdAt":"2026-01-01T00:00:09.000Z","currency":"EUR","description":"Birthday","sequence":2,"transactionId":"other-2","type":"LOADED","walletId":"USER-2"},{"accountNumber":"euros","amount":100,"balance":900,"channel":"POS","createdAt":"2026-01-01T00:00:08.000Z","currency":"EUR","description":"Coffee and a Bun","sequence":3,"transactionId":"euros-3","type":"SPENT","walletId":"USER-1"}]}
  BatchGetItem 2 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5
> POST listTransactions/demo {"sorts": [{"field": "createdAt", "order": "asc"}], "pageSize": 2}
< 200 {"cursor":"1767225603000@points-1","from":0,"pageSize":2,"size":2,"total":2,"transactions":[{"accountNumber":"euros","amount":0,"balance":0,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","sequence":1,"transactionId":"euros-1","type":"INITIALIZED","walletId":"USER-1"},{"accountNumber":"points","amount":0,"balance":0,"createdAt":"2026-01-01T00:00:03.000Z","currency":"POINT","sequence":1,"transactionId":"points-1","type":"INITIALIZED","walletId":"USER-1"}]}
  BatchGetItem 2 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5
> POST listTransactions/demo {"sorts": [{"field": "createdAt", "order": "asc"}], "pageSize": 2, "cursor": "1767225603000@points-1"}
< 200 {"cursor":"1767225606000@euros-2","from":0,"pageSize":2,"size":2,"total":2,"transactions":[{"accountNumber":"other","amount":0,"balance":0,"createdAt":"2026-01-01T00:00:05.000Z","currency":"EUR","sequence":1,"transactionId":"other-1","type":"INITIALIZED","walletId":"USER-2"},{"accountNumber":"euros","amount":1000,"balance":1000,"channel":"POS","createdAt":"2026-01-01T00:00:06.000Z","currency":"EUR","referenceId":"ORDER-7","sequence":2,"transactionId":"euros-2","type":"LOADED","walletId":"USER-1"}]}
  BatchGetItem 2 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5
> POST listTransactions/demo {"filters": [{"search": "birthday"}]}
< 200 {"from":0,"pageSize":20,"size":1,"total":1,"transactions":[{"accountNumber":"other","amount":500,"balance":500,"channel":"POS","createdAt":"2026-01-01T00:00:09.000Z","currency":"EUR","description":"Birthday","sequence":2,"transactionId":"other-2","type":"LOADED","walletId":"USER-2"}]}
  BatchGetItem 9 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5
> POST listTransactions/demo {"createdAt": {"startDate": "2026-01-02", "endDate": "2026-01-02"}}
< 200 {"from":0,"pageSize":20,"size":2,"total":2,"transactions":[{"accountNumber":"points","amount":20,"balance":30,"channel":"APP","createdAt":"2026-01-02T00:00:11.000Z","currency":"POINT","expiresAt":"2026-02-28T12:00:00.000Z","sequence":3,"transactionId":"points-3","type":"LOADED","walletId":"USER-1"},{"accountNumber":"euros","amount":200,"balance":700,"channel":"POS","createdAt":"2026-01-02T00:00:10.000Z","currency":"EUR","description":"COFFEE BEANS","referenceId":"order-8","sequence":4,"transactionId":"euros-4","type":"SPENT","walletId":"USER-1"}]}
  BatchGetItem 2 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5
> POST listTransactions/demo {"createdAt": {"startDate": "2026-01-03"}}
< 200 {"from":0,"pageSize":20,"size":0,"total":0,"transactions":[]}
  Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5

What can not be meant is refused.

> POST listTransactions/demo {"cursor": "the second page"}
< 400 {"code":"INVALID_REQUEST","details":{"member":"cursor"},"message":"cursor: is none of ours"}
  nothing
> POST listTransactions/demo {"createdAt": {"startDate": "yesterday"}}
< 400 {"code":"INVALID_REQUEST","details":{"member":"createdAt.startDate"},"message":"createdAt.startDate: must be a time such as 2025-04-28T11:53:59.137Z, or a day"}
  nothing
> POST listTransactions/demo {"filters": {"type": "SPENT"}}
< 400 {"code":"INVALID_REQUEST","details":{"member":"filters"},"message":"filters: invalid type: map, expected a sequence"}
  nothing
> POST listTransactions/demo {"currency": "EUR"}
< 200 {"from":0,"pageSize":20,"size":6,"total":6,"transactions":[{"accountNumber":"euros","amount":200,"balance":700,"channel":"POS","createdAt":"2026-01-02T00:00:10.000Z","currency":"EUR","description":"COFFEE BEANS","referenceId":"order-8","sequence":4,"transactionId":"euros-4","type":"SPENT","walletId":"USER-1"},{"accountNumber":"other","amount":500,"balance":500,"channel":"POS","createdAt":"2026-01-01T00:00:09.000Z","currency":"EUR","description":"Birthday","sequence":2,"transactionId":"other-2","type":"LOADED","walletId":"USER-2"},{"accountNumber":"euros","amount":100,"balance":900,"channel":"POS","createdAt":"2026-01-01T00:00:08.000Z","currency":"EUR","description":"Coffee and a Bun","sequence":3,"transactionId":"euros-3","type":"SPENT","walletId":"USER-1"},{"accountNumber":"euros","amount":1000,"balance":1000,"channel":"POS","createdAt":"2026-01-01T00:00:06.000Z","currency":"EUR","referenceId":"ORDER-7","sequence":2,"transactionId":"euros-2","type":"LOADED","walletId":"USER-1"},{"accountNumber":"other","amount":0,"balance":0,"createdAt":"2026-01-01T00:00:05.000Z","currency":"EUR","sequence":1,"transactionId":"other-1","type":"INITIALIZED","walletId":"USER-2"},{"accountNumber":"euros","amount":0,"balance":0,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","sequence":1,"transactionId":"euros-1","type":"INITIALIZED","walletId":"USER-1"}]}
  BatchGetItem 9 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5

Accounts: of a wallet, of the project, in a currency, by words.

> POST getAccounts/demo {"walletId": "USER-1"}
< 200 {"accounts":[{"accountNumber":"euros","balance":700,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","title":"Card","walletId":"USER-1"},{"accountNumber":"points","balance":30,"createdAt":"2026-01-01T00:00:03.000Z","currency":"POINT","expirations":[{"amount":10,"expiresAt":"2026-02-01T00:00:00.000Z"},{"amount":20,"expiresAt":"2026-02-28T12:00:00.000Z"}],"held":0,"projectId":"demo","status":"active","walletId":"USER-1"}]}
  BatchGetItem 2 · GetItem 1 · Query 1 · Query 1
> POST getAccounts/demo {"walletId": "nobody"}
< 404 {"code":"NOT_FOUND","message":"Record Not Found"}
  GetItem 1
> POST getAccounts/demo {}
< 400 {"code":"INVALID_REQUEST","details":{"member":"walletId"},"message":"walletId: is required"}
  nothing
> POST listAccounts/demo {"walletId": "USER-1"}
< 200 {"accounts":[{"accountNumber":"points","balance":30,"createdAt":"2026-01-01T00:00:03.000Z","currency":"POINT","expirations":[{"amount":10,"expiresAt":"2026-02-01T00:00:00.000Z"},{"amount":20,"expiresAt":"2026-02-28T12:00:00.000Z"}],"held":0,"projectId":"demo","status":"active","walletId":"USER-1"},{"accountNumber":"euros","balance":700,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","title":"Card","walletId":"USER-1"}],"from":0,"pageSize":20,"size":2,"total":2}
  BatchGetItem 2 · GetItem 1 · Query 1 · Query 1
> POST listAccounts/demo {}
< 200 {"accounts":[{"accountNumber":"other","balance":500,"createdAt":"2026-01-01T00:00:05.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","walletId":"USER-2"},{"accountNumber":"points","balance":30,"createdAt":"2026-01-01T00:00:03.000Z","currency":"POINT","expirations":[{"amount":10,"expiresAt":"2026-02-01T00:00:00.000Z"},{"amount":20,"expiresAt":"2026-02-28T12:00:00.000Z"}],"held":0,"projectId":"demo","status":"active","walletId":"USER-1"},{"accountNumber":"euros","balance":700,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","title":"Card","walletId":"USER-1"}],"from":0,"pageSize":20,"size":3,"total":3}
  BatchGetItem 3 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 1 · Query 1 · Query 1
> POST listAccounts/demo {"from": 1, "pageSize": 1}
< 200 {"accounts":[{"accountNumber":"points","balance":30,"createdAt":"2026-01-01T00:00:03.000Z","currency":"POINT","expirations":[{"amount":10,"expiresAt":"2026-02-01T00:00:00.000Z"},{"amount":20,"expiresAt":"2026-02-28T12:00:00.000Z"}],"held":0,"projectId":"demo","status":"active","walletId":"USER-1"}],"cursor":"1767225603000@points-1","from":1,"pageSize":1,"size":1,"total":2}
  BatchGetItem 3 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 1 · Query 1
> POST listAccounts/demo {"currency": "EUR", "sorts": [{"field": "createdAt", "order": "asc"}]}
< 200 {"accounts":[{"accountNumber":"euros","balance":700,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","title":"Card","walletId":"USER-1"},{"accountNumber":"other","balance":500,"createdAt":"2026-01-01T00:00:05.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","walletId":"USER-2"}],"from":0,"pageSize":20,"size":2,"total":2}
  BatchGetItem 3 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 1 · Query 1 · Query 1
> POST listAccounts/demo {"walletId": "USER-1", "currency": "POINT"}
< 200 {"accounts":[{"accountNumber":"points","balance":30,"createdAt":"2026-01-01T00:00:03.000Z","currency":"POINT","expirations":[{"amount":10,"expiresAt":"2026-02-01T00:00:00.000Z"},{"amount":20,"expiresAt":"2026-02-28T12:00:00.000Z"}],"held":0,"projectId":"demo","status":"active","walletId":"USER-1"}],"from":0,"pageSize":20,"size":1,"total":1}
  BatchGetItem 2 · GetItem 1 · Query 1 · Query 1
> POST listAccounts/demo {"filters": [{"search": "card"}, {"search": "OTH"}]}
< 200 {"accounts":[{"accountNumber":"other","balance":500,"createdAt":"2026-01-01T00:00:05.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","walletId":"USER-2"},{"accountNumber":"euros","balance":700,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","title":"Card","walletId":"USER-1"}],"from":0,"pageSize":20,"size":2,"total":2}
  BatchGetItem 3 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 1 · Query 1 · Query 1
> POST updateWallet/demo {"walletId": "USER-2", "status": "frozen"}
< 200 {"createdAt":"2026-01-01T00:00:04.000Z","projectId":"demo","status":"frozen","walletAccounts":["other"],"walletId":"USER-2"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST listAccounts/demo {"filters": [{"type": "frozen"}]}
< 200 {"accounts":[{"accountNumber":"other","balance":500,"createdAt":"2026-01-01T00:00:05.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"frozen","walletId":"USER-2"}],"from":0,"pageSize":20,"size":1,"total":1}
  BatchGetItem 3 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 1 · Query 1 · Query 1
> POST listAccounts/demo {"filters": [{"type": "active"}]}
< 200 {"accounts":[{"accountNumber":"points","balance":30,"createdAt":"2026-01-01T00:00:03.000Z","currency":"POINT","expirations":[{"amount":10,"expiresAt":"2026-02-01T00:00:00.000Z"},{"amount":20,"expiresAt":"2026-02-28T12:00:00.000Z"}],"held":0,"projectId":"demo","status":"active","walletId":"USER-1"},{"accountNumber":"euros","balance":700,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","title":"Card","walletId":"USER-1"}],"from":0,"pageSize":20,"size":2,"total":2}
  BatchGetItem 3 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 1 · Query 1 · Query 1

The same by GET, the members in the query string.

> GET getAccounts/demo?walletId=USER-2
< 200 {"accounts":[{"accountNumber":"other","balance":500,"createdAt":"2026-01-01T00:00:05.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"frozen","walletId":"USER-2"}]}
  BatchGetItem 1 · GetItem 1 · Query 1
> GET listAccounts/demo?currency=POINT
< 200 {"accounts":[{"accountNumber":"points","balance":30,"createdAt":"2026-01-01T00:00:03.000Z","currency":"POINT","expirations":[{"amount":10,"expiresAt":"2026-02-01T00:00:00.000Z"},{"amount":20,"expiresAt":"2026-02-28T12:00:00.000Z"}],"held":0,"projectId":"demo","status":"active","walletId":"USER-1"}],"from":0,"pageSize":20,"size":1,"total":1}
  BatchGetItem 3 · Query 0.5 · Query 0.5 · Query 0.5 · Query 0.5 · Query 1 · Query 1 · Query 1
> GET listTransactions/demo?walletId=USER-1&pageSize=1&from=1
< 200 {"cursor":"euros-3,points-2","from":1,"pageSize":1,"size":1,"total":7,"transactions":[{"accountNumber":"euros","amount":200,"balance":700,"channel":"POS","createdAt":"2026-01-02T00:00:10.000Z","currency":"EUR","description":"COFFEE BEANS","referenceId":"order-8","sequence":4,"transactionId":"euros-4","type":"SPENT","walletId":"USER-1"}]}
  GetItem 1 · Query 1 · Query 1 · Query 1 · Query 1
> GET listTransactions/demo-euros?filters=%5B%7B%22type%22%3A%22LOADED%22%7D%5D
< 200 {"from":0,"pageSize":20,"size":1,"total":1,"transactions":[{"accountNumber":"euros","amount":1000,"balance":1000,"channel":"POS","createdAt":"2026-01-01T00:00:06.000Z","currency":"EUR","referenceId":"ORDER-7","sequence":2,"transactionId":"euros-2","type":"LOADED","walletId":"USER-1"}]}
  Query 1 · Query 1
> GET listTransactions/demo-euros?createdAt=%7B%22startDate%22%3A%222026-01-02%22%7D&pageSize=1
< 200 {"from":0,"pageSize":1,"size":1,"total":1,"transactions":[{"accountNumber":"euros","amount":200,"balance":700,"channel":"POS","createdAt":"2026-01-02T00:00:10.000Z","currency":"EUR","description":"COFFEE BEANS","referenceId":"order-8","sequence":4,"transactionId":"euros-4","type":"SPENT","walletId":"USER-1"}]}
  GetItem 0.5 · GetItem 0.5 · GetItem 1 · GetItem 1 · GetItem 1 · GetItem 1 · Query 1 · Query 1
