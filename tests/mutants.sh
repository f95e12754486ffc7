#!/usr/bin/env bash
# Changes the code of a package at one place after the other, and counts which changes no test notices.
#
#   tests/mutants.sh domain      some 190 changes, about half an hour
#   tests/mutants.sh store       some 205 of what commits: chain, link, pace, ring, wallets, write; about two hours
#   tests/mutants.sh store 30m   what can be tried of them with that much time for each of the three sets of tests
#
# The figures go to target/mutants/PACKAGE.json, the changes that lived to target/mutants/PACKAGE/missed.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
package=${1:?domain or store}
most=${2:-0}
work=$target/mutants/$package
rm -rf "${work:?}"
mkdir -p "$work"
cargo install --quiet --locked --root "$target/tools" cargo-mutants@27.1.0

# Has the tests of a package look for changes that no earlier tests noticed, those of certain files if any are given. A time-out is
# for what never ends, and not for what is slow because the machine has other things to do.
noticed_by() { # package, time-out, file ...
    local tests=$1 timeout=$2 files=()
    shift 2
    for file; do files+=(--file "shared/$package/src/$file.rs"); done
    # It ends with 2 or 3 if some were missed or ran out of time, and is ended with 124 when its time is over: that is the
    # result, and no failure to have one.
    timeout --signal INT "$most" "$target/tools/bin/cargo-mutants" mutants --package "$package" --test-package "$tests" "${files[@]}" \
        --shuffle --iterate --timeout "$timeout" --output "$work" || case $? in 2 | 3 | 124) ;; *) exit 1 ;; esac
    # What runs into its time-out does not go unnoticed either.
    sort -u -o "$work/killed.txt" "$work"/{killed,mutants.out/caught,mutants.out/timeout}.txt
    sort -u -o "$work/unviable.txt" "$work"/{unviable,mutants.out/unviable}.txt
    sort "$work/mutants.out/missed.txt" | comm -23 - "$work/killed.txt" >"$work/missed.txt"
}
touch "$work"/{killed,unviable}.txt

case $package in
    domain) noticed_by domain 300 ;;
    store)
        # What is only reckoned answers for itself. What commits is held by the simulation, with fewer seeds than the gate plays;
        # and what makes it cheap and not right, by the transcripts and the tests of costs and of races.
        export KESE_SEEDS=40
        noticed_by store 60 link pace ring
        noticed_by simulation 300 chain link pace ring wallets write
        noticed_by functions 300 chain link pace ring wallets write
        ;;
    *) sed -n '2,8s/^# \?//p' "$0" >&2; exit 2 ;;
esac

count() { wc -l <"$work/$1.txt"; }
what=$package
tried=$(($(count killed) + $(count missed) + $(count unviable)))
# The list of all is that of the last run, with what was left for it to try, and all that was settled before.
every=$(sort -u "$work"/{killed,unviable}.txt <(python3 -c '
import json, sys
for mutant in json.load(open(sys.argv[1])): print(mutant["name"])' "$work/mutants.out/mutants.json") | wc -l)
[ "$tried" = "$every" ] || what="$package, $tried of $every places tried"
printf '{"what": "%s", "killed": %d, "viable": %d}\n' "$what" "$(count killed)" "$(($(count killed) + $(count missed)))" >"$work.json"
echo "$what: $(count killed) of $(($(count killed) + $(count missed))) killed, $(count unviable) do not build"
