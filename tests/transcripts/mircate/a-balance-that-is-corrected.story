A correction is signed or names its target, says why, and never leaves less than nothing (rows 2, 6, 13, 22, 23, 28, 29).

> POST createWallet/demo {"walletId": "USER-1"}
< 200 {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"active","walletAccounts":[],"walletId":"USER-1"}
  GetItem 1 · PutItem 2
> POST createAccount/demo {"walletId": "USER-1", "currency": "EUR", "accountNumber": "card"}
< 200 {"accountNumber":"card","balance":0,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","walletId":"USER-1"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST load/demo-card {"amount": 1000, "channel": "POS"}
< 200 {"balance":1000,"transaction":{"accountNumber":"card","amount":1000,"balance":1000,"channel":"POS","createdAt":"2026-01-01T00:00:03.000Z","currency":"EUR","sequence":2,"transactionId":"card-2","type":"LOADED","walletId":"USER-1"}}
  Query 1 · PutItem 2

By an amount, up or down.

> POST fix/demo-card {"amount": -150, "description": "Counted twice", "channel": "BACKOFFICE", "referenceId": "case-71", "userId": "support-3"}
< 200 {"balance":850,"transaction":{"accountNumber":"card","amount":-150,"balance":850,"channel":"BACKOFFICE","createdAt":"2026-01-01T00:00:04.000Z","currency":"EUR","description":"Counted twice","referenceId":"case-71","sequence":3,"transactionId":"card-3","type":"FIX","userId":"support-3","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST fix/demo {"walletId": "USER-1", "currency": "EUR", "amount": 50, "description": "Not all of it"}
< 200 {"balance":900,"transaction":{"accountNumber":"card","amount":50,"balance":900,"createdAt":"2026-01-01T00:00:05.000Z","currency":"EUR","description":"Not all of it","sequence":4,"transactionId":"card-4","type":"FIX","walletId":"USER-1"}}
  GetItem 1 · Query 1 · PutItem 2

To a target. It is a target when it is decided, and the key makes it happen once.

> [count] POST fix/demo-card {"balance": 1000, "description": "As counted"}
< 200 {"balance":1000,"transaction":{"accountNumber":"card","amount":100,"balance":1000,"createdAt":"2026-01-01T00:00:06.000Z","currency":"EUR","description":"As counted","sequence":5,"transactionId":"card-5","type":"FIX","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST spend/demo-card {"amount": 1, "channel": "POS"}
< 200 {"balance":999,"transaction":{"accountNumber":"card","amount":1,"balance":999,"channel":"POS","createdAt":"2026-01-01T00:00:07.000Z","currency":"EUR","sequence":6,"transactionId":"card-6","type":"SPENT","walletId":"USER-1"}}
  Query 1 · PutItem 2
> [count] POST fix/demo-card {"balance": 1000, "description": "As counted"}
< 200 replayed {"balance":1000,"transaction":{"accountNumber":"card","amount":100,"balance":1000,"createdAt":"2026-01-01T00:00:06.000Z","currency":"EUR","description":"As counted","sequence":5,"transactionId":"card-5","type":"FIX","walletId":"USER-1"}}
  GetItem 1 · Query 1
> [count] POST fix/demo-card {"balance": 999, "description": "As counted"}
< 400 {"code":"IDEMPOTENCY_KEY_REUSED","message":"This idempotency key was used for another request."}
  GetItem 1 · Query 1
> POST fix/demo-card {"balance": 999, "description": "It is so already"}
< 200 {"balance":999,"transaction":{"accountNumber":"card","amount":0,"balance":999,"createdAt":"2026-01-01T00:00:10.000Z","currency":"EUR","description":"It is so already","sequence":7,"transactionId":"card-7","type":"FIX","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST fix/demo-card {"balance": 0, "description": "Lost card"}
< 200 {"balance":0,"transaction":{"accountNumber":"card","amount":-999,"balance":0,"createdAt":"2026-01-01T00:00:11.000Z","currency":"EUR","description":"Lost card","sequence":8,"transactionId":"card-8","type":"FIX","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST fix/demo-card {"balance": 300, "description": "Found again"}
< 200 {"balance":300,"transaction":{"accountNumber":"card","amount":300,"balance":300,"createdAt":"2026-01-01T00:00:12.000Z","currency":"EUR","description":"Found again","sequence":9,"transactionId":"card-9","type":"FIX","walletId":"USER-1"}}
  Query 1 · PutItem 2

It is the one or the other, and it says why.

> POST fix/demo-card {"amount": 1, "balance": 301, "description": "Both"}
< 400 {"code":"INVALID_REQUEST","details":{"member":"balance"},"message":"balance: must not come with amount"}
  nothing
> POST fix/demo-card {"description": "Neither"}
< 400 {"code":"INVALID_REQUEST","details":{"member":"amount"},"message":"amount: is required, or balance"}
  nothing
> POST fix/demo-card {"amount": 0, "description": "Nothing"}
< 400 {"code":"INVALID_REQUEST","details":{"member":"amount"},"message":"amount: must not be 0"}
  nothing
> POST fix/demo-card {"amount": 1.5, "description": "A half"}
< 400 {"code":"INVALID_REQUEST","details":{"member":"amount"},"message":"amount: invalid type: floating point `1.5`, expected an integer from -9007199254740991 to 9007199254740991"}
  nothing
> POST fix/demo-card {"amount": -9007199254740992, "description": "Too much"}
< 400 {"code":"INVALID_REQUEST","details":{"member":"amount"},"message":"amount: must be an integer from -9007199254740991 to 9007199254740991"}
  nothing
> POST fix/demo-card {"balance": -1, "description": "Below zero"}
< 400 {"code":"INVALID_REQUEST","details":{"member":"balance"},"message":"balance: must be an integer from 0 to 9007199254740991"}
  nothing
> POST fix/demo-card {"amount": 1}
< 400 {"code":"INVALID_REQUEST","details":{"member":"description"},"message":"description: is required"}
  nothing
> POST fix/demo-card {"amount": 1, "description": "  "}
< 400 {"code":"INVALID_REQUEST","details":{"member":"description"},"message":"description: must say why"}
  nothing
> POST fix/demo-nobody {"amount": 1, "description": "Nobody"}
< 404 {"code":"NOT_FOUND","message":"Record Not Found"}
  Query 1

There is nothing below zero, and an end above.

> POST fix/demo-card {"amount": -301, "description": "More than there is"}
< 400 {"code":"INSUFFICIENT_BALANCE","details":{"available":300,"shortfall":1},"message":"The balance is not enough."}
  Query 1
> POST fix/demo-card {"amount": 9007199254740991, "description": "More than there can be"}
< 400 {"code":"BALANCE_LIMIT","message":"The balance would exceed 9007199254740991."}
  Query 1

A correction is undone by another one, not by a refund or cancel.

> POST refund/demo-card {"transactionId": "card-9"}
< 400 {"code":"NOT_REFUNDABLE","message":"Only a spend can be refunded."}
  GetItem 1 · Query 1 · TransactGetItems 4
> POST cancel/demo-card {"transactionId": "card-9"}
< 400 {"code":"NOT_CANCELABLE","message":"Only a spend or a load can be canceled."}
  GetItem 1 · Query 1 · TransactGetItems 4

What it takes, it takes as a spend does: what expires first. What has expired is not there to be corrected.

> POST load/demo-card {"amount": 100, "channel": "POS", "expiresAt": "2026-01-01T12:00:00Z"}
< 200 {"balance":400,"transaction":{"accountNumber":"card","amount":100,"balance":400,"channel":"POS","createdAt":"2026-01-01T00:00:26.000Z","currency":"EUR","expiresAt":"2026-01-01T12:00:00.000Z","sequence":10,"transactionId":"card-10","type":"LOADED","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST fix/demo-card {"amount": -60, "description": "Too many points"}
< 200 {"balance":340,"transaction":{"accountNumber":"card","amount":-60,"balance":340,"createdAt":"2026-01-01T00:00:27.000Z","currency":"EUR","description":"Too many points","sequence":11,"transactionId":"card-11","type":"FIX","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST getAccount/demo-card {}
< 200 {"accountNumber":"card","balance":340,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","expirations":[{"amount":40,"expiresAt":"2026-01-01T12:00:00.000Z"}],"held":0,"projectId":"demo","status":"active","walletId":"USER-1"}
  GetItem 1 · Query 1
@ wait 12h
> POST fix/demo-card {"balance": 310, "description": "As counted"}
< 200 {"balance":310,"transaction":{"accountNumber":"card","amount":10,"balance":310,"createdAt":"2026-01-01T12:00:29.000Z","currency":"EUR","description":"As counted","sequence":13,"transactionId":"card-13","type":"FIX","walletId":"USER-1"}}
  GetItem 0.5 · GetItem 0.5 · Query 1 · TransactWriteItems 6
> POST listTransactions/demo-card {"pageSize": 3}
< 200 {"cursor":"card-10","from":0,"pageSize":3,"size":3,"total":13,"transactions":[{"accountNumber":"card","amount":10,"balance":310,"createdAt":"2026-01-01T12:00:29.000Z","currency":"EUR","description":"As counted","sequence":13,"transactionId":"card-13","type":"FIX","walletId":"USER-1"},{"accountNumber":"card","amount":40,"balance":300,"createdAt":"2026-01-01T12:00:29.000Z","currency":"EUR","sequence":12,"transactionId":"card-12","type":"EXPIRED","walletId":"USER-1"},{"accountNumber":"card","amount":-60,"balance":340,"createdAt":"2026-01-01T00:00:27.000Z","currency":"EUR","description":"Too many points","sequence":11,"transactionId":"card-11","type":"FIX","walletId":"USER-1"}]}
  Query 1 · Query 1

On a frozen wallet a correction may add and not take; on a closed one there is none.

> POST updateWallet/demo {"walletId": "USER-1", "status": "frozen"}
< 200 {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"frozen","walletAccounts":["card"],"walletId":"USER-1"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST fix/demo-card {"amount": -1, "description": "Down"}
< 403 {"code":"WALLET_FROZEN","message":"The wallet is frozen."}
  Query 1
> POST fix/demo-card {"balance": 0, "description": "Down to nothing"}
< 403 {"code":"WALLET_FROZEN","message":"The wallet is frozen."}
  Query 1
> POST fix/demo-card {"amount": -9999, "description": "Down below zero"}
< 403 {"code":"WALLET_FROZEN","message":"The wallet is frozen."}
  Query 1
> POST fix/demo-card {"amount": 1, "description": "Up"}
< 200 {"balance":311,"transaction":{"accountNumber":"card","amount":1,"balance":311,"createdAt":"2026-01-01T12:00:35.000Z","currency":"EUR","description":"Up","sequence":15,"transactionId":"card-15","type":"FIX","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST updateWallet/demo {"walletId": "USER-1", "status": "active"}
< 200 {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"active","walletAccounts":["card"],"walletId":"USER-1"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST fix/demo-card {"balance": 0, "description": "Down to nothing"}
< 200 {"balance":0,"transaction":{"accountNumber":"card","amount":-311,"balance":0,"createdAt":"2026-01-01T12:00:37.000Z","currency":"EUR","description":"Down to nothing","sequence":17,"transactionId":"card-17","type":"FIX","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST updateWallet/demo {"walletId": "USER-1", "status": "closed"}
< 200 {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"closed","walletAccounts":["card"],"walletId":"USER-1"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST fix/demo-card {"amount": 1, "description": "Up"}
< 403 {"code":"WALLET_CLOSED","message":"The wallet is closed."}
  Query 1
