#!/usr/bin/env python3
"""Breaks the code by hand, one guard at a time, in a copy of the repository, and demands that the simulation notices, or
the test that a break names.

  tests/breaks.py              every break
  tests/breaks.py ring margin  those whose names hold one of the words

A break that nothing notices is a failure, and so is one whose place is not in the source any more. What is left alone must
pass, or else everything would be noticed. The figures go to target/breaks/figures.json.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "breaks"
COPY = WORK / "tree"
STORE = "shared/store/src/"

# What is broken, in which file, what stands there, and what is put in its place. Then the test in tests/ that has to notice, where
# it takes more to happen at once than a few hundred seeds bring about.
BREAKS = [
    (
        "ring ignored",
        STORE + "chain.rs",
        "let seq = match ring.find(key, at, self.project) {",
        "let seq = match ring.find(key, at, self.project).filter(|_| false) {",
    ),
    (
        "key evicted early",
        STORE + "ring.rs",
        "Duration::hours(25)",
        "Duration::hours(20)",
    ),
    (
        "margin 0",
        STORE + "ring.rs",
        "Duration::hours(25)",
        "Duration::hours(24)",
    ),
    (
        "expired before its time",
        STORE + "chain.rs",
        "domain::expire(&newest.transaction.account, self.now)",
        "domain::expire(&newest.transaction.account, self.now.plus(domain::Duration::hours(1)))",
    ),
    (
        "unconditional put",
        STORE + "write.rs",
        '.condition_expression("attribute_not_exists(pk)");\n        let put = put.return_values',
        ";\n        let put = put.return_values",
    ),
    (
        "unconditional put in a transaction",
        STORE + "write.rs",
        'put(new).condition_expression("attribute_not_exists(pk)").build()',
        "put(new).build()",
    ),
    (
        "unconditional key record",
        STORE + "write.rs",
        'let put = put(new).condition_expression("attribute_not_exists(pk) OR till <= :now");\n                item.put(complete(put.expression_attribute_values(":now", number(now.0)).build()))',
        "let _ = now;\n                item.put(complete(put(new).build()))",
    ),
    (
        "spilled keys not written",
        STORE + "chain.rs",
        "                self.put_records(append.spilled.clone(), &mut pace).await?;\n",
        "",
    ),
    (
        "spilled keys not looked up",
        STORE + "chain.rs",
        "newest.spilled_until.is_some_and(|until| at < until)",
        "newest.spilled_until.is_some_and(|until| until < at)",
    ),
    (
        "a ring that turned taken to reach back",
        STORE + "chain.rs",
        "none_until.is_some_and(|until| until == account.seq || ring.reaches(until))",
        "none_until.is_some()",
        "a_key_is_found_that_came_and_left_the_ring_while_its_repetition_was_under_way",
    ),
    (
        "other key records taken for written",
        STORE + "chain.rs",
        "if append.spilled != recorded {",
        "if recorded.is_empty() {",
        "keys_that_leave_the_ring_at_a_later_try_are_written_too",
    ),
    (
        "no check on a refusal",
        STORE + "chain.rs",
        "Err(refusal) if self.stands(&read, target, command).await? => return",
        "Err(refusal) if self.stands(&read, target, command).await.is_ok() => return",
        "concurrency::sixteen_equal_keys_at_once_have_one_effect_and_one_answer",
    ),
    (
        "no check on a refusal of a wallet",
        STORE + "wallets.rs",
        "Err(Failure::Refused(refusal)) => match self.settled_key_record(id, key.as_ref()).await? {",
        "Err(Failure::Refused(refusal)) => match self.settled_key_record(id, None).await? {",
    ),
    (
        "refund condition removed",
        STORE + "write.rs",
        '.condition_expression("refunded = :before AND attribute_not_exists(canceled)")\n                        .expression_attribute_values(":before", number(before.minor_units()))',
        '.condition_expression("attribute_exists(pk)")',
    ),
    (
        "nonce ignored",
        STORE + "write.rs",
        "if there.flatten().any(|item| item::nonce_of(&item) == Some(self.nonce)) {",
        "if there.flatten().any(|_| false) {",
    ),
    (
        "consistency flag dropped",
        STORE + "chain.rs",
        "scan_index_forward(false).limit(1).consistent_read(true)",
        "scan_index_forward(false).limit(1).consistent_read(false)",
    ),
    (
        "time not monotone",
        "shared/domain/src/decide.rs",
        "let at = context.now.max(account.at);",
        "let at = context.now;",
    ),
    (
        "freeze not written to one chain",
        "shared/domain/src/wallet.rs",
        "self.accounts.values().map(|number| (number.clone(), command.clone()))",
        "self.accounts.values().skip(1).map(|number| (number.clone(), command.clone()))",
    ),
    (
        "wallet version unchecked",
        STORE + "write.rs",
        '.condition_expression("ver = :version");\n                item.put(complete(put.expression_attribute_values(":version", number(*version)).build()))',
        '.condition_expression("attribute_exists(pk)");\n                let _ = version;\n                item.put(complete(put.build()))',
    ),
    (
        "key looked up after the rules",
        STORE + "chain.rs",
        "            if let (Some(newest), Some(key)) = (&read.newest, key) {",
        "            if let (Some(newest), Some(key)) = (&read.newest, key)\n                && self.decide(&read, target, command).is_ok()\n            {",
    ),
    (
        "a lost race taken for done",
        STORE + "write.rs",
        "            Landing::Lost(first)",
        "            Landing::Committed",
    ),
    (
        "rest of a batch dropped",
        STORE + "write.rs",
        "left = done.unprocessed_items.and_then(|mut tables| tables.remove(table)).unwrap_or_default();",
        "left = done.unprocessed_items.and_then(|mut tables| tables.remove(table)).filter(|_| false).unwrap_or_default();",
    ),
    (
        "fingerprint ignored",
        STORE + "chain.rs",
        "if entry.origin.request != intent.fingerprint {",
        "if false {",
    ),
]

# So many seeds a break may go unnoticed for.
SEEDS = 300


def copy():
    """The tracked files as they are now. Cargo takes what it built before where nothing changed."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        source, goal = ROOT / name, COPY / name
        if source.exists() and (not goal.exists() or goal.read_bytes() != source.read_bytes()):
            goal.parent.mkdir(parents=True, exist_ok=True)
            goal.write_bytes(source.read_bytes())


def cargo(*arguments):
    # Not the repository's own target folder: cargo would take the one's crates for the other's.
    environment = {**os.environ, "CARGO_TARGET_DIR": str(WORK / "target"), "CARGO_TERM_COLOR": "never"}
    command = ["cargo", *arguments]
    # None takes as long as that, unless it never ends.
    return subprocess.run(command, cwd=COPY, env=environment, capture_output=True, text=True, check=False, timeout=1200)


def build(*arguments):
    built = cargo(*arguments)
    if built.returncode:
        sys.exit(f"It does not build:\n{built.stderr}")


def test(names):
    """Whether those tests are content, and the first that is not."""
    arguments = ["test", "--quiet", "--locked", "--package", "functions", "--test", "main"]
    build(*arguments, "--no-run")
    ran = cargo(*arguments, "--", *names)
    failed = [line.split()[1] for line in ran.stdout.splitlines() if line.startswith("---- ")]
    if f"running {len(names)} test" not in ran.stdout or ran.returncode and not failed:
        sys.exit(f"The tests {names} ended without a word on what is wrong:\n{ran.stdout}{ran.stderr}")
    return ran.returncode == 0, failed[0] if failed else ""


def simulate(seeds=SEEDS):
    """Whether the simulation is content, and the first thing that it is not content with."""
    build("build", "--quiet", "--locked", "--package", "simulation")
    ran = cargo("run", "--quiet", "--locked", "--package", "simulation", "--", "--seeds", str(seeds))
    wrong = [line for line in ran.stdout.splitlines() if line.startswith("seed ")]
    if ran.returncode and not wrong:
        sys.exit(f"The simulation ended without a word on what is wrong:\n{ran.stderr}")
    return ran.returncode == 0, wrong[0] if wrong else ""


def main():
    words = sys.argv[1:]
    chosen = [one for one in BREAKS if not words or any(word in one[0] for word in words)]
    if not chosen:
        sys.exit("No break has such a name.")
    copy()
    figures, unnoticed = [], []
    if not simulate(20)[0]:
        sys.exit("The simulation is not content with the code as it is.")
    named = [one for _, _, _, _, *tests in chosen for one in tests]
    if named and not test(named)[0]:
        sys.exit("The tests are not content with the code as it is.")
    for name, file, before, after, *tests in chosen:
        path = COPY / file
        text = path.read_text()
        if text.count(before) != 1:
            sys.exit(f"{name}: what is to be broken stands {text.count(before)} times in {file}")
        begun = time.monotonic()
        path.write_text(text.replace(before, after))
        try:
            content, wrong = test(tests) if tests else simulate()
        finally:
            path.write_text(text)
        if content:
            unnoticed.append(name)
        seconds = round(time.monotonic() - begun)
        figures.append({"name": name, "noticed": wrong.split(": ")[0], "seconds": seconds})
        print(f"{name:<42} {'UNNOTICED' if content else wrong[:100]} ({seconds} s)", flush=True)
    if not words:
        (WORK / "figures.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(f"{len(chosen) - len(unnoticed)} of {len(chosen)} breaks noticed")
    if unnoticed:
        sys.exit(1)


main()
