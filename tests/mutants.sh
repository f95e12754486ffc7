#!/usr/bin/env bash
# Changes the code of `domain` and `store` at one place after the other, and counts which changes no test notices. Takes hours;
# an argument such as 3/40 tries that part of the store's mutants only. The figures go to target/mutants/figures.json, the
# mutants that lived to target/mutants/*/mutants.out/missed.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
shard=${1:-}
tools=$target/tools
work=$target/mutants
mkdir -p "$work"
cargo install --quiet --locked --root "$tools" cargo-mutants@27.1.0

# The domain answers for itself. The store is held by what runs over it: the simulation with fewer seeds than the gate plays, and
# what a caller can see.
mutants() { "$tools/bin/cargo-mutants" mutants --no-shuffle --minimum-test-timeout 120 "$@" || case $? in 2 | 3) ;; *) return 1 ;; esac; }
mutants --package domain --test-package domain --output "$work/domain"
KESE_SEEDS=40 mutants --package store --exclude '**/tables.rs' --test-package store,simulation,functions \
    --output "$work/store" ${shard:+--shard "$shard"} -- --lib --test seeds --test main

python3 - "$work" "$shard" <<'PYTHON'
import json, pathlib, sys
work, shard = pathlib.Path(sys.argv[1]), sys.argv[2]
figures = []
for what in ["domain", "store"]:
    run = json.loads((work / what / "mutants.out" / "outcomes.json").read_text())
    # What runs into its time-out does not go unnoticed either.
    killed = run["caught"] + run["timeout"]
    name = what if what == "domain" or not shard else f"{what} (part {shard} of them)"
    figures.append({"what": name, "killed": killed, "viable": killed + run["missed"], "unviable": run["unviable"]})
    print(f"{name}: {killed} of {killed + run['missed']} killed, {run['unviable']} do not build")
(work / "figures.json").write_text(json.dumps(figures, indent=2) + "\n")
PYTHON
