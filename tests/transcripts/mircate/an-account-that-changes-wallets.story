An account leaves its wallet and joins another. In between it is in none, keeps its balance, and is addressed by its number
(rows 14, 26, 27, 28, 29).

> POST createWallet/demo {"walletId": "SHOP-1", "title": "Shop"}
< 200 {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"active","title":"Shop","walletAccounts":[],"walletId":"SHOP-1"}
  GetItem 1 · PutItem 2
> POST createWallet/demo {"walletId": "USER-1", "title": "Asel"}
< 200 {"createdAt":"2026-01-01T00:00:02.000Z","projectId":"demo","status":"active","title":"Asel","walletAccounts":[],"walletId":"USER-1"}
  GetItem 1 · PutItem 2
> POST createAccount/demo {"walletId": "SHOP-1", "currency": "EUR", "accountNumber": "gift", "title": "Gift card"}
< 200 {"accountNumber":"gift","balance":0,"createdAt":"2026-01-01T00:00:03.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","title":"Gift card","walletId":"SHOP-1"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> [top-up] POST load/demo-gift {"amount": 5000, "channel": "POS"}
< 200 {"balance":5000,"transaction":{"accountNumber":"gift","amount":5000,"balance":5000,"channel":"POS","createdAt":"2026-01-01T00:00:04.000Z","currency":"EUR","sequence":2,"transactionId":"gift-2","type":"LOADED","walletId":"SHOP-1"}}
  Query 1 · PutItem 2

What is in a wallet is not taken from it by another one.

> POST addAccount/demo {"walletId": "USER-1", "accountNumber": "gift"}
< 400 {"code":"ACCOUNT_LINKED","message":"The account is in a wallet."}
  GetItem 1 · Query 1
> POST addAccount/demo {"walletId": "SHOP-1", "accountNumber": "gift"}
< 400 {"code":"ACCOUNT_EXISTS","message":"The wallet has an account in this currency, or the account number is taken."}
  GetItem 1 · Query 1
> POST removeAccount/demo {"walletId": "USER-1", "accountNumber": "gift"}
< 404 {"code":"NOT_FOUND","message":"Record Not Found"}
  GetItem 1 · Query 1

The gift card leaves the shop. Sent again with its key, the request is answered as before; without, there is nothing to leave.

> [leave] POST removeAccount/demo {"walletId": "SHOP-1", "accountNumber": "gift"}
< 200 {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"active","title":"Shop","walletAccounts":[],"walletId":"SHOP-1"}
  GetItem 1 · GetItem 1 · Query 1 · TransactWriteItems 7
> [leave] POST removeAccount/demo {"walletId": "SHOP-1", "accountNumber": "gift"}
< 200 replayed {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"active","title":"Shop","walletAccounts":[],"walletId":"SHOP-1"}
  GetItem 1 · GetItem 1 · Query 1 · TransactGetItems 4
> POST removeAccount/demo {"walletId": "SHOP-1", "accountNumber": "gift"}
< 404 {"code":"NOT_FOUND","message":"Record Not Found"}
  GetItem 1 · Query 1
> POST getWallet/demo {"walletId": "SHOP-1"}
< 200 {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"active","title":"Shop","walletAccounts":[],"walletId":"SHOP-1"}
  GetItem 1

It lives on by its number, and the wallet no longer leads to it.

> POST getAccount/demo-gift {}
< 200 {"accountNumber":"gift","balance":5000,"createdAt":"2026-01-01T00:00:03.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","title":"Gift card"}
  GetItem 1 · Query 1
> POST getAccount/demo {"walletId": "SHOP-1", "currency": "EUR"}
< 404 {"code":"NOT_FOUND","message":"Record Not Found"}
  GetItem 1
> POST spend/demo-gift {"amount": 500, "channel": "POS"}
< 200 {"balance":4500,"transaction":{"accountNumber":"gift","amount":500,"balance":4500,"channel":"POS","createdAt":"2026-01-01T00:00:14.000Z","currency":"EUR","sequence":4,"transactionId":"gift-4","type":"SPENT"}}
  Query 1 · PutItem 2
> POST spend/demo-gift {"amount": 500, "channel": "POS", "walletId": "SHOP-1"}
< 404 {"code":"NOT_FOUND","message":"Record Not Found"}
  Query 1
> [top-up] POST load/demo-gift {"amount": 5000, "channel": "POS"}
< 200 replayed {"balance":5000,"transaction":{"accountNumber":"gift","amount":5000,"balance":5000,"channel":"POS","createdAt":"2026-01-01T00:00:04.000Z","currency":"EUR","sequence":2,"transactionId":"gift-2","type":"LOADED","walletId":"SHOP-1"}}
  GetItem 1 · Query 1

It joins another wallet, which leads to it from then on. A spend of before is refunded there.

> [join] POST addAccount/demo {"walletId": "USER-1", "accountNumber": "gift"}
< 200 {"createdAt":"2026-01-01T00:00:02.000Z","projectId":"demo","status":"active","title":"Asel","walletAccounts":["gift"],"walletId":"USER-1"}
  GetItem 1 · GetItem 1 · Query 1 · TransactWriteItems 7
> [join] POST addAccount/demo {"walletId": "USER-1", "accountNumber": "gift"}
< 200 replayed {"createdAt":"2026-01-01T00:00:02.000Z","projectId":"demo","status":"active","title":"Asel","walletAccounts":["gift"],"walletId":"USER-1"}
  GetItem 1 · GetItem 1 · Query 1 · TransactGetItems 4
> [join] POST addAccount/demo {"walletId": "SHOP-1", "accountNumber": "gift"}
< 400 {"code":"IDEMPOTENCY_KEY_REUSED","message":"This idempotency key was used for another request."}
  GetItem 1 · GetItem 1 · Query 1 · TransactGetItems 4
> POST refund/demo {"transactionId": "gift-4", "walletId": "USER-1", "currency": "EUR"}
< 200 {"balance":5000,"transaction":{"accountNumber":"gift","amount":500,"balance":5000,"channel":"POS","createdAt":"2026-01-01T00:00:20.000Z","currency":"EUR","refundedTransactionId":"gift-4","sequence":6,"transactionId":"gift-6","type":"REFUNDED","walletId":"USER-1"}}
  GetItem 1 · GetItem 1 · Query 1 · TransactWriteItems 5
> POST getAccount/demo {"walletId": "USER-1", "currency": "EUR"}
< 200 {"accountNumber":"gift","balance":5000,"createdAt":"2026-01-01T00:00:03.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","title":"Gift card","walletId":"USER-1"}
  GetItem 1 · GetItem 1 · Query 1
> POST listTransactions/demo-gift {}
< 200 {"from":0,"pageSize":20,"size":6,"total":6,"transactions":[{"accountNumber":"gift","amount":500,"balance":5000,"channel":"POS","createdAt":"2026-01-01T00:00:20.000Z","currency":"EUR","refundedTransactionId":"gift-4","sequence":6,"transactionId":"gift-6","type":"REFUNDED","walletId":"USER-1"},{"accountNumber":"gift","amount":0,"balance":4500,"createdAt":"2026-01-01T00:00:17.000Z","currency":"EUR","sequence":5,"transactionId":"gift-5","type":"LINKED","walletId":"USER-1"},{"accountNumber":"gift","amount":500,"balance":4500,"channel":"POS","createdAt":"2026-01-01T00:00:14.000Z","currency":"EUR","refundedAmount":500,"sequence":4,"transactionId":"gift-4","type":"SPENT"},{"accountNumber":"gift","amount":0,"balance":5000,"createdAt":"2026-01-01T00:00:08.000Z","currency":"EUR","sequence":3,"transactionId":"gift-3","type":"UNLINKED"},{"accountNumber":"gift","amount":5000,"balance":5000,"channel":"POS","createdAt":"2026-01-01T00:00:04.000Z","currency":"EUR","sequence":2,"transactionId":"gift-2","type":"LOADED","walletId":"SHOP-1"},{"accountNumber":"gift","amount":0,"balance":0,"createdAt":"2026-01-01T00:00:03.000Z","currency":"EUR","sequence":1,"transactionId":"gift-1","type":"INITIALIZED","walletId":"SHOP-1"}]}
  Query 1 · Query 1

A wallet has one account a currency.

> POST createAccount/demo {"walletId": "SHOP-1", "currency": "EUR", "accountNumber": "till"}
< 200 {"accountNumber":"till","balance":0,"createdAt":"2026-01-01T00:00:23.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","walletId":"SHOP-1"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST removeAccount/demo {"walletId": "USER-1", "accountNumber": "gift"}
< 200 {"createdAt":"2026-01-01T00:00:02.000Z","projectId":"demo","status":"active","title":"Asel","walletAccounts":[],"walletId":"USER-1"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST addAccount/demo {"walletId": "SHOP-1", "accountNumber": "gift"}
< 400 {"code":"ACCOUNT_EXISTS","message":"The wallet has an account in this currency, or the account number is taken."}
  GetItem 1 · Query 1

A wallet or an account that is not there is not found.

> POST addAccount/demo {"walletId": "nobody", "accountNumber": "gift"}
< 404 {"code":"NOT_FOUND","message":"Record Not Found"}
  GetItem 1 · Query 1
> POST addAccount/demo {"walletId": "USER-1", "accountNumber": "nobody"}
< 404 {"code":"NOT_FOUND","message":"Record Not Found"}
  GetItem 1 · Query 1
> POST removeAccount/demo {"walletId": "nobody", "accountNumber": "till"}
< 404 {"code":"NOT_FOUND","message":"Record Not Found"}
  GetItem 1 · Query 1
> POST removeAccount/demo {"walletId": "SHOP-1", "accountNumber": "nobody"}
< 404 {"code":"NOT_FOUND","message":"Record Not Found"}
  GetItem 1 · Query 1
> POST removeAccount/demo {"walletId": "USER-1", "accountNumber": "till"}
< 404 {"code":"NOT_FOUND","message":"Record Not Found"}
  GetItem 1 · Query 1
> POST addAccount/demo {"walletId": "USER-1"}
< 400 {"code":"INVALID_REQUEST","details":{"member":"accountNumber"},"message":"accountNumber: is required"}
  nothing

A frozen wallet lets nothing go. What joins it is frozen with it.

> POST updateWallet/demo {"walletId": "USER-1", "status": "frozen"}
< 200 {"createdAt":"2026-01-01T00:00:02.000Z","projectId":"demo","status":"frozen","title":"Asel","walletAccounts":[],"walletId":"USER-1"}
  GetItem 1 · TransactWriteItems 2
> POST addAccount/demo {"walletId": "USER-1", "accountNumber": "gift"}
< 200 {"createdAt":"2026-01-01T00:00:02.000Z","projectId":"demo","status":"frozen","title":"Asel","walletAccounts":["gift"],"walletId":"USER-1"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST spend/demo-gift {"amount": 500, "channel": "POS"}
< 403 {"code":"WALLET_FROZEN","message":"The wallet is frozen."}
  Query 1
> POST removeAccount/demo {"walletId": "USER-1", "accountNumber": "gift"}
< 403 {"code":"WALLET_FROZEN","message":"The wallet is frozen."}
  GetItem 1 · Query 1
> POST load/demo-gift {"amount": 1, "channel": "POS"}
< 200 {"balance":5001,"transaction":{"accountNumber":"gift","amount":1,"balance":5001,"channel":"POS","createdAt":"2026-01-01T00:00:36.000Z","currency":"EUR","sequence":9,"transactionId":"gift-9","type":"LOADED","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST updateWallet/demo {"walletId": "USER-1", "status": "active"}
< 200 {"createdAt":"2026-01-01T00:00:02.000Z","projectId":"demo","status":"active","title":"Asel","walletAccounts":["gift"],"walletId":"USER-1"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST spend/demo-gift {"amount": 500, "channel": "POS"}
< 200 {"balance":4501,"transaction":{"accountNumber":"gift","amount":500,"balance":4501,"channel":"POS","createdAt":"2026-01-01T00:00:38.000Z","currency":"EUR","sequence":11,"transactionId":"gift-11","type":"SPENT","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST removeAccount/demo {"walletId": "USER-1", "accountNumber": "gift"}
< 200 {"createdAt":"2026-01-01T00:00:02.000Z","projectId":"demo","status":"active","title":"Asel","walletAccounts":[],"walletId":"USER-1"}
  GetItem 1 · Query 1 · TransactWriteItems 5

A closed wallet takes nothing in and lets nothing go.

> POST updateWallet/demo {"walletId": "SHOP-1", "status": "closed"}
< 200 {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"closed","title":"Shop","walletAccounts":["till"],"walletId":"SHOP-1"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST removeAccount/demo {"walletId": "SHOP-1", "accountNumber": "till"}
< 403 {"code":"WALLET_CLOSED","message":"The wallet is closed."}
  GetItem 1 · Query 1
> POST addAccount/demo {"walletId": "SHOP-1", "accountNumber": "gift"}
< 403 {"code":"WALLET_CLOSED","message":"The wallet is closed."}
  GetItem 1 · Query 1
