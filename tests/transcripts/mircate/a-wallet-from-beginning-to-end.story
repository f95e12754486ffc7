A wallet is created, gets an account, is loaded, spent from and refunded. The bodies are those of the vendor's pages, with
real ids (rows 4, 8, 9, 10, 11, 24, 25).

> POST createWallet/demo {"status": "active", "walletId": "1234", "userId": "df89626b1f3e4cad947c4149363d94344mubo6a412y", "title": "Test", "updatedBy": "df89626b1f3e4cad947c4149363d94344mubo6a412y", "updatedAt": "2025-04-28T11:43:50.071Z"}
< 200 {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"active","title":"Test","updatedAt":"2025-04-28T11:43:50.071Z","updatedBy":"df89626b1f3e4cad947c4149363d94344mubo6a412y","userId":"df89626b1f3e4cad947c4149363d94344mubo6a412y","walletAccounts":[],"walletId":"1234"}
  GetItem 1 · PutItem 2

Creating it again as it is changes nothing; as something else it is refused.

> POST createWallet/demo {"status": "active", "walletId": "1234", "userId": "df89626b1f3e4cad947c4149363d94344mubo6a412y", "title": "Test"}
< 200 {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"active","title":"Test","updatedAt":"2025-04-28T11:43:50.071Z","updatedBy":"df89626b1f3e4cad947c4149363d94344mubo6a412y","userId":"df89626b1f3e4cad947c4149363d94344mubo6a412y","walletAccounts":[],"walletId":"1234"}
  GetItem 1
> POST createWallet/demo {"status": "active", "walletId": "1234", "title": "Another"}
< 400 {"code":"WALLET_EXISTS","message":"A wallet of this id exists with other attributes."}
  GetItem 1

> POST createAccount/demo {"walletId": "1234", "currency": "EUR", "accountNumber": "card", "title": "Gift card"}
< 200 {"accountNumber":"card","balance":0,"createdAt":"2026-01-01T00:00:04.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","title":"Gift card","walletId":"1234"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST createAccount/demo {"walletId": "1234", "currency": "EUR", "accountNumber": "second"}
< 400 {"code":"ACCOUNT_EXISTS","message":"The wallet has an account in this currency, or the account number is taken."}
  GetItem 1 · Query 1
> POST createAccount/demo {"walletId": "1234", "currency": "USD", "accountNumber": "card"}
< 400 {"code":"ACCOUNT_EXISTS","message":"The wallet has an account in this currency, or the account number is taken."}
  GetItem 1 · Query 1
> POST createAccount/demo {"walletId": "nobody", "currency": "USD"}
< 404 {"code":"NOT_FOUND","message":"Record Not Found"}
  GetItem 1 · Query 1

> [load-1] POST load/demo-card {"amount": 1000, "channel": "ECOMMERCE", "description": "Birthday", "additionalData": {"from": "Asel"}, "referenceId": "R-1", "userId": "U-1", "storeId": "42", "storeName": "Kadikoy"}
< 200 {"balance":1000,"transaction":{"accountNumber":"card","additionalData":{"from":"Asel"},"amount":1000,"balance":1000,"channel":"ECOMMERCE","createdAt":"2026-01-01T00:00:08.000Z","currency":"EUR","description":"Birthday","referenceId":"R-1","sequence":2,"storeId":"42","storeName":"Kadikoy","transactionId":"card-2","type":"LOADED","userId":"U-1","walletId":"1234"}}
  Query 1 · PutItem 2
> [spend-1] POST spend/demo-card {"amount": 600, "channel": "POS"}
< 200 {"balance":400,"transaction":{"accountNumber":"card","amount":600,"balance":400,"channel":"POS","createdAt":"2026-01-01T00:00:09.000Z","currency":"EUR","sequence":3,"transactionId":"card-3","type":"SPENT","walletId":"1234"}}
  Query 1 · PutItem 2

What is refunded goes back in as many parts as the caller likes, up to the spend.

> [refund-1] POST refund/demo-card {"amount": 100, "transactionId": "card-3", "currency": "EUR", "walletId": "1234", "accountNumber": "card"}
< 200 {"balance":500,"transaction":{"accountNumber":"card","amount":100,"balance":500,"channel":"POS","createdAt":"2026-01-01T00:00:10.000Z","currency":"EUR","refundedTransactionId":"card-3","sequence":4,"transactionId":"card-4","type":"REFUNDED","walletId":"1234"}}
  GetItem 1 · Query 1 · TransactWriteItems 5
> [refund-2] POST refund/demo-card {"amount": 100, "transactionId": "card-3"}
< 200 {"balance":600,"transaction":{"accountNumber":"card","amount":100,"balance":600,"channel":"POS","createdAt":"2026-01-01T00:00:11.000Z","currency":"EUR","refundedTransactionId":"card-3","sequence":5,"transactionId":"card-5","type":"REFUNDED","walletId":"1234"}}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST refund/demo-card {"amount": 401, "transactionId": "card-3"}
< 400 {"code":"REFUND_EXCEEDS_REMAINING","details":{"refundable":400},"message":"The amount is more than what is left to refund."}
  GetItem 1 · Query 1 · TransactGetItems 4
> POST refund/demo-card {"amount": 0, "transactionId": "card-3"}
< 400 {"code":"INVALID_REQUEST","details":{"member":"amount"},"message":"amount: must be an integer from 1 to 9007199254740991"}
  nothing
> POST refund/demo-card {"transactionId": "card-3"}
< 200 {"balance":1000,"transaction":{"accountNumber":"card","amount":400,"balance":1000,"channel":"POS","createdAt":"2026-01-01T00:00:14.000Z","currency":"EUR","refundedTransactionId":"card-3","sequence":6,"transactionId":"card-6","type":"REFUNDED","walletId":"1234"}}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST refund/demo-card {"transactionId": "card-3"}
< 400 {"code":"ALREADY_REFUNDED","message":"Nothing is left to refund."}
  GetItem 1 · Query 1 · TransactGetItems 4
> POST cancel/demo-card {"transactionId": "card-3"}
< 400 {"code":"ALREADY_REFUNDED","message":"Nothing is left to refund."}
  GetItem 1 · Query 1 · TransactGetItems 4

All of it is spent, and a zero balance is a balance.

> POST spend/demo-card {"amount": 1000, "channel": "POS"}
< 200 {"balance":0,"transaction":{"accountNumber":"card","amount":1000,"balance":0,"channel":"POS","createdAt":"2026-01-01T00:00:17.000Z","currency":"EUR","sequence":7,"transactionId":"card-7","type":"SPENT","walletId":"1234"}}
  Query 1 · PutItem 2
> POST spend/demo-card {"amount": 1, "channel": "POS"}
< 400 {"code":"INSUFFICIENT_BALANCE","details":{"available":0,"shortfall":1},"message":"The balance is not enough."}
  Query 1
> POST getAccount/demo {"accountNumber": "card"}
< 200 {"accountNumber":"card","balance":0,"createdAt":"2026-01-01T00:00:04.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","title":"Gift card","walletId":"1234"}
  GetItem 1 · Query 1
> GET getWallet/demo?walletId=1234
< 200 {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"active","title":"Test","updatedAt":"2025-04-28T11:43:50.071Z","updatedBy":"df89626b1f3e4cad947c4149363d94344mubo6a412y","userId":"df89626b1f3e4cad947c4149363d94344mubo6a412y","walletAccounts":["card"],"walletId":"1234"}
  GetItem 1
> POST listTransactions/demo-card {"pageSize": 3}
< 200 {"cursor":"card-4","from":0,"pageSize":3,"size":3,"total":7,"transactions":[{"accountNumber":"card","amount":1000,"balance":0,"channel":"POS","createdAt":"2026-01-01T00:00:17.000Z","currency":"EUR","sequence":7,"transactionId":"card-7","type":"SPENT","walletId":"1234"},{"accountNumber":"card","amount":400,"balance":1000,"channel":"POS","createdAt":"2026-01-01T00:00:14.000Z","currency":"EUR","refundedTransactionId":"card-3","sequence":6,"transactionId":"card-6","type":"REFUNDED","walletId":"1234"},{"accountNumber":"card","amount":100,"balance":600,"channel":"POS","createdAt":"2026-01-01T00:00:11.000Z","currency":"EUR","refundedTransactionId":"card-3","sequence":5,"transactionId":"card-5","type":"REFUNDED","walletId":"1234"}]}
  Query 1 · Query 1
> POST listTransactions/demo-card {"from": 5, "pageSize": 3, "sorts": [{"field": "createdAt", "order": "asc"}]}
< 200 {"from":5,"pageSize":3,"size":2,"total":7,"transactions":[{"accountNumber":"card","amount":400,"balance":1000,"channel":"POS","createdAt":"2026-01-01T00:00:14.000Z","currency":"EUR","refundedTransactionId":"card-3","sequence":6,"transactionId":"card-6","type":"REFUNDED","walletId":"1234"},{"accountNumber":"card","amount":1000,"balance":0,"channel":"POS","createdAt":"2026-01-01T00:00:17.000Z","currency":"EUR","sequence":7,"transactionId":"card-7","type":"SPENT","walletId":"1234"}]}
  Query 1 · Query 1
> POST listTransactions/demo-card {"from": 100}
< 200 {"from":100,"pageSize":20,"size":0,"total":7,"transactions":[]}
  Query 1

Account, wallet and currency can be named at once. What is said has to agree, and costs no further read.

> POST load/demo-card {"amount": 5, "channel": "POS", "walletId": "1234", "currency": "EUR"}
< 200 {"balance":5,"transaction":{"accountNumber":"card","amount":5,"balance":5,"channel":"POS","createdAt":"2026-01-01T00:00:24.000Z","currency":"EUR","sequence":8,"transactionId":"card-8","type":"LOADED","walletId":"1234"}}
  Query 1 · PutItem 2
> POST load/demo-card {"amount": 5, "channel": "POS", "walletId": "another", "currency": "EUR"}
< 404 {"code":"NOT_FOUND","message":"Record Not Found"}
  Query 1
> POST load/demo-card {"amount": 5, "channel": "POS", "walletId": "1234", "currency": "USD"}
< 404 {"code":"NOT_FOUND","message":"Record Not Found"}
  Query 1
> POST load/demo {"amount": 5, "channel": "POS", "walletId": "1234", "currency": "EUR"}
< 200 {"balance":10,"transaction":{"accountNumber":"card","amount":5,"balance":10,"channel":"POS","createdAt":"2026-01-01T00:00:27.000Z","currency":"EUR","sequence":9,"transactionId":"card-9","type":"LOADED","walletId":"1234"}}
  GetItem 1 · Query 1 · PutItem 2
> POST load/demo {"amount": 5, "channel": "POS", "walletId": "1234", "currency": "USD"}
< 404 {"code":"NOT_FOUND","message":"Record Not Found"}
  GetItem 1
