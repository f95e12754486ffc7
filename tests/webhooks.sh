#!/usr/bin/env bash
# A webhook of the running service is what docs/webhooks.md says it is: the code that the page gives in three languages takes it, and
# so does the public library of Standard Webhooks; and none of them takes what was changed. It needs Python, Node.js and Perl.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
work=$target/webhooks
rm -rf "$work"
mkdir -p "$work"
. tests/venv.sh
tools=$(venv webhooks-venv standardwebhooks==1.1.0)

cargo build --quiet --locked --bin kese
"$target/debug/kese" --ephemeral --port 0 --dynamodb-port 0 --credentials "$work/credentials.json" >"$work/kese.log" &
kese=$!
# Takes one webhook, and writes down what it got.
python3 - "$work" <<'PYTHON' &
import http.server, json, pathlib, sys
work = pathlib.Path(sys.argv[1])
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        delivered = {"headers": {name.lower(): value for name, value in self.headers.items()}, "body": body}
        self.send_response(204)
        self.end_headers()
        (work / "delivered.part").write_text(json.dumps(delivered))
        (work / "delivered.part").rename(work / "delivered.json")
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
(work / "port").write_text(str(server.server_port))
server.serve_forever()
PYTHON
receiver=$!
trap 'kill $kese $receiver' EXIT
await() {
    for _ in $(seq 200); do
        [ -s "$1" ] && return
        sleep 0.1
    done
    echo "$1 is not there" >&2
    cat "$work/kese.log" >&2
    return 1
}
await "$work/credentials.json"
await "$work/port"
member() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$work/credentials.json" "$1"; }
url=$(member baseUrl)
key=$(member apiKey)
dynamodb=$(sed -n 's/^ *DynamoDB *//p' "$work/kese.log")
added=$("$target/debug/kese" webhook add --project demo --url "http://localhost:$(cat "$work/port")/kese" --type transaction.loaded \
    --endpoint-url "$dynamodb")
secret=$(sed -n 's/^secret *//p' <<<"$added")

call() { curl --silent --show-error --fail --output /dev/null "$url/CALL/WalletAPI/$1" -H "x-api-key: $key" -d "$2"; }
call createWallet/demo '{"walletId": "w1"}'
call createAccount/demo '{"walletId": "w1", "currency": "EUR", "accountNumber": "w1-eur"}'
call load/demo-w1-eur '{"amount": 5000, "channel": "Café"}'
await "$work/delivered.json"

# What the page says, between its fences.
code() { awk -v fence="\`\`\`$1" '$0 == "```" { on = 0 } on; $0 == fence { on = 1 }' docs/webhooks.md; }
code js >"$work/verify.mjs"
code python >"$work/verify.py"
code perl >"$work/verify.pl"

cat >"$work/try.mjs" <<'JS'
import { readFileSync } from 'node:fs';
import { verify } from './verify.mjs';
const { secret, headers, body } = JSON.parse(readFileSync(0));
process.exit(verify(secret, headers, body) ? 0 : 1);
JS
cat >"$work/try.py" <<'PYTHON'
import json, sys
from verify import verify
given = json.load(sys.stdin)
sys.exit(0 if verify(given["secret"], given["headers"], given["body"]) else 1)
PYTHON
{
    cat "$work/verify.pl"
    cat <<'PERL'
use JSON::PP;
my $given = JSON::PP->new->decode(do { local $/; <STDIN> });
utf8::encode($given->{body});
exit(verify($given->{secret}, $given->{headers}, $given->{body}) ? 0 : 1);
PERL
} >"$work/try.pl"
cat >"$work/library.py" <<'PYTHON'
import json, sys
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
given = json.load(sys.stdin)
try:
    Webhook(given["secret"]).verify(given["body"], given["headers"])
except WebhookVerificationError:
    sys.exit(1)
PYTHON

# The delivery as it came, or with one thing changed.
given() {
    python3 - "$work/delivered.json" "$secret" "$1" <<'PYTHON'
import json, sys
given = json.load(open(sys.argv[1]))
given["secret"] = sys.argv[2]
headers = given["headers"]
match sys.argv[3]:
    case "body": given["body"] = given["body"].replace("5000", "6000")
    case "id": headers["webhook-id"] = "evt_0" + headers["webhook-id"][5:]
    case "time": headers["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) - 400)
    case "secret": given["secret"] = "whsec_" + "A" * 44
print(json.dumps(given))
PYTHON
}
for language in "node $work/try.mjs" "python3 $work/try.py" "perl $work/try.pl" "$tools/python $work/library.py"; do
    given as-it-came | $language || { echo "$language does not take it" >&2; exit 1; }
    for change in body id time secret; do
        if given "$change" | $language; then
            echo "$language takes it with another $change" >&2
            exit 1
        fi
    done
    echo "$(basename "${language##* }") takes what came, and nothing else"
done
