A wallet of liquido is loaded and spent from through mircate, within the same project, and all dialects see the same balance.
Cents are hundredths, also of a currency that has none.

> POST /v1/accounts/wallet {"phoneNumber": "+56221234567", "name": "Ana", "country": "CL", "currency": "CLP", "idempotencyKey": "ana"}
< 200 {"balanceInCents":0,"country":"CL","currency":"CLP","id":"00000010-0000-4000-8000-000000000004","status":"ACTIVE"}
  GetItem 1 · GetItem 1 · Query 1 · TransactWriteItems 8
> POST load/demo {"walletId": "00000010-0000-4000-8000-000000000004", "currency": "CLP", "amount": 10000, "channel": "POS"}
< 200 {"balance":10000,"transaction":{"accountNumber":"00000010-0000-4000-8000-000000000004","amount":10000,"balance":10000,"channel":"POS","createdAt":"2026-01-01T00:00:02.000Z","currency":"CLP","sequence":2,"transactionId":"00000010-0000-4000-8000-000000000004-2","type":"LOADED","walletId":"00000010-0000-4000-8000-000000000004"}}
  GetItem 1 · Query 1 · PutItem 2
> POST spend/demo {"walletId": "00000010-0000-4000-8000-000000000004", "currency": "CLP", "amount": 2500, "channel": "POS"}
< 200 {"balance":7500,"transaction":{"accountNumber":"00000010-0000-4000-8000-000000000004","amount":2500,"balance":7500,"channel":"POS","createdAt":"2026-01-01T00:00:03.000Z","currency":"CLP","sequence":3,"transactionId":"00000010-0000-4000-8000-000000000004-3","type":"SPENT","walletId":"00000010-0000-4000-8000-000000000004"}}
  GetItem 1 · Query 1 · PutItem 2
> GET /v1/accounts/wallet/00000010-0000-4000-8000-000000000004
< 200 {"balanceInCents":7500,"country":"CL","currency":"CLP","id":"00000010-0000-4000-8000-000000000004","status":"ACTIVE"}
  GetItem 1 · Query 1
> GET /wallet/00000010-0000-4000-8000-000000000004
< 200 {"data":{"category":"wallet","created_at":"2026-01-01T00:00:01.000Z","customer_id":"","deleted_at":null,"description":"","is_active":true,"is_deleted":false,"metadata":{},"org_id":"demo","raw_data":"","scope":"organization","updated_at":"2026-01-01T00:00:03.000Z","wallet_account":[{"actual_balance":7500,"available_balance":7500,"created_at":"2026-01-01T00:00:01.000Z","currency":"CLP","deleted_at":null,"is_active":true,"is_deleted":false,"is_settlement_allowed":true,"org_id":"demo","updated_at":"2026-01-01T00:00:03.000Z","wallet_account_id":"00000010-0000-4000-8000-000000000004","wallet_id":"00000010-0000-4000-8000-000000000004"}],"wallet_alias":"","wallet_id":"00000010-0000-4000-8000-000000000004","webhook_url":""},"message":"Wallet found","status":true}
  GetItem 1 · Query 1
> POST updateWallet/demo {"walletId": "00000010-0000-4000-8000-000000000004", "status": "frozen"}
< 200 {"createdAt":"2026-01-01T00:00:01.000Z","projectId":"demo","status":"frozen","walletAccounts":["00000010-0000-4000-8000-000000000004"],"walletId":"00000010-0000-4000-8000-000000000004"}
  GetItem 1 · Query 1 · TransactWriteItems 5
> GET /v1/accounts/wallet/00000010-0000-4000-8000-000000000004
< 200 {"balanceInCents":7500,"country":"CL","currency":"CLP","id":"00000010-0000-4000-8000-000000000004","status":"FROZEN"}
  GetItem 1 · Query 1
