"""Load through two proxies while they reload and members are killed and drained: nothing fails that should not, nothing grows.

LIMPET_SOAK_SECONDS says for how long, and LIMPET_SOAK_RELOAD_SECONDS how often the proxies reload; with LIMPET_SOAK_HALF_LOAD
there is half of the load that they can bear beside the visitors. tests/full.sh and tests/soak.sh set them.
"""

import os
import signal
import threading
import time
import unittest

from harness.agent import AgentMember
from harness.case import IntegrationTest
from harness.client import Connection
from harness.etcd import Etcd
from harness.limpet import merge, static_config
from harness.waiting import wait_until
from soak import Journal, Outages, Resources, Tunnel, Visitor
from soak_load import CONNECTIONS, HalfLoad, capacity

LENGTH_S = float(os.environ.get("LIMPET_SOAK_SECONDS", "60"))
RELOAD_EVERY_S = float(os.environ.get("LIMPET_SOAK_RELOAD_SECONDS", "3"))
HALF_LOAD = os.environ.get("LIMPET_SOAK_HALF_LOAD") == "1"
OUTAGE_EVERY_S = 6.0
SAMPLE_EVERY_S = 0.5
TUNNELS_PAUSE_S = 0.1

VISITORS = 16
SESSIONS_A_VISITOR = 5
TUNNELS = 40

# From the first to the last quarter of the time, in the median. There are a hundred thousand answers between the two even in
# a short soak, so that ten bytes left behind by each would show, and so would fifty kilobytes by each reload.
GROWTH_BYTES_MAX = 1 << 20
GROWTH_FILES_MAX = VISITORS + HALF_LOAD * CONNECTIONS  # connections to members come and go with the visitors
QUIET_FILES_MORE_MAX = 2  # once the load is gone; connections to etcd come and go with each listing


class Soak(IntegrationTest):
    def setUp(self):
        self.etcd = Etcd(self)
        self.members = {one: AgentMember(self, self.etcd, member_id=one) for one in "abc"}
        self.proxies = [self.start_limpet(self.config(0), name=f"proxy {number}") for number in (1, 2)]
        for proxy in self.proxies:
            proxy.wait_for_metric("three members", lambda m: m.total("limpet_view_members", pool="app") == 3)
        self.turn = 0
        self.tunnels_turn = 0
        self.load = None

    def config(self, turn):
        etcd = {"endpoints": [self.etcd.url], "relist": "5s"}
        limits = {"header_count": 50 + turn % 2}
        config = static_config([], pool={"members": None}, route={"name": f"turn-{turn % 2}"}, etcd=etcd, limits=limits)
        config["pools"]["app"].update(members={"etcd": {}}, fail_over="next")
        return config

    def owner(self, proxy, session):
        with Connection(proxy.address) as connection:
            return connection.request("GET", "/", [("X-User-Id", session)]).member

    def homes(self, sessions):
        """The member of each, on which the proxies agree."""
        homes = {session: self.owner(self.proxies[0], session) for session in sessions}
        self.assertEqual(homes, {session: self.owner(self.proxies[1], session) for session in sessions})
        self.assertEqual(set(homes.values()), set(self.members))
        return homes

    # -- what is done to them ------------------------------------------

    def reload(self):
        """Both, one after the other; every fifth time with a file that is refused."""
        self.turn += 1
        bad = self.turn % 5 == 0
        for proxy in self.proxies:
            config = self.config(self.turn)
            proxy.reload(merge(config, {"routs": []}) if bad else config)
            self.assertEqual(proxy.metrics().total("limpet_config_last_reload_successful"), 0 if bad else 1)

    def outage(self, number):
        """`b` and `c` go and come back in turn, each time another way; `a` lives, and so do its tunnels from end to end."""
        member, way = self.members["bc"[number % 2]], (self.kill, self.crash, self.drain)[number % 3]
        its_tunnels = [tunnel for tunnel in self.tunnels if tunnel.home == member.id]
        outage = self.outages.begin(member.id, cuts=way != self.drain)
        way(member, outage, its_tunnels)
        self.ask_tunnels(without=member.id)
        member.start()
        self.wait_for_owner(member, lambda owner: owner == member.id)
        for tunnel in its_tunnels:
            tunnel.close()
            tunnel.open()
        outage.ended = time.monotonic()

    def kill(self, member, outage, _):
        """The agent sees it, and takes it out at once."""
        member.kill_backend()
        outage.cut = time.monotonic()
        member.wait_for_agent(128 + signal.SIGKILL)

    def crash(self, member, outage, _):
        """Nobody takes it out, so that each proxy has to find another member."""
        member.crash()
        outage.cut = time.monotonic()
        self.wait_for_owner(member, lambda owner: owner != member.id)

    def drain(self, member, _, its_tunnels):
        """The agent says so first; no request has an excuse to fail."""
        member.agent.send_signal(signal.SIGTERM)
        for tunnel in its_tunnels:
            tunnel.expect_farewell()
        member.wait_for_agent(0)

    def wait_for_owner(self, member, wanted):
        """Of all sessions of the member, on every proxy."""
        for session in (session for session, home in self.all_homes.items() if home == member.id):
            for proxy in self.proxies:
                wait_until(lambda: wanted(self.owner(proxy, session)), f"the owner of {session} of {member.id}")

    def ask_tunnels(self, without=None):
        """And one of them goes and comes again."""
        for tunnel in self.tunnels:
            if tunnel.home != without:
                tunnel.ask()
        self.tunnels_turn += 1
        tunnel = self.tunnels[self.tunnels_turn % len(self.tunnels)]
        if tunnel.home != without:
            tunnel.close()
            tunnel.open()

    # -- the soak ------------------------------------------------------

    def start_load(self):
        visited = [[f"session-{visitor}-{n}" for n in range(SESSIONS_A_VISITOR)] for visitor in range(VISITORS)]
        held = [f"tunnel-{number}" for number in range(TUNNELS)]
        self.all_homes = self.homes(sum(visited, held))
        for _ in range(5):
            self.reload()  # what the first good and bad ones need is kept for the next
        most = capacity(self, self.proxies, self.all_homes) if HALF_LOAD else 0
        for proxy in self.proxies:
            proxy.wait_for_metric("no connection", self.is_quiet)
        self.outages, self.journal = Outages(), Journal(LENGTH_S)
        self.resources = [Resources(proxy, self.journal) for proxy in self.proxies]
        self.tunnels = []
        for number, session in enumerate(held):
            self.tunnels.append(Tunnel(self.proxies[number % 2], session, self.all_homes[session]))
            self.addCleanup(self.tunnels[-1].close)
        if HALF_LOAD:
            self.load = HalfLoad(self, most)
        self.visitors = []
        for sessions in visited:
            homes = {session: self.all_homes[session] for session in sessions}
            self.visitors.append(Visitor(self.proxies, homes, self.outages, self.journal))
            self.visitors[-1].start()
            self.addCleanup(self.visitors[-1].finish)

    def every(self, seconds, action, over):
        """On a thread of its own, again and again, the time of the action included; an error ends the soak."""

        def run():
            try:
                while not over.wait(seconds):
                    action()
            except BaseException as error:  # pylint: disable=broad-except
                self.journal.failed(False, f"{action.__name__}: {error!r}")

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def soak(self):
        """Until the time is over, or something went wrong."""
        over = threading.Event()

        def sample():
            for resources in self.resources:
                resources.sample()
            if self.load:
                self.load.sample()

        threads = [self.every(RELOAD_EVERY_S, self.reload, over), self.every(SAMPLE_EVERY_S, sample, over)]
        try:
            end, outages = time.monotonic() + LENGTH_S, 0
            while time.monotonic() < end and not self.journal.complaints:
                self.ask_tunnels()
                over.wait(TUNNELS_PAUSE_S)
                if len(self.outages.all) * OUTAGE_EVERY_S < LENGTH_S - (end - time.monotonic()):
                    self.outage(outages)
                    outages += 1
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def test_soak(self):
        self.start_load()
        try:
            self.soak()
        finally:
            for visitor in self.visitors:
                visitor.finish()
            if self.load:
                self.load.finish()
            print(self.report())
        self.assertEqual(self.journal.complaints, [])
        self.ask_tunnels()
        for resources in self.resources:
            (memory, files), (memory_then, files_then) = resources.medians(0), resources.medians(3)
            self.assertLess(memory_then - memory, GROWTH_BYTES_MAX)
            self.assertLessEqual(files_then - files, GROWTH_FILES_MAX)
        self.assert_quiet()

    def assert_quiet(self):
        """With the load gone, all that it needed is given back."""
        for tunnel in self.tunnels:
            tunnel.close()
        for proxy, resources in zip(self.proxies, self.resources):
            proxy.wait_for_metric("no connection", self.is_quiet)
            files_max = resources.quiet_files + QUIET_FILES_MORE_MAX
            wait_until(lambda: resources.open_files() <= files_max, "the file descriptors of before")

    @staticmethod
    def is_quiet(metrics):
        busy = ("tunnels", "connections", "upstream_connections", "buffered_bytes")
        return all(metrics.total(f"limpet_{what}") == 0 for what in busy)

    def report(self):
        cuts = sum(outage.cuts for outage in self.outages.all)
        opened = sum(proxy.metrics().total("limpet_tunnels_opened_total") for proxy in self.proxies)
        lines = [
            f"\n  {self.journal.answers} answers; {self.journal.excused} requests cut by a kill; {self.turn} reloads; "
            f"{cuts} kills and {len(self.outages.all) - cuts} drains; {opened:.0f} tunnels",
            "  quarter    answered within, ms      proxy 1               proxy 2",
            "             half   99 %    99.9 %    resident KiB  files   resident KiB  files",
        ]
        for quarter, name in ((0, "first"), (3, "last")):
            latency = [self.journal.latency_ms(quarter, share) for share in (0.5, 0.99, 0.999)]
            line = f"  {name:<8}{latency[0]:>9.1f}{latency[1]:>7.1f}{latency[2]:>10.1f}"
            for resources in self.resources:
                memory, files = resources.medians(quarter)
                line += f"{memory / 1024:>16.0f}{files:>7.0f}"
            lines.append(line)
        return "\n".join(lines + self.report_of_load())

    def report_of_load(self):
        if not self.load:
            return []
        lines = [
            f"  half load: {self.load.capacity / 2:.0f} requests/s of {self.load.capacity:.0f}; {self.load.answered} answers",
            "  quarter    answered within, ms, from when each was due",
        ]
        for quarter, name in ((0, "first"), (3, "last")):
            half, most, nearly_all = (self.load.within_ms(quarter, share) for share in (0.5, 0.99, 0.999))
            lines.append(f"  {name:<8}{half:>9.1f}{most:>7.1f}{nearly_all:>10.1f}")
        return lines


if __name__ == "__main__":
    unittest.main()
