#!/usr/bin/env python3
"""The consistency matrix: faults crossed with changes of the membership, over real processes in network namespaces. README.md
tells what a row means; matrix.sh builds what this needs, and starts it."""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from cluster import scratch, store, verdict
from cluster.cell import Cell, Programs
from cluster.changes import CHANGES
from cluster.faults import FAULTS
from cluster.network import Network, NoNetwork, end_in_order_at_signals

SKIPPED = 77  # ctest's SKIP_RETURN_CODE
OPERATIONS = 50_000
SHORT_OPERATIONS = 6_000
SHORT = {  # how often the fault meets the change; controls more often, so that there is something to find
    ("proxy killed", "join", "barrier"): 1,
    ("etcd leader killed", "crash", "barrier"): 1,
    ("proxy cut off from etcd", "drain", "barrier"): 1,
    ("work beyond D", "join", "barrier"): 3,
    ("none", "join", "available"): 8,
}
HAPROXY_FAULTS = ("none", "member killed")


def all_cells():
    """(fault, change, mode). Without a barrier those that are possible there; HAProxy hears of no etcd, and has those that reach it."""
    yield from ((fault, change, "barrier") for fault in FAULTS for change in CHANGES)
    for name, fault in FAULTS.items():
        if not fault.needs_barrier:
            yield from ((name, change, "available") for change in CHANGES)
    yield from ((fault, change, "haproxy") for fault in HAPROXY_FAULTS for change in CHANGES)


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=FAULTS, action="append", metavar="FAULT", help="only this fault; again for more")
    parser.add_argument("--change", choices=CHANGES, action="append", help="only this change; again for more")
    parser.add_argument("--mode", choices=("barrier", "available", "haproxy"), action="append")
    parser.add_argument("--short", action="store_true", help="a handful of cells with few operations")
    parser.add_argument("--operations", type=int, help=f"of a cell, at the least (default {OPERATIONS:,})")
    parser.add_argument("--rounds", type=int, help="how often the fault meets the change (default: the fault's)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", default="build/consistency", help="for results and for the histories of cells that fail")
    parser.add_argument("--keep", action="store_true", help="the histories of all cells")
    parser.add_argument("--resume", action="store_true", help="skip the cells that the results have")
    parser.add_argument("--table", action="store_true", help="only print the table of the results")
    return parser.parse_args()


def chosen_cells(options):
    cells = list(SHORT) if options.short else all_cells()
    if options.only and options.change and options.mode:
        cells = [(f, c, m) for f in options.only for c in options.change for m in options.mode]
    return [
        (fault, change, mode)
        for fault, change, mode in cells
        if fault in (options.only or FAULTS)
        and change in (options.change or CHANGES)
        and mode in (options.mode or mode)
    ]


def key_of(row):
    return row["fault"], row["change"], row["mode"]


class Matrix:
    def __init__(self, options, programs, network, folder):
        self._options, self._programs, self._network, self._scratch = options, programs, network, folder
        self._store = None
        self._cells = 0

    def play(self, fault, change, mode):
        """A row."""
        self._cells += 1
        began = time.monotonic()
        folder = os.path.join(self._options.folder, f"{fault}-{change}-{mode}".replace(" ", "-"))
        shutil.rmtree(folder, ignore_errors=True)
        row = {"fault": fault, "change": change, "mode": mode, "seed": self._options.seed}
        row.update(beyond=FAULTS[fault].is_beyond, control=FAULTS[fault].is_control or mode != "barrier")
        try:
            row.update(self._measure(fault, change, mode, folder))
        except (AssertionError, OSError, ValueError, LookupError, store.StoreError) as error:
            row["error"] = f"{type(error).__name__}: {error}"[:500].replace("\n", " ")
            self._begin_anew()
        row["seconds"] = time.monotonic() - began
        os.makedirs(folder, exist_ok=True)
        if verdict.is_failure(row) or self._options.keep:
            with open(os.path.join(folder, "violations.txt"), "w", encoding="utf-8") as file:
                file.write(verdict.in_words(self._programs.checker, folder))
        else:
            shutil.rmtree(folder)
        return row

    def _measure(self, fault, change, mode, folder):
        self._need_store()
        lists = os.path.join(self._scratch, f"lists-{self._cells}")
        cell = Cell(self._network, self._store, self._programs, FAULTS[fault], mode, folder, lists, self._options.seed)
        short = self._options.short
        try:
            cell.start(self._options.operations or (SHORT_OPERATIONS if short else OPERATIONS))
            rounds = SHORT.get((fault, change, mode), 1) if short else FAULTS[fault].rounds
            cell.play(CHANGES[change], self._options.rounds or rounds)
            counted = cell.load.finish()
        finally:
            cell.stop()
            shutil.rmtree(lists, ignore_errors=True)
        found = verdict.judge(self._programs.checker, folder)
        if counted["unheard_of"]:
            raise AssertionError(f"{counted['unheard_of']} answers that no proxy should give")
        return {**counted, "moves": found["owner_changes"], "violations": found["violations"], "total": found["total"]}

    def _begin_anew(self):
        """What a cell that failed may have left is gone for the next."""
        self._network.heal()
        if self._store:
            self._store.stop()
        self._store = None

    def _need_store(self):
        """One for all cells, for as long as it is well."""
        if self._store and self._store.is_healthy():
            return
        self._begin_anew()
        folder = tempfile.mkdtemp(dir=self._scratch)
        self._store = store.Cluster(self._network, folder, folder)


def load_rows(path):
    """The last row of each cell."""
    rows = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                rows[key_of(row)] = row
    return rows


def run(options, cells, rows, results):
    programs = Programs.of_build()
    end_in_order_at_signals()
    network = Network()
    folder = scratch.make()
    try:
        network.enter()
        matrix = Matrix(options, programs, network, folder)
        for number, cell in enumerate(cells, 1):
            row = matrix.play(*cell)
            rows[key_of(row)] = row
            with open(results, "a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(f"{number}/{len(cells)} {verdict.table([row]).splitlines()[-1]}", flush=True)
    finally:
        network.remove()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    options = parse()
    options.folder = os.path.abspath(options.folder)
    os.makedirs(options.folder, exist_ok=True)
    results = os.path.join(options.folder, "results.jsonl")
    rows = load_rows(results) if options.resume or options.table else {}
    cells = [] if options.table else [cell for cell in chosen_cells(options) if cell not in rows]
    if cells:
        if not options.resume and os.path.exists(results):
            os.rename(results, results + ".before")
        try:
            run(options, cells, rows, results)
        except NoNetwork as error:
            print(f"no network namespaces can be made here: {error}", file=sys.stderr)
            return SKIPPED if options.short and os.geteuid() != 0 else 2
    print("\n" + verdict.table(rows.values()))
    print("\n" + verdict.summary(rows.values()))
    failed = verdict.failures(list(rows.values()))
    print("\n".join(["", f"{len(rows) - len(failed)} cells as they should be, {len(failed)} not", *failed]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
