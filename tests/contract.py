"""What the contract tester has to know of this service: when a request as described may be refused, and what would hide others."""

import itertools
import re

import requests
import schemathesis
from schemathesis import GenerationMode

# What a description can not say, by the member that the refusal names. A rule that says no is no finding either: in this
# dialect it is a 400, too, and has a code of its own.
BEYOND_DESCRIPTION = {
    "additionalData": "how many bytes it has, and how deep it is nested",
    "createdAt.endDate": "that there is such a day",
    "createdAt.startDate": "that there is such a day",
    "cursor": "that an earlier answer gave it",
    "expiresAt": "that there is such a day, and that it is in the future",
    "expiresAt.endDate": "that there is such a day",
    "expiresAt.startDate": "that there is such a day",
}

# To JSON Schema 1.0 is an integer, too; here an integer is written without a point.
NO_INTEGER = "invalid type: floating point"


@schemathesis.check
def a_request_as_described_is_taken(_context, response, case):
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE or response.status_code != 400:
        return
    answer = response.json()
    explained = answer.get("details", {}).get("member") in BEYOND_DESCRIPTION or NO_INTEGER in answer["message"]
    if answer["code"] == "INVALID_REQUEST" and not explained:
        raise AssertionError(f"refused, though it is as described: {answer}")


NUMBERS = itertools.count()


@schemathesis.hook
def before_call(_context, case, _kwargs):
    """Numbers the idempotency keys: one that was used before would hide what else is wrong with a request."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and re.fullmatch("[!-~]{1,255}", key):
        case.headers["Idempotency-Key"] = f"{key[:200]}-{next(NUMBERS)}"


@schemathesis.hook
def after_call(_context, case, response):
    """Thaws a wallet that was frozen, which would refuse most of what follows."""
    if "/updateWallet/" in case.operation.path and response.status_code == 200:
        thaw = {"walletId": response.json()["walletId"], "status": "active"}
        key = response.request.headers["x-api-key"]
        requests.post(response.request.url, json=thaw, headers={"x-api-key": key}, timeout=10)
