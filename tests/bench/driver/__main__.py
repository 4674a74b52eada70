"""The command line: which works, how often, how long; see ../README.md."""

import argparse
import datetime
import json
import os
import signal
import sys
import tempfile

from . import machine, report, svg
from .processes import Failed
from .summary import summarize
from .works import WORKS

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))


class Bench:
    """What all works need to know."""

    def __init__(self, options, folder):
        self.folder = folder
        self.seconds = options.seconds
        self.proxy_core, self.load_core = options.cores
        self.limpet = os.path.join(options.build, "limpet")
        self._tools = os.path.join(options.build, "tests", "bench")

    def tool(self, name):
        return os.path.join(self._tools, name)


def two_cores(text):
    proxy, load = (int(core) for core in text.split(","))
    return proxy, load


def read_options():
    cores = sorted(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(prog="run.sh", description="Measures Limpet beside nginx, HAProxy and a byte copy.")
    names = [work.name for work in WORKS]
    parser.add_argument("works", nargs="*", metavar="work", help=f"default: all; there are {', '.join(names)}")
    parser.add_argument("--rounds", type=int, default=5, help="of each contender, in turn (default 5)")
    parser.add_argument("--seconds", type=float, default=5, help="that each sample measures (default 5)")
    parser.add_argument("--quick", action="store_true", help="one round of one second: does it all run?")
    parser.add_argument("--out", default=os.path.join(ROOT, "build", "bench", "results"), help="folder for the results")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"), help="folder of the programs")
    parser.add_argument("--cores", type=two_cores, default=(cores[-1], cores[0]), help="PROXY,LOAD (default last,first)")
    options = parser.parse_args()
    unknown = [name for name in options.works if name not in names]
    if unknown:
        parser.error(f"no work {', '.join(unknown)}; there are {', '.join(names)}")
    if options.cores[0] == options.cores[1]:
        parser.error("two cores are needed: one for the proxy, one for the load and the members")
    if options.quick:
        options.rounds, options.seconds = 1, 1
    return options


def measure(bench, work, rounds):
    """A B C, A B C, …: what changes meanwhile on the machine meets all of them."""
    work.prepare(bench)
    samples = {name: [] for name in work.contenders}
    for number in range(rounds):
        for name in work.contenders:
            show_progress(f"{work.name}: round {number + 1} of {rounds}, {name}")
            samples[name].append(work.sample(bench, name))
    return summarize(work, samples)


def show_progress(text):
    """On one line of a terminal, and nowhere else."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def write_results(run, folder):
    os.makedirs(folder, exist_ok=True)
    for name, content in (
        ("results.json", json.dumps(run, indent=1, ensure_ascii=False)),
        ("results.md", report.markdown_of(run)),
        ("results.svg", svg.plot(run)),
    ):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(content)


def run_works(options, run):
    with tempfile.TemporaryDirectory(prefix="limpet-bench-") as folder:
        bench = Bench(options, folder)
        for work in WORKS:
            if options.works and work.name not in options.works:
                continue
            try:
                run["works"].append(measure(bench, work, options.rounds))
                show_progress("")
                print(report.text_of(run["works"][-1]), flush=True)
            except (Failed, OSError, ValueError) as error:
                run["failures"][work.name] = str(error)
                show_progress("")
                print(f"{work.name}: not measured: {error}\n", flush=True)
            write_results(run, options.out)


def stop(number, _):
    """Leaves through every `with`, each of which ends what it started; once, since a second signal would cut that short."""
    for other in (signal.SIGINT, signal.SIGTERM):
        signal.signal(other, signal.SIG_IGN)
    sys.exit(128 + number)


def main():
    options = read_options()
    open_files = machine.raise_open_files()
    if open_files < machine.OPEN_FILES_NEEDED:
        print(f"only {open_files} open files are allowed; some works need {machine.OPEN_FILES_NEEDED}", file=sys.stderr)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    run = {
        "date": datetime.date.today().isoformat(),
        "rounds": options.rounds,
        "seconds": options.seconds,
        "cores": {"proxy": options.cores[0], "load": options.cores[1]},
        "machine": machine.describe(os.path.join(options.build, "limpet"), ROOT),
        "works": [],
        "failures": {},
    }
    print(report.machine_text(run) + "\n")
    run_works(options, run)
    print(report.conclusion(run["works"], run["failures"]))
    print(f"results.json, results.md and results.svg are in {os.path.relpath(options.out)}")
    return 1 if run["failures"] else 0


sys.exit(main())
