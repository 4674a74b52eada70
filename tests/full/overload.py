"""What an overload is made of: members and a flood in C++, a client that behaves well beside it, and what is written down.

Nothing here knows what the flood does, or what the proxy should say to it; overload_test.py does.
"""

import collections
import dataclasses
import json
import os
import subprocess
import tempfile
import threading
import time

from harness.client import Connection
from harness.waiting import DEADLINE_S, wait_until

PAUSE_S = 0.002  # between two requests of the client that behaves well
FRESH_EVERY = 10  # so many of its requests come with a connection of their own
ANSWERS_A_PHASE = 300
COMPLAINTS_MAX = 10


def tool(name):
    """One of the C++ programs of tests/bench/tools/."""
    return os.path.join(os.environ["LIMPET_BENCH_TOOLS"], name)


@dataclasses.dataclass
class Member:
    """One of bench_origin's three; `address` makes it a static member."""

    address: str


def start_members(case):
    """Three members in one process that answer from memory: `/` with 100 bytes, `/128k`, `/1m`, uploads."""
    process = case.start_program("members", [tool("bench_origin"), os.path.join(case.folder(), "count")], ends_with=-15)
    wait_until(lambda: "\n" in process.output(), "the members' ports")
    return [Member(f"127.0.0.1:{port}") for port in process.output().split()]


class Flood:
    """bench_flood under way. Ends with `end`, or with the test."""

    def __init__(self, case, proxy, connections, send=b"", drip=b"", **options):
        self.connections = connections
        folder = case.folder()
        command = [tool("bench_flood"), f"port={proxy.address.rpartition(':')[2]}", f"open={connections}"]
        for name, data in (("send", send), ("drip", drip)):
            if data:
                path = os.path.join(folder, name)
                with open(path, "wb") as file:
                    file.write(data)
                command.append(f"{name}={path}")
        command += [f"{name}={value}" for name, value in options.items()]
        self._errors = tempfile.TemporaryFile()
        case.addCleanup(self._errors.close)
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        case.addCleanup(self.end)
        self._lines = collections.deque()
        self._arrived = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._last = None

    def _read(self):
        for line in self._process.stdout:
            with self._arrived:
                self._lines.append(line)
                self._arrived.notify_all()
        with self._arrived:
            self._lines.append(None)
            self._arrived.notify_all()

    def _next_line(self, seconds):
        with self._arrived:
            if not self._arrived.wait_for(lambda: self._lines, seconds):
                raise AssertionError(f"bench_flood said nothing for {seconds} s")
            line = self._lines.popleft()
        if line is None:
            self._errors.seek(0)
            raise AssertionError(f"bench_flood ended: {self._errors.read().decode()}")
        return line

    def wait_until_open(self, seconds=60):
        """All of them are open, or were refused."""
        line = self._next_line(seconds)
        if not line.startswith("open "):
            raise AssertionError(f"{line!r} instead of the number that are open")
        return self

    def _next_counts(self, seconds):
        line = self._next_line(seconds)
        return json.loads(self._next_line(seconds) if line.startswith("open ") else line)

    def counts(self):
        """What became of the connections so far."""
        self._process.stdin.write("?\n")
        self._process.stdin.flush()
        return self._next_counts(DEADLINE_S)

    def wait_for(self, what, condition, seconds=60):
        """`condition(counts)` holds; returns them."""

        def held():
            counts = self.counts()
            return counts if condition(counts) else None

        return wait_until(held, what, seconds)

    def wait_for_end(self, seconds=120):
        """It ends by itself once all its connections have."""
        return self._finish(seconds)

    def end(self):
        """Closes what is open; the counts."""
        if self._last is None and self._process.poll() is None:
            self._process.stdin.close()
            self._finish(DEADLINE_S)
        return self._last

    def _finish(self, seconds):
        self._last = self._next_counts(seconds)
        self._process.wait(DEADLINE_S)
        self._reader.join()
        self._process.stdout.close()
        self._process.stdin.close()
        return self._last


class MemoryGroup:
    """A cgroup of its own for the proxy, with so much memory and no more; skips the test where none can be made.

    `command` goes before the proxy's own. Version 1 does not count what waits in sockets, version 2 does.
    """

    def __init__(self, case, limit_bytes):
        self.limit_bytes = limit_bytes
        self._is_v1 = os.path.isdir("/sys/fs/cgroup/memory")
        root = "/sys/fs/cgroup/memory" if self._is_v1 else "/sys/fs/cgroup"
        self._path = os.path.join(root, f"limpet-overload-{os.getpid()}")
        try:
            os.mkdir(self._path)
            case.addCleanup(os.rmdir, self._path)
            self._write("memory.limit_in_bytes" if self._is_v1 else "memory.max", limit_bytes)
        except OSError as error:
            case.skipTest(f"no cgroup can be made here: {error}")
        self.command = ["sh", "-c", f'echo $$ >{self._path}/cgroup.procs && exec "$@"', "sh"]

    def _write(self, name, value):
        with open(os.path.join(self._path, name), "w", encoding="ascii") as file:
            file.write(str(value))

    def _read(self, name):
        with open(os.path.join(self._path, name), encoding="ascii") as file:
            return file.read()

    def peak_bytes(self):
        return int(self._read("memory.max_usage_in_bytes" if self._is_v1 else "memory.peak"))

    def killed(self):
        """How many processes the kernel ended for want of memory."""
        lines = self._read("memory.oom_control" if self._is_v1 else "memory.events").splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))


class Witness(threading.Thread):
    """A client that behaves well all the time: none of its requests may fail, and its times are written down by phase."""

    def __init__(self, proxy, session, fresh=True):
        super().__init__(daemon=True)
        self._address, self._session, self._fresh = proxy.address, session, fresh
        self._over = threading.Event()
        self._phase = "start"
        self._seconds = collections.defaultdict(list)
        self.complaints = []
        self._kept = Connection(self._address)
        self._ask(self._kept)  # so that it is one of those that were there first
        self.start()

    def run(self):
        turn = 0
        while not self._over.wait(PAUSE_S) and len(self.complaints) < COMPLAINTS_MAX:
            turn += 1
            phase, begun = self._phase, time.monotonic()
            fresh = self._fresh and turn % FRESH_EVERY == 0
            try:
                if fresh:
                    with Connection(self._address) as connection:
                        self._ask(connection)
                else:
                    self._ask(self._kept)
            except (AssertionError, OSError) as error:
                self.complaints.append(f"{phase}: {'a fresh' if fresh else 'the kept'} connection: {error!r}")
                if not fresh:
                    return
            self._seconds[phase].append(time.monotonic() - begun)

    def _ask(self, connection):
        response = connection.request("GET", "/", [("X-User-Id", self._session)])
        if response.status != 200 or len(response.body) != 100:
            raise AssertionError(f"{response.status} {response.body!r}")

    def begin(self, phase):
        """What is asked from now on counts there."""
        self._phase = phase

    def wait_for_answers(self, count=ANSWERS_A_PHASE):
        """So many more in the phase under way, or a complaint."""
        so_far = len(self._seconds[self._phase])
        wait_until(
            lambda: self.complaints or len(self._seconds[self._phase]) >= so_far + count, f"{count} answers", 60
        )

    def milliseconds(self, phase, share):
        """What that share of the phase's answers was not slower than."""
        times = sorted(self._seconds[phase])
        return 1000 * times[min(len(times) - 1, int(share * len(times)))] if times else float("nan")

    def finish(self):
        self._over.set()
        self.join()
        self._kept.close()


class Peak(threading.Thread):
    """The proxy's most resident bytes and open files, looked at ten times a second."""

    def __init__(self, process):
        super().__init__(daemon=True)
        self._process = process
        self._over = threading.Event()
        self.open_files = 0
        self.start()

    def run(self):
        while not self._over.wait(0.1):
            self.open_files = max(self.open_files, self._process.open_files())

    @property
    def resident_bytes(self):
        return self._process.peak_resident_bytes()

    def finish(self):
        self._over.set()
        self.join()


@dataclasses.dataclass
class Row:
    """What one overload did."""

    what: str
    limit: str
    told: dict  # metrics that grew, by what they count
    witness: Witness
    start_bytes: int
    peak_bytes: int
    bound_bytes: int
    after_bytes: int
    peak_files: int


class Table:
    """All of them, to be printed at the end."""

    def __init__(self):
        self.rows = []

    def __str__(self):
        lines = [
            "",
            "  overload: what; its limit; what metrics tell of it",
            "             half/99 % of the well-behaved client's answers within, ms           resident, MiB            files",
            "             before          during          after             start   peak  bound  after     peak",
        ]
        for row in self.rows:
            told = ", ".join(f"{count:.0f} {what}" for what, count in row.told.items()) or "nothing"
            lines.append(f"  {row.what}; {row.limit}; {told}")
            times = "".join(
                f"{row.witness.milliseconds(phase, 0.5):>6.1f}/{row.witness.milliseconds(phase, 0.99):<9.1f}"
                for phase in ("before", "during", "after")
            )
            memory = "".join(
                f"{size / (1 << 20):>7.1f}" for size in (row.start_bytes, row.peak_bytes, row.bound_bytes, row.after_bytes)
            )
            lines.append(f"         {times}     {memory}{row.peak_files:>9}")
        return "\n".join(lines)
