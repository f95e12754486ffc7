The retry of a spend that emptied the account is answered with the first answer, not with a refusal (row 30), and the same
key with another body is refused (row 31).

> POST createWallet/demo {"walletId": "USER-1"}
< 200 {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"active","walletAccounts":[],"walletId":"USER-1"}
  GetItem 1 · PutItem 2
> POST createAccount/demo {"walletId": "USER-1", "currency": "EUR", "accountNumber": "card"}
< 200 {"accountNumber":"card","balance":0,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","walletId":"USER-1"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST load/demo-card {"amount": 1000, "channel": "POS"}
< 200 {"balance":1000,"transaction":{"accountNumber":"card","amount":1000,"balance":1000,"channel":"POS","createdAt":"2026-01-01T00:00:03.000Z","currency":"EUR","sequence":2,"transactionId":"card-2","type":"LOADED","walletId":"USER-1"}}
  Query 1 · PutItem 2
> [order-1] POST spend/demo-card {"amount": 1000, "channel": "POS"}
< 200 {"balance":0,"transaction":{"accountNumber":"card","amount":1000,"balance":0,"channel":"POS","createdAt":"2026-01-01T00:00:04.000Z","currency":"EUR","sequence":3,"transactionId":"card-3","type":"SPENT","walletId":"USER-1"}}
  Query 1 · PutItem 2
> [order-1] POST spend/demo-card {"amount": 1000, "channel": "POS"}
< 200 replayed {"balance":0,"transaction":{"accountNumber":"card","amount":1000,"balance":0,"channel":"POS","createdAt":"2026-01-01T00:00:04.000Z","currency":"EUR","sequence":3,"transactionId":"card-3","type":"SPENT","walletId":"USER-1"}}
  Query 1
> [order-1] POST spend/demo-card {"amount": 999, "channel": "POS"}
< 400 {"code":"IDEMPOTENCY_KEY_REUSED","message":"This idempotency key was used for another request."}
  Query 1
> [order-1] POST load/demo-card {"amount": 1000, "channel": "POS"}
< 400 {"code":"IDEMPOTENCY_KEY_REUSED","message":"This idempotency key was used for another request."}
  Query 1

The answer of a put is lost on its way: the SDK sends it again, finds its own entry, and the caller never knows.

> POST load/demo-card {"amount": 500, "channel": "POS"}
< 200 {"balance":500,"transaction":{"accountNumber":"card","amount":500,"balance":500,"channel":"POS","createdAt":"2026-01-01T00:00:08.000Z","currency":"EUR","sequence":4,"transactionId":"card-4","type":"LOADED","walletId":"USER-1"}}
  Query 1 · PutItem 2
@ lose answer of PutItem
> POST spend/demo-card {"amount": 100, "channel": "POS"}
< 200 {"balance":400,"transaction":{"accountNumber":"card","amount":100,"balance":400,"channel":"POS","createdAt":"2026-01-01T00:00:09.000Z","currency":"EUR","sequence":5,"transactionId":"card-5","type":"SPENT","walletId":"USER-1"}}
  Query 1 · PutItem 2 · PutItem refused

All three tries of the SDK lose their answer, and the shell tries once more.

@ lose answer of PutItem
@ lose answer of PutItem
@ lose answer of PutItem
> [order-2] POST spend/demo-card {"amount": 100, "channel": "POS"}
< 200 {"balance":300,"transaction":{"accountNumber":"card","amount":100,"balance":300,"channel":"POS","createdAt":"2026-01-01T00:00:10.000Z","currency":"EUR","sequence":6,"transactionId":"card-6","type":"SPENT","walletId":"USER-1"}}
  Query 1 · PutItem 2 · PutItem refused · PutItem refused · PutItem refused
> [order-2] POST spend/demo-card {"amount": 100, "channel": "POS"}
< 200 replayed {"balance":300,"transaction":{"accountNumber":"card","amount":100,"balance":300,"channel":"POS","createdAt":"2026-01-01T00:00:10.000Z","currency":"EUR","sequence":6,"transactionId":"card-6","type":"SPENT","walletId":"USER-1"}}
  Query 1

Another function instance knows as much.

@ restart
> [order-2] POST spend/demo-card {"amount": 100, "channel": "POS"}
< 200 replayed {"balance":300,"transaction":{"accountNumber":"card","amount":100,"balance":300,"channel":"POS","createdAt":"2026-01-01T00:00:10.000Z","currency":"EUR","sequence":6,"transactionId":"card-6","type":"SPENT","walletId":"USER-1"}}
  GetItem 0.5 · GetItem 0.5 · Query 1

The same for what is done in a transaction.

@ lose answer of TransactWriteItems
> [order-3] POST refund/demo-card {"transactionId": "card-6", "amount": 10}
< 200 {"balance":310,"transaction":{"accountNumber":"card","amount":10,"balance":310,"channel":"POS","createdAt":"2026-01-01T00:00:13.000Z","currency":"EUR","refundedTransactionId":"card-6","sequence":7,"transactionId":"card-7","type":"REFUNDED","walletId":"USER-1"}}
  GetItem 1 · Query 1 · TransactWriteItems 5 · TransactWriteItems 4
> [order-3] POST refund/demo-card {"transactionId": "card-6", "amount": 10}
< 200 replayed {"balance":310,"transaction":{"accountNumber":"card","amount":10,"balance":310,"channel":"POS","createdAt":"2026-01-01T00:00:13.000Z","currency":"EUR","refundedTransactionId":"card-6","sequence":7,"transactionId":"card-7","type":"REFUNDED","walletId":"USER-1"}}
  GetItem 1 · Query 1

And for creations, whose keys are the project's.

> [new] POST createWallet/demo {"walletId": "USER-2"}
< 200 {"createdAt":"2026-01-01T00:00:15.000Z","projectId":"demo","status":"active","walletAccounts":[],"walletId":"USER-2"}
  GetItem 1 · GetItem 1 · TransactWriteItems 5
> [new] POST createWallet/demo {"walletId": "USER-2"}
< 200 replayed {"createdAt":"2026-01-01T00:00:15.000Z","projectId":"demo","status":"active","walletAccounts":[],"walletId":"USER-2"}
  GetItem 1 · GetItem 1 · TransactGetItems 4
> [new] POST createWallet/demo {"walletId": "USER-3"}
< 400 {"code":"IDEMPOTENCY_KEY_REUSED","message":"This idempotency key was used for another request."}
  GetItem 1 · GetItem 1 · TransactGetItems 4
> [open] POST createAccount/demo {"walletId": "USER-2", "currency": "EUR", "accountNumber": "second"}
< 200 {"accountNumber":"second","balance":0,"createdAt":"2026-01-01T00:00:18.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","walletId":"USER-2"}
  GetItem 1 · GetItem 1 · Query 1 · TransactWriteItems 7
> POST load/demo-second {"amount": 5, "channel": "POS"}
< 200 {"balance":5,"transaction":{"accountNumber":"second","amount":5,"balance":5,"channel":"POS","createdAt":"2026-01-01T00:00:19.000Z","currency":"EUR","sequence":2,"transactionId":"second-2","type":"LOADED","walletId":"USER-2"}}
  Query 1 · PutItem 2
> [open] POST createAccount/demo {"walletId": "USER-2", "currency": "EUR", "accountNumber": "second"}
< 200 replayed {"accountNumber":"second","balance":0,"createdAt":"2026-01-01T00:00:18.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","walletId":"USER-2"}
  GetItem 1 · GetItem 1 · Query 1 · TransactGetItems 4 · BatchGetItem 1
