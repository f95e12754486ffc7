Without a key every call counts, and a reference is no key: one order may spend twice (row 32).

> POST createWallet/demo {"walletId": "USER-1"}
< 200 {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"active","walletAccounts":[],"walletId":"USER-1"}
  GetItem 1 · PutItem 2
> POST createAccount/demo {"walletId": "USER-1", "currency": "EUR", "accountNumber": "card"}
< 200 {"accountNumber":"card","balance":0,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","walletId":"USER-1"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST load/demo-card {"amount": 1000, "channel": "POS"}
< 200 {"balance":1000,"transaction":{"accountNumber":"card","amount":1000,"balance":1000,"channel":"POS","createdAt":"2026-01-01T00:00:03.000Z","currency":"EUR","sequence":2,"transactionId":"card-2","type":"LOADED","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST spend/demo-card {"amount": 100, "channel": "POS", "referenceId": "order-1"}
< 200 {"balance":900,"transaction":{"accountNumber":"card","amount":100,"balance":900,"channel":"POS","createdAt":"2026-01-01T00:00:04.000Z","currency":"EUR","referenceId":"order-1","sequence":3,"transactionId":"card-3","type":"SPENT","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST spend/demo-card {"amount": 100, "channel": "POS", "referenceId": "order-1"}
< 200 {"balance":800,"transaction":{"accountNumber":"card","amount":100,"balance":800,"channel":"POS","createdAt":"2026-01-01T00:00:05.000Z","currency":"EUR","referenceId":"order-1","sequence":4,"transactionId":"card-4","type":"SPENT","walletId":"USER-1"}}
  Query 1 · PutItem 2

Others are at the same account until the deadline: nothing was written, or the same request with the same key is answered with
what was (row 33).

@ conflict at PutItem 1000 times
> [k] POST spend/demo-card {"amount": 100, "channel": "POS"}
< 429 {"code":"BUSY","message":"The account is busy: send the same request again."}
  Query 1
@ peace
> [k] POST spend/demo-card {"amount": 100, "channel": "POS"}
< 200 {"balance":700,"transaction":{"accountNumber":"card","amount":100,"balance":700,"channel":"POS","createdAt":"2026-01-01T00:00:07.000Z","currency":"EUR","sequence":5,"transactionId":"card-5","type":"SPENT","walletId":"USER-1"}}
  Query 1 · Query 1 · Query 1 · PutItem 2

DynamoDB throttles for good, or is out of reach (row 34).

@ restart
@ throttle PutItem 1000 times
> [l] POST spend/demo-card {"amount": 100, "channel": "POS"}
< 503 {"code":"UNAVAILABLE","message":"The service can not answer now: send the same request again."}
  GetItem 0.5 · GetItem 0.5 · Query 1
@ peace
@ restart
@ lose answer of PutItem 1000 times
> [m] POST spend/demo-card {"amount": 100, "channel": "POS"}
< 503 {"code":"UNAVAILABLE","message":"The service can not answer now: send the same request again."}
  GetItem 0.5 and many more
@ peace
> [l] POST spend/demo-card {"amount": 100, "channel": "POS"}
< 200 {"balance":500,"transaction":{"accountNumber":"card","amount":100,"balance":500,"channel":"POS","createdAt":"2026-01-01T00:00:10.000Z","currency":"EUR","sequence":7,"transactionId":"card-7","type":"SPENT","walletId":"USER-1"}}
  Query 1 · PutItem 2
> [m] POST spend/demo-card {"amount": 100, "channel": "POS"}
< 200 replayed {"balance":600,"transaction":{"accountNumber":"card","amount":100,"balance":600,"channel":"POS","createdAt":"2026-01-01T00:00:09.000Z","currency":"EUR","sequence":6,"transactionId":"card-6","type":"SPENT","walletId":"USER-1"}}
  GetItem 1 · Query 1
> POST getAccount/demo-card {}
< 200 {"accountNumber":"card","balance":500,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","walletId":"USER-1"}
  GetItem 1 · Query 1
