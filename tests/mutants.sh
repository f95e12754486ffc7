#!/usr/bin/env bash
# Changes the code of a package at one place after the other, and counts which changes no test notices.
#
#   tests/mutants.sh domain      some 190 changes, about half an hour
#   tests/mutants.sh store       what commits: chain, link, pace, ring, wallets, write; some hours
#   tests/mutants.sh store 30m   those of them that can be tried in that time, in an order of chance
#
# The figures go to target/mutants/PACKAGE.json, the changes that lived to target/mutants/PACKAGE/mutants.out/missed.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
package=${1:?domain or store}
most=${2:-0}
work=$target/mutants
mkdir -p "$work"
cargo install --quiet --locked --root "$target/tools" cargo-mutants@27.1.0

# The domain answers for itself. What commits is held by the simulation, with fewer seeds than the gate plays. The time-out is
# for what never ends, and not for what is slow because the machine has other things to do.
case $package in
    domain) options=(--test-package domain) ;;
    store)
        export KESE_SEEDS=40
        options=(--test-package "store,simulation" --timeout 300)
        for file in chain link pace ring wallets write; do options+=(--file "shared/store/src/$file.rs"); done
        ;;
    *) sed -n '2,9s/^# \?//p' "$0" >&2; exit 2 ;;
esac
# It ends with 2 or 3 if some were missed or ran out of time, and is ended with 124 when its time is over: that is the result,
# and no failure to have one.
timeout --signal INT "$most" "$target/tools/bin/cargo-mutants" mutants --package "$package" --shuffle "${options[@]}" \
    --output "$work/$package" || case $? in 2 | 3 | 124) ;; *) exit 1 ;; esac

python3 - "$work" "$package" <<'PYTHON'
import json, pathlib, sys
work, package = pathlib.Path(sys.argv[1]), sys.argv[2]
out = work / package / "mutants.out"
run, every = json.loads((out / "outcomes.json").read_text()), json.loads((out / "mutants.json").read_text())
# What runs into its time-out does not go unnoticed either.
killed = run["caught"] + run["timeout"]
viable = killed + run["missed"]
tried = viable + run["unviable"]
what = package if tried == len(every) else f"{package}, {tried} of {len(every)} places tried"
(work / f"{package}.json").write_text(json.dumps({"what": what, "killed": killed, "viable": viable}) + "\n")
print(f"{what}: {killed} of {viable} killed, {run['unviable']} do not build")
PYTHON
