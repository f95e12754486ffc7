A correction is signed or names its target, says why, and never leaves less than nothing (rows 2, 6, 13, 22, 23, 28, 29).

> POST createWallet/demo {"walletId": "USER-1"}
> POST createAccount/demo {"walletId": "USER-1", "currency": "EUR", "accountNumber": "card"}
> POST load/demo-card {"amount": 1000, "channel": "POS"}

By an amount, up or down.

> POST fix/demo-card {"amount": -150, "description": "Counted twice", "channel": "BACKOFFICE", "referenceId": "case-71", "userId": "support-3"}
> POST fix/demo {"walletId": "USER-1", "currency": "EUR", "amount": 50, "description": "Not all of it"}

To a target. It is a target when it is decided, and the key makes it happen once.

> [count] POST fix/demo-card {"balance": 1000, "description": "As counted"}
> POST spend/demo-card {"amount": 1, "channel": "POS"}
> [count] POST fix/demo-card {"balance": 1000, "description": "As counted"}
> [count] POST fix/demo-card {"balance": 999, "description": "As counted"}
> POST fix/demo-card {"balance": 999, "description": "It is so already"}
> POST fix/demo-card {"balance": 0, "description": "Lost card"}
> POST fix/demo-card {"balance": 300, "description": "Found again"}

It is the one or the other, and it says why.

> POST fix/demo-card {"amount": 1, "balance": 301, "description": "Both"}
> POST fix/demo-card {"description": "Neither"}
> POST fix/demo-card {"amount": 0, "description": "Nothing"}
> POST fix/demo-card {"amount": 1.5, "description": "A half"}
> POST fix/demo-card {"amount": -9007199254740992, "description": "Too much"}
> POST fix/demo-card {"balance": -1, "description": "Below zero"}
> POST fix/demo-card {"amount": 1}
> POST fix/demo-card {"amount": 1, "description": "  "}
> POST fix/demo-nobody {"amount": 1, "description": "Nobody"}

There is nothing below zero, and an end above.

> POST fix/demo-card {"amount": -301, "description": "More than there is"}
> POST fix/demo-card {"amount": 9007199254740991, "description": "More than there can be"}

A correction is undone by another one, not by a refund or cancel.

> POST refund/demo-card {"transactionId": "card-9"}
> POST cancel/demo-card {"transactionId": "card-9"}

What it takes, it takes as a spend does: what expires first. What has expired is not there to be corrected.

> POST load/demo-card {"amount": 100, "channel": "POS", "expiresAt": "2026-01-01T12:00:00Z"}
> POST fix/demo-card {"amount": -60, "description": "Too many points"}
> POST getAccount/demo-card {}
@ wait 12h
> POST fix/demo-card {"balance": 310, "description": "As counted"}
> POST listTransactions/demo-card {"pageSize": 3}

On a frozen wallet a correction may add and not take; on a closed one there is none.

> POST updateWallet/demo {"walletId": "USER-1", "status": "frozen"}
> POST fix/demo-card {"amount": -1, "description": "Down"}
> POST fix/demo-card {"balance": 0, "description": "Down to nothing"}
> POST fix/demo-card {"amount": -9999, "description": "Down below zero"}
> POST fix/demo-card {"amount": 1, "description": "Up"}
> POST updateWallet/demo {"walletId": "USER-1", "status": "active"}
> POST fix/demo-card {"balance": 0, "description": "Down to nothing"}
> POST updateWallet/demo {"walletId": "USER-1", "status": "closed"}
> POST fix/demo-card {"amount": 1, "description": "Up"}
