#!/usr/bin/env python3
"""How long hand-offs take, over the matrix's cluster with two proxies: how long requests of sessions that move are parked, whether
those of others wait, how soon the sessions of a member that was killed are served again, and for how long a proxy that was killed
holds a hand-off up. README.md says what came of it. Build history_member, history_clients and limpet first."""

import argparse
import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from cluster import proxies, scratch, store, times
from cluster.cell import Cell, Programs
from cluster.changes import CHANGES
from cluster.faults import FAULTS
from cluster.network import Network, end_in_order_at_signals
from harness.waiting import wait_until  # which cluster has made known

QUIET_S = 0.7  # between two changes
CHANGE_S = 0.5  # a change of short requests is over by then; nobody asks anything meanwhile, which would be measured with it
TWO = proxies.HOSTS[:2]
# A change costs three etcds some 30 ms of CPU time, which would be measured as a pause of whoever waits for the same core.
STORE_NICENESS = 10
# Far from what the machine can do, so that latencies tell of waiting and not of each other.
CLIENTS = ("--sessions", "60", "--clients", "60", "--think-ms", "60", "--session-operations", "2000", "--websocket-share")


class Times:
    def __init__(self, options, network, folder):
        self._programs = Programs.of_build()
        self._options, self._network, self._scratch = options, network, folder
        self._store = store.Cluster(network, tempfile.mkdtemp(dir=folder), folder, niceness=STORE_NICENESS)
        self._cells = 0

    def cell(self, websocket_share=0.0):
        self._cells += 1
        folder = os.path.join(self._scratch, f"cell-{self._cells}")
        lists = os.path.join(self._scratch, f"lists-{self._cells}")
        cell = Cell(self._network, self._store, self._programs, FAULTS["none"], self._options.mode, folder, lists, 1, TWO)
        for host, proxy in cell.proxies.items():
            proxy.access_log = cell.file(f"access-{host}.log")
        cell.start(1, more=(*CLIENTS, str(websocket_share)))
        return cell

    def planned(self, title, websocket_share):
        """Joins, leaves, drains and their ends, one after the other."""
        cell, changes = self.cell(websocket_share), []

        def change(what):
            time.sleep(QUIET_S)
            begin = time.monotonic_ns()
            what()
            time.sleep(CHANGE_S)
            end = time.monotonic_ns()
            cell.wait_until_converged()
            changes.append((begin, end, time.monotonic_ns()))

        try:
            for number in range(self._options.rounds):
                kind = CHANGES[("join", "drain")[number % 2]]
                change(lambda kind=kind, number=number: kind.apply(cell, number))
                change(lambda kind=kind: kind.undo(cell))
            time.sleep(QUIET_S)
            cell.load.finish()
        finally:
            cell.stop()
        quiet, staying = times.sort_out(times.operations(cell.folder), times.executions(cell.folder), changes)
        parked = times.parked_ms([proxy.access_log for proxy in cell.proxies.values()])
        row(f"{title}: parked", parked)
        row(f"{title}: operations of sessions that stay, during a change", staying)
        row(f"{title}: operations in quiet time", quiet)

    def member_killed(self):
        cell, crash, served = self.cell(), CHANGES["crash"], []
        killed = []
        try:
            for number in range(self._options.rounds // 4):
                time.sleep(QUIET_S)
                owner = cell.members["m3"].owner
                killed.append((owner, time.monotonic_ns()))
                crash.apply(cell, number)
                cell.wait_until_converged()
                time.sleep(QUIET_S)
                crash.undo(cell)
                cell.wait_until_converged()
            cell.load.finish()
        finally:
            cell.stop()
        done, executed = times.operations(cell.folder), times.executions(cell.folder)
        for owner, when in killed:
            served += times.served_again_ms(done, executed, owner, when)
        row(f"a member is killed: its sessions are served again after (lease {proxies.LEASE_TTL_S:g} s)", served)

    def proxy_killed(self):
        cell, join, held_up = self.cell(), CHANGES["join"], []
        try:
            for number in range(self._options.rounds // 4):
                victim = cell.proxies[TWO[number % 2]]
                victim.kill()
                begin = time.monotonic()
                join.apply(cell, number)
                wait_until(lambda: self.is_committed(cell), "the commit", 60)
                held_up.append(1000 * (time.monotonic() - begin))
                victim.start()
                cell.wait_until_converged()
                join.undo(cell)
                cell.wait_until_converged()
            cell.load.finish()
        finally:
            cell.stop()
        row(f"a proxy is killed: a join is committed after (removal {proxies.REMOVAL_S:g} s at the most)", held_up)

    @staticmethod
    def is_committed(cell):
        view, _ = cell.view()
        return view.get("state") == "COMMITTED" and "m5" in [m[0] for m in view["members"]]


def row(what, values):
    shares = "".join(f" {times.percentile(values, share):.1f} |" for share in (0.5, 0.9, 0.99, 1))
    print(f"| {what} | {len(values):,} |{shares}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="planned changes, each with its undoing")
    parser.add_argument("--mode", choices=("barrier", "available"), default="barrier", help="available: for http, to compare with")
    parser.add_argument("--part", choices=("http", "websocket", "member", "proxy"), action="append")
    options = parser.parse_args()
    end_in_order_at_signals()
    network = Network()
    folder = scratch.make()
    try:
        network.enter()
        measured = Times(options, network, folder)
        parts = {
            "http": lambda: measured.planned("joins and drains, HTTP", 0.0),
            "websocket": lambda: measured.planned("joins and drains, a third by WebSocket", 0.3),
            "member": measured.member_killed,
            "proxy": measured.proxy_killed,
        }
        print("| ms | count | p50 | p90 | p99 | max |\n| --- | --- | --- | --- | --- | --- |", flush=True)
        for one in options.part or parts:
            parts[one]()
    finally:
        network.remove()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
