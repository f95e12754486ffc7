An account leaves its wallet and joins another. In between it is in none, keeps its balance, and is addressed by its number
(rows 14, 26, 27, 28, 29).

> POST createWallet/demo {"walletId": "SHOP-1", "title": "Shop"}
> POST createWallet/demo {"walletId": "USER-1", "title": "Asel"}
> POST createAccount/demo {"walletId": "SHOP-1", "currency": "EUR", "accountNumber": "gift", "title": "Gift card"}
> [top-up] POST load/demo-gift {"amount": 5000, "channel": "POS"}

What is in a wallet is not taken from it by another one.

> POST addAccount/demo {"walletId": "USER-1", "accountNumber": "gift"}
> POST addAccount/demo {"walletId": "SHOP-1", "accountNumber": "gift"}
> POST removeAccount/demo {"walletId": "USER-1", "accountNumber": "gift"}

The gift card leaves the shop. Sent again with its key, the request is answered as before; without, there is nothing to leave.

> [leave] POST removeAccount/demo {"walletId": "SHOP-1", "accountNumber": "gift"}
> [leave] POST removeAccount/demo {"walletId": "SHOP-1", "accountNumber": "gift"}
> POST removeAccount/demo {"walletId": "SHOP-1", "accountNumber": "gift"}
> POST getWallet/demo {"walletId": "SHOP-1"}

It lives on by its number, and the wallet no longer leads to it.

> POST getAccount/demo-gift {}
> POST getAccount/demo {"walletId": "SHOP-1", "currency": "EUR"}
> POST spend/demo-gift {"amount": 500, "channel": "POS"}
> POST spend/demo-gift {"amount": 500, "channel": "POS", "walletId": "SHOP-1"}
> [top-up] POST load/demo-gift {"amount": 5000, "channel": "POS"}

It joins another wallet, which leads to it from then on. A spend of before is refunded there.

> [join] POST addAccount/demo {"walletId": "USER-1", "accountNumber": "gift"}
> [join] POST addAccount/demo {"walletId": "USER-1", "accountNumber": "gift"}
> [join] POST addAccount/demo {"walletId": "SHOP-1", "accountNumber": "gift"}
> POST refund/demo {"transactionId": "gift-4", "walletId": "USER-1", "currency": "EUR"}
> POST getAccount/demo {"walletId": "USER-1", "currency": "EUR"}
> POST listTransactions/demo-gift {}

A wallet has one account a currency.

> POST createAccount/demo {"walletId": "SHOP-1", "currency": "EUR", "accountNumber": "till"}
> POST removeAccount/demo {"walletId": "USER-1", "accountNumber": "gift"}
> POST addAccount/demo {"walletId": "SHOP-1", "accountNumber": "gift"}

A wallet or an account that is not there is not found.

> POST addAccount/demo {"walletId": "nobody", "accountNumber": "gift"}
> POST addAccount/demo {"walletId": "USER-1", "accountNumber": "nobody"}
> POST removeAccount/demo {"walletId": "nobody", "accountNumber": "till"}
> POST removeAccount/demo {"walletId": "SHOP-1", "accountNumber": "nobody"}
> POST removeAccount/demo {"walletId": "USER-1", "accountNumber": "till"}
> POST addAccount/demo {"walletId": "USER-1"}

A frozen wallet lets nothing go. What joins it is frozen with it.

> POST updateWallet/demo {"walletId": "USER-1", "status": "frozen"}
> POST addAccount/demo {"walletId": "USER-1", "accountNumber": "gift"}
> POST spend/demo-gift {"amount": 500, "channel": "POS"}
> POST removeAccount/demo {"walletId": "USER-1", "accountNumber": "gift"}
> POST load/demo-gift {"amount": 1, "channel": "POS"}
> POST updateWallet/demo {"walletId": "USER-1", "status": "active"}
> POST spend/demo-gift {"amount": 500, "channel": "POS"}
> POST removeAccount/demo {"walletId": "USER-1", "accountNumber": "gift"}

A closed wallet takes nothing in and lets nothing go.

> POST updateWallet/demo {"walletId": "SHOP-1", "status": "closed"}
> POST removeAccount/demo {"walletId": "SHOP-1", "accountNumber": "till"}
> POST addAccount/demo {"walletId": "SHOP-1", "accountNumber": "gift"}
