#!/usr/bin/env bash
# The soak as the gate runs it: many callers, a kill every second and a half, and at the end everything is there once. Takes
# the options of `soak`, which then replace these.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")

cargo build --quiet --locked --bin kese --bin soak
[ $# -gt 0 ] || set -- --seconds 20 --connections 64 --kills 12
timeout 300 "$target/debug/soak" --figures "$target/soak/figures.json" "$@"
