The vendor's own example: a Cambodian number, with its trunk zero, in a wallet of Colombia.

> POST /v1/accounts/wallet {"phoneNumber": "+855044946043", "name": "Test one", "country": "CO", "currency": "COP", "groupId": "0001", "idempotencyKey": "65e85d27-1677-4a98-9f6e-dd03cfa07ea3"}
< 200 {"balanceInCents":0,"country":"CO","currency":"COP","groupId":"0001","id":"00000010-0000-4000-8000-000000000004","status":"ACTIVE"}
  GetItem 1 · GetItem 1 · Query 1 · TransactWriteItems 8

The key is the wallet's public name, for ever: the same request is answered again, another one with that key is refused.

@ wait 400d
> POST /v1/accounts/wallet {"phoneNumber": "+855044946043", "name": "Test one", "country": "CO", "currency": "COP", "groupId": "0001", "idempotencyKey": "65e85d27-1677-4a98-9f6e-dd03cfa07ea3"}
< 200 replayed {"balanceInCents":0,"country":"CO","currency":"COP","groupId":"0001","id":"00000010-0000-4000-8000-000000000004","status":"ACTIVE"}
  GetItem 0.5 · GetItem 0.5 · GetItem 0.5 · GetItem 0.5 · GetItem 1 · GetItem 1 · TransactGetItems 4 · BatchGetItem 1
> POST /v1/accounts/wallet {"phoneNumber": "+855044946043", "name": "Test two", "country": "CO", "currency": "COP", "groupId": "0001", "idempotencyKey": "65e85d27-1677-4a98-9f6e-dd03cfa07ea3"}
< 409 {"errors":[{"code":"409","errorMessage":"This idempotency key was used for another request."}]}
  GetItem 1 · GetItem 1 · TransactGetItems 4
> GET /v1/accounts/wallet?idempotencyKey=65e85d27-1677-4a98-9f6e-dd03cfa07ea3
< 200 {"balanceInCents":0,"country":"CO","currency":"COP","groupId":"0001","id":"00000010-0000-4000-8000-000000000004","status":"ACTIVE"}
  GetItem 1 · GetItem 1 · Query 1
> GET /v1/accounts/wallet?idempotencyKey=another
< 404 {"errors":[{"code":"404","errorMessage":"Record Not Found"}]}
  GetItem 1
> GET /v1/accounts/wallet
< 400 {"errors":[{"code":"400","errorMessage":"Invalid request field: idempotencyKey: is required"}]}
  nothing
> GET /v1/accounts/wallet/00000010-0000-4000-8000-000000000004
< 200 {"balanceInCents":0,"country":"CO","currency":"COP","groupId":"0001","id":"00000010-0000-4000-8000-000000000004","status":"ACTIVE"}
  GetItem 1 · Query 1
> GET /v1/accounts/wallet/nobody
< 404 {"errors":[{"code":"404","errorMessage":"Record Not Found"}]}
  GetItem 1

Everything that is wrong is told at once.

> POST /v1/accounts/wallet {"phoneNumber": "12345", "name": "Test one", "country": "CO", "currency": "COP", "idempotencyKey": "k"}
< 400 {"errors":[{"code":"400","errorMessage":"Invalid request field: phoneNumber: Invalid Phone Number"}]}
  nothing
> POST /v1/accounts/wallet {"phoneNumber": "+1", "name": "", "country": "XX", "currency": "XYZ", "groupId": 1}
< 400 {"errors":[{"code":"400","errorMessage":"Invalid request field: phoneNumber: Invalid Phone Number"},{"code":"400","errorMessage":"Invalid request field: name: must not be empty"},{"code":"400","errorMessage":"Invalid request field: country: must be a country code of ISO 3166-1 with two letters"},{"code":"400","errorMessage":"Invalid request field: currency: must be a currency code of ISO 4217"},{"code":"400","errorMessage":"Invalid request field: groupId: must be a string"},{"code":"400","errorMessage":"Invalid request field: idempotencyKey: is required"}]}
  nothing
> POST /v1/accounts/wallet {}
< 400 {"errors":[{"code":"400","errorMessage":"Invalid request field: phoneNumber: is required"},{"code":"400","errorMessage":"Invalid request field: name: is required"},{"code":"400","errorMessage":"Invalid request field: country: is required"},{"code":"400","errorMessage":"Invalid request field: currency: is required"},{"code":"400","errorMessage":"Invalid request field: idempotencyKey: is required"}]}
  nothing
> POST /v1/accounts/wallet []
< 400 {"errors":[{"code":"400","errorMessage":"the body must be a JSON object"}]}
  nothing
