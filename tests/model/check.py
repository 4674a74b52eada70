"""Builds and runs the model of the ownership protocol: the rules as they are, and each departure from them.

    check.py quick|full [--jobs N] [NAME...]      only the runs of these names

Prints the shortest trace of whatever is to be found, a table, and `N passed, N failed`; exits with 1 where one failed.
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
import time

from runs import FULL, QUICK

FOLDER = os.path.dirname(os.path.abspath(__file__))
STEPS_MAX = 1_000_000  # of one path; a path that is longer is reported by pan, and fails the run
COLUMNS = "{:<20} {:<18} {:>12} {:>7} {:>8} {:>6}"


class Outcome:
    def __init__(self, run):
        self.run, self.verdict, self.passed = run, "not run", False
        self.states, self.depth, self.seconds, self.trace, self.output = "", "", 0.0, [], ""

    def row(self):
        steps = len(self.trace) or ""
        return COLUMNS.format(self.run.name, self.verdict, self.states, self.depth, f"{self.seconds:.1f}", steps)


def build(run, folder):
    """Returns what went wrong, or nothing."""
    defines = [f"-D{define}" for define in run.defines]
    spin = subprocess.run(["spin", *defines, "-a", os.path.join(FOLDER, run.model)],
                          cwd=folder, capture_output=True, text=True)
    if spin.returncode or "rror:" in spin.stdout + spin.stderr:
        return spin.stdout + spin.stderr
    # Breadth first finds the shortest trace; depth first needs less memory for what has to be seen whole.
    options = ["-DBFS"] if run.violates else ["-DBITSTATE"] if run.bitstate else ["-DCOLLAPSE"]
    cc = subprocess.run(["cc", "-O2" if run.heavy else "-O1", "-w", "-DSAFETY", f"-DMEMLIM={run.megabytes}", *options,
                         "-o", "pan", "pan.c"], cwd=folder, capture_output=True, text=True)
    return cc.stderr if cc.returncode else ""


def read_trace(run, folder):
    replay = subprocess.run(["./pan", "-S", "-r", f"{run.model}.trail"], cwd=folder, capture_output=True, text=True)
    return replay.stdout.split("pan:1:")[0].splitlines()


def judge(outcome, output):
    """A search cut short proves nothing; what is to be found has to be an assertion's failure, with its trace."""
    run = outcome.run
    errors = re.search(r"errors: (\d+)", output)
    cut_short = not errors or "max search depth too small" in output or "not completed" in output
    if errors and errors.group(1) != "0":
        outcome.passed = run.violates and "assertion violated" in output and bool(outcome.trace)
        outcome.verdict = "found" if outcome.passed else "VIOLATED"
    elif run.violates or cut_short:
        outcome.verdict = "SEARCH CUT SHORT" if cut_short else "NOT FOUND"
    else:
        outcome.passed = True
        outcome.verdict = "holds, bitstate" if run.bitstate else "holds, exhaustive"


def measure(outcome, output):
    found = re.search(r"([\d.e+]+) states, stored", output)
    outcome.states = f"{int(float(found.group(1))):,}" if found else ""
    found = re.search(r"depth reached (\d+)", output)
    outcome.depth = found.group(1) if found else ""


def check(run):
    outcome = Outcome(run)
    with tempfile.TemporaryDirectory(prefix="limpet-model-") as folder:
        outcome.output = build(run, folder)
        if outcome.output:
            outcome.verdict = "DOES NOT BUILD"
            return outcome
        limits = [f"-w{run.bitstate or 22}"]
        began = time.monotonic()
        pan = ["./pan", f"-m{STEPS_MAX}", *limits]
        outcome.output = subprocess.run(pan, cwd=folder, capture_output=True, text=True).stdout
        outcome.seconds = time.monotonic() - began
        if os.path.exists(os.path.join(folder, f"{run.model}.trail")):
            outcome.trace = read_trace(run, folder)
        measure(outcome, outcome.output)
        judge(outcome, outcome.output)
    return outcome


def report(outcomes):
    for outcome in outcomes:
        if outcome.trace:
            print(f"\n== {outcome.run.name}: {outcome.run.tells}")
            print(*outcome.trace, sep="\n")
        elif not outcome.passed:
            print(f"\n== {outcome.run.name}: {outcome.verdict}\n{outcome.output}")
    print("\n" + COLUMNS.format("run", "verdict", "states", "depth", "seconds", "trace"))
    for outcome in outcomes:
        print(outcome.row())
    failed = sum(not outcome.passed for outcome in outcomes)
    print(f"{len(outcomes) - failed} passed, {failed} failed")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=["quick", "full"])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--jobs", type=int, default=0, help="runs at once (default: 2 quick, 1 full)")
    arguments = parser.parse_args()
    runs = QUICK if arguments.which == "quick" else FULL
    unknown = set(arguments.names) - {run.name for run in runs}
    if unknown:
        parser.error(f"no run {', '.join(sorted(unknown))}; there are {', '.join(run.name for run in runs)}")
    runs = [run for run in runs if not arguments.names or run.name in arguments.names]
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs or (2 if arguments.which == "quick" else 1)) as pool:
        outcomes = list(pool.map(check, runs))
    return 1 if report(outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
