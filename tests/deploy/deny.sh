#!/usr/bin/env bash
# Holds the dependencies to deny.toml: `tests/deploy/deny.sh licenses bans sources`. The check `advisories` downloads a database.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=$(realpath -m "${CARGO_TARGET_DIR:-target}")/tools
# Pinned: another version has other checks. Unoptimised, it is there in half a minute.
cargo install --quiet --locked --debug --root "$tools" cargo-deny@0.20.2
PATH="$tools/bin:$PATH" cargo deny --log-level error check "$@"
