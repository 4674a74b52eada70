"""Load at a steady rate, from bench_pace: half of what the proxies can do, for as long as a soak lasts."""

import collections
import json
import os
import subprocess
import threading
import time

from harness.waiting import wait_until

CONNECTIONS = 32
CAPACITY_ANSWERS = 50_000  # that are waited for to see how fast they come


def answered_within_ms(tenths, share):
    """What that share of the answers was not slower than; `tenths` are counts by tenths of a millisecond."""
    left = share * sum(tenths.values())
    for one in sorted(tenths):
        left -= tenths[one]
        if left <= 0:
            return one / 10
    return float("nan")


class Load:
    """As many requests a second as `rate` says (0: as many as come back), over kept connections to all proxies.

    `homes` names the member of each session. `on_failed` and `on_stray` are told of each request that failed or was answered
    by another member: the session, when it began (time.monotonic()), and what happened.
    """

    def __init__(self, case, proxies, homes, rate, on_failed, on_stray):
        path = os.path.join(case.folder(), "sessions")
        with open(path, "w", encoding="ascii") as file:
            file.writelines(f"{session} {member}\n" for session, member in homes.items())
        ports = [proxy.address.rpartition(":")[2] for proxy in proxies]
        self._tell = {"failed": on_failed, "stray": on_stray}
        self._counts = threading.Condition()
        self._unread = collections.deque()
        self._over = False
        self._process = subprocess.Popen(
            [os.path.join(os.environ["LIMPET_BENCH_TOOLS"], "bench_pace"), str(rate), str(CONNECTIONS), path, *ports],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        case.addCleanup(self.finish)

    def _read(self):
        for line in self._process.stdout:
            kind, _, rest = line.partition(" ")
            if kind in self._tell:
                session, begun, what = rest.split(" ", 2)
                self._tell[kind](session, float(begun), what.strip())
                continue
            with self._counts:
                self._unread.append(json.loads(line))
                self._counts.notify_all()
        with self._counts:
            self._over = True
            self._counts.notify_all()

    def answers(self):
        """Since it was asked last: how many, by tenths of a millisecond from when each was due."""
        self._process.stdin.write("?\n")
        self._process.stdin.flush()
        with self._counts:
            if not self._counts.wait_for(lambda: self._unread or self._over, 20) or not self._unread:
                raise AssertionError("bench_pace says nothing any more")
            counts = self._unread.popleft()
        return collections.Counter({int(tenths): count for tenths, count in counts["tenths_ms"].items()})

    def finish(self):
        if self._process.poll() is None:
            self._process.stdin.close()
            self._process.wait(20)
            self._reader.join()
            self._process.stdout.close()


def capacity(case, proxies, homes):
    """How many requests a second all of them answer, in the mean of some tens of thousands."""
    failures = []

    def tell(*what):
        failures.append(what)

    load = Load(case, proxies, homes, 0, tell, tell)
    begun, so_far = time.monotonic(), 0

    def enough():
        nonlocal so_far
        so_far += sum(load.answers().values())
        return so_far >= CAPACITY_ANSWERS or failures

    wait_until(enough, "answers", 60)
    rate = so_far / (time.monotonic() - begun)
    load.finish()
    if failures:
        raise AssertionError(f"requests failed before anything was done to the members: {failures[:5]}")
    return rate


class HalfLoad:
    """Load at half of `most` requests a second, whose bad luck a soak's journal is told as its visitors' is."""

    def __init__(self, soak, most):
        self.capacity = most
        self._homes, self._outages, self._journal = soak.all_homes, soak.outages, soak.journal
        self._tenths = [collections.Counter() for _ in range(4)]
        self._load = Load(soak, soak.proxies, self._homes, int(most / 2), self._failed, self._strayed)

    def _failed(self, session, begun, what):
        home = self._homes[session]
        self._journal.failed(self._outages.cut(home, begun), f"half load: {session} of {home}: {what}")

    def _strayed(self, session, begun, member):
        home = self._homes[session]
        if not self._outages.touch(home, begun):
            self._journal.failed(False, f"half load: {session} of {home} was answered by {member}")

    def sample(self):
        self._tenths[self._journal.quarter()] += self._load.answers()

    def finish(self):
        self._load.finish()

    @property
    def answered(self):
        return sum(sum(quarter.values()) for quarter in self._tenths)

    def within_ms(self, quarter, share):
        return answered_within_ms(self._tenths[quarter], share)
