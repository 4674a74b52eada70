"""What goes wrong, while a change of the membership is on its way. A fault begins, the change is made, the fault lasts, and is
healed; then the change is undone. Times are those of proxies.py: W the window, D the most that work takes."""

import json
import time

from harness.waiting import wait_until

from . import store
from .proxies import LEASE_TTL_S, REMOVAL_S, WINDOW_S
from .store import StoreError, Watch

VICTIM = "m1"  # changes leave it alone


class Fault:
    lasts_s = 0.0
    rounds = 2  # how often it meets the change in a cell
    is_first = False  # always before the change
    needs_barrier = False
    is_beyond = False  # the assumptions that `barrier` rests on: violations are told, and no failure
    is_control = False  # an assumption is broken on purpose: without any violation the matrix could find none
    slow_share = 0.0  # of operations, which members execute for longer than D
    give_up_share = 0.0  # of operations, whose clients leave after some milliseconds

    def begin(self, cell, round_number):
        pass

    def during(self, cell, round_number):
        time.sleep(self.lasts_s)

    def end(self, cell, round_number):
        pass


def proxy_of(cell, round_number):
    """Each in its turn."""
    proxies = list(cell.proxies.values())
    return proxies[round_number % len(proxies)]


class Nothing(Fault):
    lasts_s = 0.5
    rounds = 6


class GiveUp(Fault):
    lasts_s = 0.5
    rounds = 6
    give_up_share = 0.2


class SlowWork(Fault):
    lasts_s = 0.5
    rounds = 6
    is_beyond = is_control = True
    slow_share = 0.01


class ProxyKilled(Fault):
    lasts_s = REMOVAL_S + 1
    rounds = 3

    def begin(self, cell, round_number):
        proxy_of(cell, round_number).kill()

    def end(self, cell, round_number):
        proxy_of(cell, round_number).start()


class MoverKilled(Fault):
    """A proxy is killed as soon as the change has come to a step; each proxy in its turn, so that the one that moved the
    record is among them."""

    lasts_s = REMOVAL_S + 1
    rounds = 3
    is_first = True
    needs_barrier = True

    def __init__(self, step):
        self._step, self._watch = step, None

    def _is_there(self, prefix, key, value):
        if value is None:
            return False
        if self._step == "first acknowledgement":
            return key.startswith(prefix + "acks/")
        return key == prefix + "view" and json.loads(value).get("state") == self._step

    def begin(self, cell, round_number):
        victim = proxy_of(cell, round_number).program.process

        def on_event(key, value):
            if self._is_there(cell.prefix, key, value):
                victim.kill()

        self._watch = Watch(cell.prefix, on_event)

    def end(self, cell, round_number):
        self._watch.close()
        proxy = proxy_of(cell, round_number)
        if proxy.is_running():
            raise AssertionError(f"the step was not seen: {self._step}")
        proxy.start()


class ProxyFrozen(Fault):
    """Until it was taken out of the barrier set; then it goes on where it was."""

    lasts_s = REMOVAL_S + 1
    is_beyond = True

    def begin(self, cell, round_number):
        proxy_of(cell, round_number).program.freeze()

    def end(self, cell, round_number):
        proxy_of(cell, round_number).program.thaw()


class MemberKilled(Fault):
    lasts_s = LEASE_TTL_S + 2
    rounds = 3

    def begin(self, cell, round_number):
        cell.members[VICTIM].kill()
        cell.abandon(VICTIM)

    def end(self, cell, round_number):
        cell.members[VICTIM].start()
        cell.register(VICTIM)


class MemberRestarted(Fault):
    """At once, and at the same address: another incarnation, which remembers nothing."""

    lasts_s = 0.5
    rounds = 5

    def begin(self, cell, round_number):
        cell.members[VICTIM].kill()
        cell.members[VICTIM].start()
        cell.register(VICTIM)


class MemberFrozen(Fault):
    """Together with what keeps its lease; it goes on when its sessions have moved."""

    lasts_s = REMOVAL_S + 1
    is_beyond = True

    def begin(self, cell, round_number):
        cell.members[VICTIM].freeze()
        cell.abandon(VICTIM)

    def end(self, cell, round_number):
        cell.members[VICTIM].thaw()
        cell.register(VICTIM)


class CutOff(Fault):
    """Between one proxy and all of etcd; its members and clients still reach it."""

    lasts_s = REMOVAL_S + 2
    rounds = 3

    def __init__(self, to_etcd, from_etcd):
        self._to_etcd, self._from_etcd = to_etcd, from_etcd

    def begin(self, cell, round_number):
        host = proxy_of(cell, round_number).host
        if self._to_etcd:
            cell.network.drop([host], store.HOSTS)
        if self._from_etcd:
            cell.network.drop(store.HOSTS, [host])

    def end(self, cell, round_number):
        cell.network.heal()


class WatchBlackHole(Fault):
    """What etcd sends on the connection that carries a proxy's watch is lost: the one that has long sent nothing itself, while
    the others carry a read each third of the window."""

    lasts_s = 2 * WINDOW_S
    rounds = 3
    silent_ms = WINDOW_S * 500

    def begin(self, cell, round_number):
        host = proxy_of(cell, round_number).host

        def silent():
            return [one for one in cell.network.connections(host, store.PORT) if one[2] > self.silent_ms]

        watches = wait_until(silent, f"a silent connection of {host}")
        cell.note(f"watches of {host}: {watches}")
        for peer, port, _ in watches:
            cell.network.drop([peer], [host], f"tcp dport {port}")

    def end(self, cell, round_number):
        cell.network.heal()


class StoreFault(Fault):
    def end(self, cell, round_number):
        cell.store.mend()


class LeaderKilled(StoreFault):
    lasts_s = 3.0
    rounds = 3

    def begin(self, cell, round_number):
        cell.store.programs[cell.store.leader()].kill()


class NoMajority(StoreFault):
    lasts_s = WINDOW_S + 2

    def begin(self, cell, round_number):
        leader = cell.store.leader()
        other = next(one for one in store.HOSTS if one != leader)
        for host in (leader, other):
            cell.store.programs[host].kill()


class Stalled(StoreFault):
    lasts_s = WINDOW_S + 2

    def begin(self, cell, round_number):
        for program in cell.store.programs.values():
            program.freeze()


class Compaction(Fault):
    """At each revision that there is, as fast as it goes, while watches end all the time: those that go on from where they
    were find that it is compacted."""

    lasts_s = 1.5
    rounds = 5
    apart_s = 0.1  # of resets; each proxy has its turn

    def during(self, cell, round_number):
        begin, resets = time.monotonic(), 0
        while time.monotonic() < begin + self.lasts_s:
            cell.client.compact()
            if time.monotonic() > begin + self.apart_s * (resets + 1):
                cell.network.reset(proxy_of(cell, resets).host, store.PORT)
                resets += 1


class LeasesRevoked(Fault):
    """All of them, those of proxies and of members, twice in a short time."""

    lasts_s = 1.0
    rounds = 4

    def during(self, cell, round_number):
        for _ in range(2):
            try:
                cell.client.revoke_all()
            except StoreError as error:
                cell.note(f"revoke: {error}")  # one has run out meanwhile
            time.sleep(self.lasts_s / 2)


FAULTS = {
    "none": Nothing(),
    "client gives up": GiveUp(),
    "work beyond D": SlowWork(),
    "proxy killed": ProxyKilled(),
    "proxy killed at PREPARE": MoverKilled("PREPARE"),
    "proxy killed at an acknowledgement": MoverKilled("first acknowledgement"),
    "proxy killed at the commit": MoverKilled("COMMITTED"),
    "proxy frozen": ProxyFrozen(),
    "proxy to etcd dropped": CutOff(True, False),
    "etcd to proxy dropped": CutOff(False, True),
    "proxy cut off from etcd": CutOff(True, True),
    "watch black hole": WatchBlackHole(),
    "member killed": MemberKilled(),
    "member restarted": MemberRestarted(),
    "member frozen": MemberFrozen(),
    "etcd leader killed": LeaderKilled(),
    "etcd without a majority": NoMajority(),
    "etcd stalled": Stalled(),
    "etcd compacted": Compaction(),
    "leases revoked": LeasesRevoked(),
}
