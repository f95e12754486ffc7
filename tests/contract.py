"""What the contract tester has to know of this service: when a request that fits its description may still be refused."""

import schemathesis
from schemathesis import GenerationMode

# What a description can not say, by the member that the refusal names, and why. A rule that says no is no finding either:
# in this dialect it is a 400, too, and has a code of its own.
BEYOND_DESCRIPTION = {
    "additionalData": "how many bytes it has and how deep it is nested",
    "createdAt.endDate": "that there is such a day",
    "createdAt.startDate": "that there is such a day",
    "cursor": "that an earlier answer gave it",
    "expiresAt": "that there is such a day, and that it is in the future",
    "expiresAt.endDate": "that there is such a day",
    "expiresAt.startDate": "that there is such a day",
}

# JSON Schema takes 1.0 for an integer. Amounts are not written so, lest somebody's 1.0 has been 1.04 before.
NO_INTEGER = "invalid type: floating point"


@schemathesis.check
def a_request_as_described_is_taken(_context, response, case):
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE or response.status_code != 400:
        return
    answer = response.json()
    explained = answer.get("details", {}).get("member") in BEYOND_DESCRIPTION or NO_INTEGER in answer["message"]
    if answer["code"] == "INVALID_REQUEST" and not explained:
        raise AssertionError(f"refused, though it is as described: {answer}")
