A frozen wallet takes credits and refuses debits; a closed one only answers reads (rows 16, 17, 18, 22, 28, 29).

> POST createWallet/demo {"walletId": "USER-1"}
< 200 {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"active","walletAccounts":[],"walletId":"USER-1"}
  GetItem 1 · PutItem 2
> POST createAccount/demo {"walletId": "USER-1", "currency": "EUR", "accountNumber": "euros"}
< 200 {"accountNumber":"euros","balance":0,"createdAt":"2026-01-01T00:00:02.000Z","currency":"EUR","expirations":[],"held":0,"projectId":"demo","status":"active","walletId":"USER-1"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST createAccount/demo {"walletId": "USER-1", "currency": "USD", "accountNumber": "dollars"}
< 200 {"accountNumber":"dollars","balance":0,"createdAt":"2026-01-01T00:00:03.000Z","currency":"USD","expirations":[],"held":0,"projectId":"demo","status":"active","walletId":"USER-1"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST load/demo-euros {"amount": 1000, "channel": "POS"}
< 200 {"balance":1000,"transaction":{"accountNumber":"euros","amount":1000,"balance":1000,"channel":"POS","createdAt":"2026-01-01T00:00:04.000Z","currency":"EUR","sequence":2,"transactionId":"euros-2","type":"LOADED","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST spend/demo-euros {"amount": 300, "channel": "POS"}
< 200 {"balance":700,"transaction":{"accountNumber":"euros","amount":300,"balance":700,"channel":"POS","createdAt":"2026-01-01T00:00:05.000Z","currency":"EUR","sequence":3,"transactionId":"euros-3","type":"SPENT","walletId":"USER-1"}}
  Query 1 · PutItem 2
> [freeze] POST updateWallet/demo {"walletId": "USER-1", "status": "frozen"}
< 200 {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"frozen","walletAccounts":["euros","dollars"],"walletId":"USER-1"}
  GetItem 1 · GetItem 1 · Query 1 · Query 1 · TransactWriteItems 10
> POST spend/demo-euros {"amount": 1, "channel": "POS"}
< 403 {"code":"WALLET_FROZEN","message":"The wallet is frozen."}
  Query 1
> POST cancel/demo-euros {"transactionId": "euros-2"}
< 403 {"code":"WALLET_FROZEN","message":"The wallet is frozen."}
  GetItem 1 · Query 1 · TransactGetItems 4
> POST load/demo-dollars {"amount": 5, "channel": "POS"}
< 200 {"balance":5,"transaction":{"accountNumber":"dollars","amount":5,"balance":5,"channel":"POS","createdAt":"2026-01-01T00:00:09.000Z","currency":"USD","sequence":3,"transactionId":"dollars-3","type":"LOADED","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST cancel/demo-euros {"transactionId": "euros-3"}
< 200 {"balance":1000,"transaction":{"accountNumber":"euros","amount":300,"balance":1000,"canceledTransactionId":"euros-3","channel":"POS","createdAt":"2026-01-01T00:00:10.000Z","currency":"EUR","sequence":5,"transactionId":"euros-5","type":"CANCELED","walletId":"USER-1"}}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST cancel/demo-euros {"transactionId": "euros-3"}
< 400 {"code":"ALREADY_CANCELED","details":{"canceledBy":"euros-5"},"message":"The transaction is canceled already."}
  GetItem 1 · Query 1 · TransactGetItems 4
> POST refund/demo-euros {"transactionId": "euros-3"}
< 400 {"code":"TRANSACTION_CANCELED","message":"The transaction is canceled."}
  GetItem 1 · Query 1 · TransactGetItems 4
> POST cancel/demo-euros {"transactionId": "euros-5"}
< 400 {"code":"NOT_CANCELABLE","message":"Only a spend or a load can be canceled."}
  GetItem 1 · Query 1 · TransactGetItems 4
> POST updateWallet/demo {"walletId": "USER-1", "status": "closed"}
< 400 {"code":"BALANCE_REMAINS","details":{"available":1000},"message":"An account with a balance can not be closed."}
  GetItem 1 · Query 1
> [freeze] POST updateWallet/demo {"walletId": "USER-1", "status": "frozen"}
< 200 replayed {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"frozen","walletAccounts":["euros","dollars"],"walletId":"USER-1"}
  GetItem 1 · GetItem 1 · TransactGetItems 4
> POST updateWallet/demo {"walletId": "USER-1", "status": "active"}
< 200 {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"active","walletAccounts":["euros","dollars"],"walletId":"USER-1"}
  GetItem 1 · Query 1 · Query 1 · TransactWriteItems 8
> POST spend/demo-euros {"amount": 1000, "channel": "POS"}
< 200 {"balance":0,"transaction":{"accountNumber":"euros","amount":1000,"balance":0,"channel":"POS","createdAt":"2026-01-01T00:00:17.000Z","currency":"EUR","sequence":7,"transactionId":"euros-7","type":"SPENT","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST spend/demo-dollars {"amount": 5, "channel": "POS"}
< 200 {"balance":0,"transaction":{"accountNumber":"dollars","amount":5,"balance":0,"channel":"POS","createdAt":"2026-01-01T00:00:18.000Z","currency":"USD","sequence":5,"transactionId":"dollars-5","type":"SPENT","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST refund/demo-dollars {"transactionId": "dollars-5", "amount": 1}
< 200 {"balance":1,"transaction":{"accountNumber":"dollars","amount":1,"balance":1,"channel":"POS","createdAt":"2026-01-01T00:00:19.000Z","currency":"USD","refundedTransactionId":"dollars-5","sequence":6,"transactionId":"dollars-6","type":"REFUNDED","walletId":"USER-1"}}
  GetItem 1 · Query 1 · TransactWriteItems 5
> POST cancel/demo-dollars {"transactionId": "dollars-5"}
< 400 {"code":"PARTIALLY_REFUNDED","message":"A part was refunded already: refund the rest by a refund without amount."}
  GetItem 1 · Query 1 · TransactGetItems 4
> POST refund/demo-dollars {"transactionId": "dollars-2"}
< 400 {"code":"NOT_REFUNDABLE","message":"Only a spend can be refunded."}
  GetItem 1 · Query 1 · TransactGetItems 4
> POST refund/demo-dollars {"transactionId": "euros-7"}
< 404 {"code":"NOT_FOUND","message":"Record Not Found"}
  Query 1
> POST refund/demo-dollars {"transactionId": "dollars-99"}
< 404 {"code":"NOT_FOUND","message":"Record Not Found"}
  GetItem 1 · Query 1 · TransactGetItems 4
> POST refund/demo-dollars {"transactionId": "nonsense"}
< 404 {"code":"NOT_FOUND","message":"Record Not Found"}
  nothing
> POST spend/demo-dollars {"amount": 1, "channel": "POS"}
< 200 {"balance":0,"transaction":{"accountNumber":"dollars","amount":1,"balance":0,"channel":"POS","createdAt":"2026-01-01T00:00:25.000Z","currency":"USD","sequence":7,"transactionId":"dollars-7","type":"SPENT","walletId":"USER-1"}}
  Query 1 · PutItem 2
> POST updateWallet/demo {"walletId": "USER-1", "status": "closed", "title": "Gone"}
< 200 {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"closed","title":"Gone","walletAccounts":["euros","dollars"],"walletId":"USER-1"}
  GetItem 1 · Query 1 · Query 1 · TransactWriteItems 8
> POST load/demo-dollars {"amount": 5, "channel": "POS"}
< 403 {"code":"WALLET_CLOSED","message":"The wallet is closed."}
  Query 1
> POST createAccount/demo {"walletId": "USER-1", "currency": "GBP"}
< 403 {"code":"WALLET_CLOSED","message":"The wallet is closed."}
  GetItem 1 · Query 1
> POST updateWallet/demo {"walletId": "USER-1", "status": "active"}
< 403 {"code":"WALLET_CLOSED","message":"The wallet is closed."}
  GetItem 1
> POST getAccount/demo {"walletId": "USER-1", "currency": "USD"}
< 200 {"accountNumber":"dollars","balance":0,"createdAt":"2026-01-01T00:00:03.000Z","currency":"USD","expirations":[],"held":0,"projectId":"demo","status":"closed","walletId":"USER-1"}
  GetItem 1 · GetItem 1 · Query 1
> POST listTransactions/demo-dollars {"pageSize": 2}
< 200 {"cursor":"dollars-6","from":0,"pageSize":2,"size":2,"total":8,"transactions":[{"accountNumber":"dollars","amount":0,"balance":0,"createdAt":"2026-01-01T00:00:26.000Z","currency":"USD","sequence":8,"transactionId":"dollars-8","type":"CLOSED","walletId":"USER-1"},{"accountNumber":"dollars","amount":1,"balance":0,"channel":"POS","createdAt":"2026-01-01T00:00:25.000Z","currency":"USD","sequence":7,"transactionId":"dollars-7","type":"SPENT","walletId":"USER-1"}]}
  Query 1 · Query 1
