#!/usr/bin/env bash
# Fuzzes every parser that outsiders reach, and the whole service over the embedded DynamoDB: each target for SECONDS (10
# without an argument), from the corpus in tests/fuzz/corpus. A crash fails, and its input is named.
#
# The build has no sanitizer: the code of the project forbids `unsafe`, what is looked for are broken properties, panics,
# overflows and hangs, and the address sanitizer makes everything slower. Debug assertions and overflow checks are on.
#
# What was found meanwhile lies in target/fuzz/corpus. To keep it: copy it to tests/fuzz/corpus, and make it small by
# `cargo fuzz cmin --fuzz-dir tests/fuzz --target-dir target/fuzz -s none TARGET`.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-10}
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
work=$target/fuzz
unset CARGO_TARGET_DIR

cargo fmt --manifest-path tests/fuzz/Cargo.toml --check
# cargo-fuzz itself would bring the lock up to date without a word; this does not.
cargo clippy --quiet --manifest-path tests/fuzz/Cargo.toml --target-dir "$target" --locked -- -D warnings

# Pinned: it decides how the code is built. The same compiler as everywhere builds it; the flags are unstable.
cargo install --quiet --locked --root "$target/tools" cargo-fuzz@0.13.2
export RUSTC_BOOTSTRAP=1 PATH=$target/tools/bin:$PATH
options=(--fuzz-dir tests/fuzz --target-dir "$work" --sanitizer none --codegen-units 16)

cargo fuzz build "${options[@]}"
built=$work/$(rustc -vV | sed -n 's/^host: //p')/release

rm -rf "$work/corpus" "$work/crashes"
mkdir -p "$work/corpus" "$work/crashes" "$work/logs"
cp -r tests/fuzz/corpus/. "$work/corpus"
failed=0
rows=()
printf '%-16s %12s %8s %8s\n' target executions seconds crashes
for name in $(cargo fuzz list --fuzz-dir tests/fuzz); do
    log=$work/logs/$name
    crashes=0
    began=$SECONDS
    "$built/$name" -max_total_time="$seconds" -max_len=4096 -timeout=20 -dict=tests/fuzz/words.dict \
        -artifact_prefix="$work/crashes/$name-" -print_final_stats=1 "$work/corpus/$name" >"$log" 2>&1 || crashes=1
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    if [ -z "$executions" ] || [ "$executions" -eq 0 ]; then
        crashes=1
    fi
    printf '%-16s %12s %8s %8s\n' "$name" "${executions:-0}" $((SECONDS - began)) "$crashes"
    rows+=("{\"target\": \"$name\", \"executions\": ${executions:-0}, \"seconds\": $((SECONDS - began)), \"crashes\": $crashes}")
    if [ "$crashes" -ne 0 ]; then
        failed=1
        grep -a -A 2 'panicked at\|ERROR:' "$log" | head -n 12 || tail -n 5 "$log"
        sed -n 's/.*Test unit written to \(.*\)/input: \1/p' "$log"
    fi
done
(IFS=,; printf '[\n%s\n]\n' "${rows[*]}") | sed 's/},{/},\n{/g' >"$work/figures.json"
exit $failed
