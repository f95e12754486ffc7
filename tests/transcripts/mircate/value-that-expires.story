What expires first is spent first; at its instant it is gone, and the next write books it (rows 5, 6, 7).

> POST createWallet/demo {"walletId": "USER-1"}
< 200 {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"active","walletAccounts":[],"walletId":"USER-1"}
  GetItem 1 · PutItem 2
> POST createAccount/demo {"walletId": "USER-1", "currency": "POINT", "accountNumber": "points"}
< 200 {"accountNumber":"points","balance":0,"createdAt":"2026-01-01T00:00:02.000Z","currency":"POINT","expirations":[],"held":0,"projectId":"demo","status":"active","walletId":"USER-1"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST load/demo-points {"amount": 100, "channel": "POS"}
< 200 {"balance":100,"transaction":{"accountNumber":"points","amount":100,"balance":100,"channel":"POS","createdAt":"2026-01-01T00:00:03.000Z","currency":"POINT","sequence":2,"transactionId":"points-2","type":"LOADED","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST load/demo-points {"amount": 100, "channel": "POS", "type": "EARNED", "expiresAt": "2026-01-02"}
< 200 {"balance":200,"transaction":{"accountNumber":"points","amount":100,"balance":200,"channel":"POS","createdAt":"2026-01-01T00:00:04.000Z","currency":"POINT","expiresAt":"2026-01-03T00:00:00.000Z","sequence":3,"transactionId":"points-3","type":"EARNED","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST load/demo-points {"amount": 100, "channel": "POS", "expiresAt": "2026-01-01T12:00:00Z"}
< 200 {"balance":300,"transaction":{"accountNumber":"points","amount":100,"balance":300,"channel":"POS","createdAt":"2026-01-01T00:00:05.000Z","currency":"POINT","expiresAt":"2026-01-01T12:00:00.000Z","sequence":4,"transactionId":"points-4","type":"LOADED","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST load/demo-points {"amount": 100, "channel": "POS", "expiresAt": "2025-12-31T12:00:00Z"}
< 400 {"code":"INVALID_REQUEST","details":{"member":"expiresAt"},"message":"expiresAt: must be in the future"}
  Query 1
> POST spend/demo-points {"amount": 150, "channel": "POS"}
< 200 {"balance":150,"transaction":{"accountNumber":"points","amount":150,"balance":150,"channel":"POS","createdAt":"2026-01-01T00:00:07.000Z","currency":"POINT","sequence":5,"transactionId":"points-5","type":"SPENT","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST getAccount/demo-points {}
< 200 {"accountNumber":"points","balance":150,"createdAt":"2026-01-01T00:00:02.000Z","currency":"POINT","expirations":[{"amount":50,"expiresAt":"2026-01-03T00:00:00.000Z"}],"held":0,"projectId":"demo","status":"active","walletId":"USER-1"}
  GetItem 1 · Query 1

A refund goes back to where it came from, last taken first (row 15).

> POST refund/demo-points {"transactionId": "points-5", "amount": 70}
< 200 {"balance":220,"transaction":{"accountNumber":"points","amount":70,"balance":220,"channel":"POS","createdAt":"2026-01-01T00:00:09.000Z","currency":"POINT","refundedTransactionId":"points-5","sequence":6,"transactionId":"points-6","type":"REFUNDED","walletId":"USER-1"}}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST getAccount/demo-points {}
< 200 {"accountNumber":"points","balance":220,"createdAt":"2026-01-01T00:00:02.000Z","currency":"POINT","expirations":[{"amount":20,"expiresAt":"2026-01-01T12:00:00.000Z"},{"amount":100,"expiresAt":"2026-01-03T00:00:00.000Z"}],"held":0,"projectId":"demo","status":"active","walletId":"USER-1"}
  GetItem 1 · Query 1

Half a day later the earlier part is gone, whether or not anything was written. What is refunded to it lives for 30 days more.

@ wait 12h
> POST getAccount/demo-points {}
< 200 {"accountNumber":"points","balance":200,"createdAt":"2026-01-01T00:00:02.000Z","currency":"POINT","expirations":[{"amount":100,"expiresAt":"2026-01-03T00:00:00.000Z"}],"held":0,"projectId":"demo","status":"active","walletId":"USER-1"}
  GetItem 0.5 · GetItem 0.5 · GetItem 1 · Query 1
> POST spend/demo-points {"amount": 151, "channel": "POS"}
< 200 {"balance":49,"transaction":{"accountNumber":"points","amount":151,"balance":49,"channel":"POS","createdAt":"2026-01-01T12:00:12.000Z","currency":"POINT","sequence":8,"transactionId":"points-8","type":"SPENT","walletId":"USER-1"}}
  Query 1 · TransactWriteItems 6
> POST refund/demo-points {"transactionId": "points-5"}
< 200 {"balance":129,"transaction":{"accountNumber":"points","amount":80,"balance":129,"channel":"POS","createdAt":"2026-01-01T12:00:13.000Z","currency":"POINT","refundedTransactionId":"points-5","sequence":9,"transactionId":"points-9","type":"REFUNDED","walletId":"USER-1"}}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST getAccount/demo-points {}
< 200 {"accountNumber":"points","balance":129,"createdAt":"2026-01-01T00:00:02.000Z","currency":"POINT","expirations":[{"amount":80,"expiresAt":"2026-01-31T12:00:13.000Z"}],"held":0,"projectId":"demo","status":"active","walletId":"USER-1"}
  GetItem 1 · Query 1

A load whose value has expired can not be canceled (row 21); one that is there can, from its own part first (rows 19, 20).

> POST cancel/demo-points {"transactionId": "points-4"}
< 400 {"code":"LOT_EXPIRED","message":"What was loaded has expired."}
  GetItem 1 · Query 1 · TransactGetItems 4
> POST cancel/demo-points {"transactionId": "points-3"}
< 200 {"balance":29,"transaction":{"accountNumber":"points","amount":100,"balance":29,"canceledTransactionId":"points-3","channel":"POS","createdAt":"2026-01-01T12:00:16.000Z","currency":"POINT","sequence":10,"transactionId":"points-10","type":"CANCELED","walletId":"USER-1"}}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST cancel/demo-points {"transactionId": "points-3"}
< 400 {"code":"ALREADY_CANCELED","details":{"canceledBy":"points-10"},"message":"The transaction is canceled already."}
  GetItem 1 · Query 1 · TransactGetItems 4
> POST spend/demo-points {"amount": 101, "channel": "POS"}
< 400 {"code":"INSUFFICIENT_BALANCE","details":{"available":29,"shortfall":72},"message":"The balance is not enough."}
  Query 1
> POST cancel/demo-points {"transactionId": "points-2"}
< 400 {"code":"INSUFFICIENT_BALANCE","details":{"available":29,"shortfall":71},"message":"The balance is not enough."}
  GetItem 1 · Query 1 · TransactGetItems 4
> POST listTransactions/demo-points {}
< 200 {"from":0,"pageSize":20,"size":10,"total":10,"transactions":[{"accountNumber":"points","amount":100,"balance":29,"canceledTransactionId":"points-3","channel":"POS","createdAt":"2026-01-01T12:00:16.000Z","currency":"POINT","sequence":10,"transactionId":"points-10","type":"CANCELED","walletId":"USER-1"},{"accountNumber":"points","amount":80,"balance":129,"channel":"POS","createdAt":"2026-01-01T12:00:13.000Z","currency":"POINT","refundedTransactionId":"points-5","sequence":9,"transactionId":"points-9","type":"REFUNDED","walletId":"USER-1"},{"accountNumber":"points","amount":151,"balance":49,"channel":"POS","createdAt":"2026-01-01T12:00:12.000Z","currency":"POINT","sequence":8,"transactionId":"points-8","type":"SPENT","walletId":"USER-1"},{"accountNumber":"points","amount":20,"balance":200,"createdAt":"2026-01-01T12:00:12.000Z","currency":"POINT","sequence":7,"transactionId":"points-7","type":"EXPIRED","walletId":"USER-1"},{"accountNumber":"points","amount":70,"balance":220,"channel":"POS","createdAt":"2026-01-01T00:00:09.000Z","currency":"POINT","refundedTransactionId":"points-5","sequence":6,"transactionId":"points-6","type":"REFUNDED","walletId":"USER-1"},{"accountNumber":"points","amount":150,"balance":150,"channel":"POS","createdAt":"2026-01-01T00:00:07.000Z","currency":"POINT","refundedAmount":150,"sequence":5,"transactionId":"points-5","type":"SPENT","walletId":"USER-1"},{"accountNumber":"points","amount":100,"balance":300,"channel":"POS","createdAt":"2026-01-01T00:00:05.000Z","currency":"POINT","expiresAt":"2026-01-01T12:00:00.000Z","sequence":4,"transactionId":"points-4","type":"LOADED","walletId":"USER-1"},{"accountNumber":"points","amount":100,"balance":200,"canceledBy":"points-10","channel":"POS","createdAt":"2026-01-01T00:00:04.000Z","currency":"POINT","expiresAt":"2026-01-03T00:00:00.000Z","sequence":3,"transactionId":"points-3","type":"EARNED","walletId":"USER-1"},{"accountNumber":"points","amount":100,"balance":100,"channel":"POS","createdAt":"2026-01-01T00:00:03.000Z","currency":"POINT","sequence":2,"transactionId":"points-2","type":"LOADED","walletId":"USER-1"},{"accountNumber":"points","amount":0,"balance":0,"createdAt":"2026-01-01T00:00:02.000Z","currency":"POINT","sequence":1,"transactionId":"points-1","type":"INITIALIZED","walletId":"USER-1"}]}
  Query 1 · Query 1
