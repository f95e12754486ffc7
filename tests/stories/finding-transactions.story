Lists: of an account, of a wallet and of a whole project, narrowed by what was done, what was said about it, and when.

> POST createWallet/demo {"walletId": "USER-1", "title": "Asel"}
> POST createAccount/demo {"walletId": "USER-1", "currency": "EUR", "accountNumber": "euros", "title": "Card"}
> POST createAccount/demo {"walletId": "USER-1", "currency": "POINT", "accountNumber": "points"}
> POST createWallet/demo {"walletId": "USER-2"}
> POST createAccount/demo {"walletId": "USER-2", "currency": "EUR", "accountNumber": "other"}
> POST load/demo-euros {"amount": 1000, "channel": "POS", "referenceId": "ORDER-7"}
> POST load/demo-points {"amount": 10, "channel": "APP", "type": "EARNED", "expiresAt": "2026-01-31"}
> POST spend/demo-euros {"amount": 100, "channel": "POS", "description": "Coffee and a Bun"}
> POST load/demo-other {"amount": 500, "channel": "POS", "description": "Birthday"}
@ wait 1d
> POST spend/demo-euros {"amount": 200, "channel": "POS", "description": "COFFEE BEANS", "referenceId": "order-8"}
> POST load/demo-points {"amount": 20, "channel": "APP", "expiresAt": "2026-02-28T12:00:00Z"}

One account, by type, by words in any case, by a part of an id, and by any of several filters.

> POST listTransactions/demo-euros {"filters": [{"type": "SPENT"}]}
> POST listTransactions/demo-euros {"filters": [{"search": "coffee"}]}
> POST listTransactions/demo-euros {"filters": [{"search": "Order-"}]}
> POST listTransactions/demo-euros {"filters": [{"type": "SPENT", "search": "bun"}, {"type": "INITIALIZED"}]}
> POST listTransactions/demo-euros {"filters": [{"search": "EUROS-3"}]}
> POST listTransactions/demo-euros {"filters": [{"type": "HELD"}]}
> POST listTransactions/demo-euros {"filters": [{"type": "SPENT", "search": "order-7"}]}

Oldest first, and a page further on. Where nothing is left out, every page knows the total.

> POST listTransactions/demo-euros {"sorts": [{"field": "createdAt", "order": "asc"}], "pageSize": 2}
> POST listTransactions/demo-euros {"sorts": [{"field": "createdAt", "order": "asc"}], "from": 2, "pageSize": 1}
> POST listTransactions/demo-euros {"from": 3, "pageSize": 5}
> POST listTransactions/demo-euros {"from": 4}
> POST listTransactions/demo-euros {"filters": [{"type": "SPENT"}], "from": 1, "pageSize": 1}

By the time of writing: an instant is in its span, and a day is all of it, in UTC.

> POST listTransactions/demo-euros {"createdAt": {"startDate": "2026-01-01T00:00:06Z", "endDate": "2026-01-01T00:00:08.000Z"}}
> POST listTransactions/demo-euros {"createdAt": {"startDate": "2026-01-01T00:00:06.001Z", "endDate": "2026-01-01T00:00:07.999Z"}}
> POST listTransactions/demo-euros {"createdAt": {"startDate": "2026-01-02", "endDate": "2026-01-02"}}
> POST listTransactions/demo-euros {"createdAt": {"endDate": "2026-01-01"}, "pageSize": 2}
> POST listTransactions/demo-euros {"createdAt": {"startDate": "2026-01-03"}}
> POST listTransactions/demo-euros {"createdAt": {"startDate": "2026-01-02", "endDate": "2026-01-01"}}

By the end of what was loaded. A day as an end of life is the midnight after it, so that day is not in the span.

> POST listTransactions/demo-points {"expiresAt": {"startDate": "2026-02-01", "endDate": "2026-02-01"}}
> POST listTransactions/demo-points {"expiresAt": {"startDate": "2026-02-28", "endDate": "2026-02-28"}}
> POST listTransactions/demo-points {"expiresAt": {"endDate": "2026-02-28T11:59:59.999Z"}}
> POST listTransactions/demo-points {"expiresAt": {}}

A whole wallet: its accounts together, in the order of time.

> POST listTransactions/demo {"walletId": "USER-1", "pageSize": 3}
> POST listTransactions/demo {"walletId": "USER-1", "pageSize": 3, "cursor": "CURSOR"}
> POST listTransactions/demo {"walletId": "USER-1", "from": 5}
> POST listTransactions/demo {"walletId": "USER-1", "filters": [{"type": "EARNED"}, {"type": "LOADED"}], "sorts": [{"field": "createdAt", "order": "asc"}]}
> POST listTransactions/demo {"walletId": "USER-1", "createdAt": {"startDate": "2026-01-02"}}
> POST listTransactions/demo {"walletId": "nobody"}

The whole project. How many there are is only known at the end.

> POST listTransactions/demo {"pageSize": 2}
> POST listTransactions/demo {"pageSize": 2, "cursor": "CURSOR"}
> POST listTransactions/demo {"sorts": [{"field": "createdAt", "order": "asc"}], "pageSize": 2}
> POST listTransactions/demo {"sorts": [{"field": "createdAt", "order": "asc"}], "pageSize": 2, "cursor": "CURSOR"}
> POST listTransactions/demo {"filters": [{"search": "birthday"}]}
> POST listTransactions/demo {"createdAt": {"startDate": "2026-01-02", "endDate": "2026-01-02"}}
> POST listTransactions/demo {"createdAt": {"startDate": "2026-01-03"}}

What can not be meant is refused.

> POST listTransactions/demo {"cursor": "the second page"}
> POST listTransactions/demo {"createdAt": {"startDate": "yesterday"}}
> POST listTransactions/demo {"filters": {"type": "SPENT"}}
> POST listTransactions/demo {"currency": "EUR"}

Accounts: of a wallet, of the project, in a currency, by words.

> POST getAccounts/demo {"walletId": "USER-1"}
> POST getAccounts/demo {"walletId": "nobody"}
> POST getAccounts/demo {}
> POST listAccounts/demo {"walletId": "USER-1"}
> POST listAccounts/demo {}
> POST listAccounts/demo {"from": 1, "pageSize": 1}
> POST listAccounts/demo {"currency": "EUR", "sorts": [{"field": "createdAt", "order": "asc"}]}
> POST listAccounts/demo {"walletId": "USER-1", "currency": "POINT"}
> POST listAccounts/demo {"filters": [{"search": "card"}, {"search": "OTH"}]}
> POST updateWallet/demo {"walletId": "USER-2", "status": "frozen"}
> POST listAccounts/demo {"filters": [{"type": "frozen"}]}
> POST listAccounts/demo {"filters": [{"type": "active"}]}

The same by GET, the members in the query string.

> GET getAccounts/demo?walletId=USER-2
> GET listAccounts/demo?currency=POINT
> GET listTransactions/demo?walletId=USER-1&pageSize=1&from=1
> GET listTransactions/demo-euros?filters=%5B%7B%22type%22%3A%22LOADED%22%7D%5D
> GET listTransactions/demo-euros?createdAt=%7B%22startDate%22%3A%222026-01-02%22%7D&pageSize=1
