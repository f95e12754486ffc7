#!/usr/bin/env python3
"""Writes the figures of the last full run into docs/reliability.md.

  tests/reliability.py         from what the runs have left in target/
  tests/reliability.py --run   after running all of them: 20,000 seeds, every break, every mutant of domain and store, two minutes
                               for each fuzz target, 50 kills. Takes hours; each part can be run by itself before.
"""

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
DOCUMENT = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- written by tests/reliability.py -->\n", "<!-- end -->\n"

SIMULATION = TARGET / "simulation" / "figures.json"
RUNS = [
    ["cargo", "run", "--profile", "fast", "--bin", "simulate", "--", "--seeds", "20000", "--figures", str(SIMULATION)],
    ["tests/breaks.py"],
    ["tests/mutants.sh", "domain"],
    ["tests/mutants.sh", "store"],
    ["tests/fuzz.sh", "120"],
    ["tests/soak.sh", "--seconds", "120", "--connections", "64", "--kills", "50"],
]


def figures(path):
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        sys.exit(f"{path} is not there: run what makes it first, or everything with --run.")


def number(value):
    return f"{value:,}"


def simulation():
    run = figures(SIMULATION)
    faults = ", ".join(f"{words(name)} {number(count)}" for name, count in run["faults"].items())
    return [
        ("seeds", number(run["seeds"])),
        ("requests of callers", number(run["requests"])),
        ("calls to the database", number(run["calls"])),
        ("entries written", number(run["entries"])),
        ("repetitions answered as such", number(run["replays"])),
        ("functions killed", number(run["kills"])),
        ("transactions that met another write", number(run["conflicts"])),
        ("outages of eight seconds", number(run["outages"])),
        ("times that a caller was told to wait", number(run["busy"])),
        (f"faults ({faults})", number(sum(run["faults"].values()))),
        ("violations", number(run["violations"])),
    ]


def words(name):
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def breaks():
    run = figures(TARGET / "breaks" / "figures.json")
    noticed = [one for one in run if one["noticed"]]
    return [("breaks noticed", f"{len(noticed)} of {len(run)}")]


def mutants():
    runs = [figures(path) for path in sorted((TARGET / "mutants").glob("*.json"))]
    return [(f"mutants killed ({run['what']})", f"{number(run['killed'])} of {number(run['viable'])}") for run in runs]


def fuzzing():
    run = figures(TARGET / "fuzz" / "figures.json")
    return [
        (f"fuzz executions, {len(run)} targets", number(sum(one["executions"] for one in run))),
        ("fuzz crashes", number(sum(one["crashes"] for one in run))),
    ]


def soak():
    run = figures(TARGET / "soak" / "figures.json")
    return [
        ("requests over HTTP", number(run["requests"])),
        ("`kill -9` under load", number(run["kills"])),
        ("lost, doubled", f"{run['lost']}, {run['doubled']}"),
    ]


def main():
    if sys.argv[1:] == ["--run"]:
        SIMULATION.parent.mkdir(parents=True, exist_ok=True)
        for command in RUNS:
            print(" ".join(command), flush=True)
            subprocess.run(command, cwd=ROOT, check=True)
    elif sys.argv[1:]:
        sys.exit(__doc__)
    rows = simulation() + breaks() + mutants() + fuzzing() + soak()
    table = "| | last full run |\n|---|---|\n" + "".join(f"| {name} | {value} |\n" for name, value in rows)
    text = DOCUMENT.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")


main()
