"""What a soak is made of: visitors who check each answer, tunnels that are held, outages that excuse, resources over time.

Nothing here knows how long it runs or what is done to the proxies meanwhile; soak_test.py does.
"""

import collections
import dataclasses
import json
import statistics
import threading
import time

from harness.client import Connection
from harness.websocket import CLOSE, WebSocket
from soak_load import answered_within_ms

PAUSE_S = 0.01  # between two visits of one visitor, so that the load is moderate
REQUESTS_A_CONNECTION = 200
COMPLAINTS_MAX = 20
DOWNLOAD_BYTES = 30_000

GOING_AWAY = 1001  # of the member; RFC 6455 section 7.4.1
SERVICE_RESTART = 1012  # of the proxy, where it is first; IANA


@dataclasses.dataclass
class Outage:
    """A member's absence, from just before it until every proxy sends its sessions to it again."""

    member: str
    begun: float
    cuts: bool  # whether requests under way are cut, as by a kill
    cut: float = float("inf")  # when they have been, at the latest
    ended: float = float("inf")


class Outages:
    """What excuses a visitor's bad luck. An outage is told here before it is made."""

    def __init__(self):
        self.all = []

    def begin(self, member, cuts):
        outage = Outage(member, time.monotonic(), cuts)
        self.all.append(outage)
        return outage

    def touch(self, member, since):
        """Whether the member was away at some time from then until now: its sessions may be elsewhere, or new."""
        return any(one.member == member and since <= one.ended for one in self.all)

    def cut(self, member, since):
        """Whether a request to the member that has been under way since then was cut by a kill."""
        return any(one.member == member and one.cuts and since <= one.cut for one in self.all)


class Journal:
    """What all visitors saw, in bounded memory."""

    def __init__(self, length_s):
        self._begun, self._length_s = time.monotonic(), length_s
        self._lock = threading.Lock()
        self._tenths_ms = [collections.Counter() for _ in range(4)]  # times of answers, a quarter each
        self.complaints = []
        self.excused = 0

    def quarter(self):
        return min(3, int(4 * (time.monotonic() - self._begun) / self._length_s))

    def answered(self, seconds):
        with self._lock:
            self._tenths_ms[self.quarter()][round(seconds * 10_000)] += 1

    def failed(self, excused, what):
        with self._lock:
            if excused:
                self.excused += 1
            elif len(self.complaints) < COMPLAINTS_MAX:
                self.complaints.append(what)

    @property
    def answers(self):
        with self._lock:
            return sum(sum(quarter.values()) for quarter in self._tenths_ms)

    def latency_ms(self, quarter, share):
        """What that share of the quarter's answers was not slower than."""
        return answered_within_ms(self._tenths_ms[quarter], share)


class Visitor(threading.Thread):
    """Has some sessions and visits them in turn, writing through one proxy and reading through the other.

    Each session counts, and its visitor is the only one who does: a count that is not the next one was lost, or sent twice,
    or counted by a member that is not the session's.
    """

    def __init__(self, proxies, homes, outages, journal):
        super().__init__(daemon=True)
        self._proxies = proxies
        self._homes = homes  # the member of each session
        self._outages = outages
        self._journal = journal
        self._over = threading.Event()
        self._connections = {}  # by proxy, with the requests so far
        self._counts = {}  # the last count of each session, and when the visit of it began

    def run(self):
        turn = 0
        try:
            while not self._over.is_set():
                for session in self._homes:
                    turn += 1
                    self._visit(session, self._proxies[turn % 2], self._proxies[(turn + 1) % 2], turn)
                    if self._over.wait(PAUSE_S):
                        break
        except BaseException as error:  # pylint: disable=broad-except
            self._journal.failed(False, f"a visitor gave up: {error!r}")
        for connection, _ in self._connections.values():
            connection.close()

    def finish(self):
        self._over.set()
        self.join()

    def _visit(self, session, one, other, turn):
        begun = time.monotonic()
        last, since = self._counts.pop(session, (None, begun))
        written = self._ask(one, session, "POST", "/counter")
        if written is None:
            return
        count = json.loads(written.body)["counter"]
        away = self._outages.touch(self._homes[session], since)
        if last is not None and count != last + 1 and not away:
            self._journal.failed(False, f"{session} counted {count} after {last}, at {written.member}")
        read = self._ask(other, session, "GET", "/counter")
        if read is None or self._outages.touch(self._homes[session], since):
            return
        if json.loads(read.body)["counter"] != count:
            self._journal.failed(False, f"{session} wrote {count} and read {read.body!r} at {read.member}")
        self._counts[session] = count, begun
        if turn % 10 == 0:
            self._download(one, session)

    def _download(self, proxy, session):
        response = self._ask(proxy, session, "GET", f"/bytes/{DOWNLOAD_BYTES}?chunked=1")
        if response is not None and len(response.body) != DOWNLOAD_BYTES:
            self._journal.failed(False, f"{session}: {len(response.body)} bytes")

    def _ask(self, proxy, session, method, target):
        """The answer, if it is one: 200, and from the session's member. Else the journal knows why there is none."""
        begun, home = time.monotonic(), self._homes[session]
        try:
            response = self._connection(proxy).request(method, target, [("X-User-Id", session)])
        except (AssertionError, OSError) as error:
            self._drop(proxy)
            what = repr(error)
        else:
            if response.status == 200:
                self._journal.answered(time.monotonic() - begun)
                if response.member != home and not self._outages.touch(home, begun):
                    self._journal.failed(False, f"{session} of {home} was answered by {response.member}")
                return response
            if (response.fields.get("Connection") or "").lower() == "close":
                self._drop(proxy)
            what = f"{response.status} {response.body!r}"
        self._journal.failed(self._outages.cut(home, begun), f"{method} {target} for {session} of {home}: {what}")
        return None

    def _connection(self, proxy):
        connection, requests = self._connections.get(proxy, (None, 0))
        if requests == REQUESTS_A_CONNECTION:
            self._drop(proxy)
            connection, requests = None, 0
        connection = connection or Connection(proxy.address)
        self._connections[proxy] = connection, requests + 1
        return connection

    def _drop(self, proxy):
        connection, _ = self._connections.pop(proxy, (None, 0))
        if connection:
            connection.close()


class Tunnel:
    """A WebSocket that is held, and opened again only after its member was away."""

    def __init__(self, proxy, session, home):
        self._proxy, self._session, self.home = proxy, session, home
        self._messages = 0
        self.open()

    def open(self):
        self._socket = WebSocket(self._proxy.address, headers=[("X-User-Id", self._session)])
        member = json.loads(self._socket.ask("whoami"))["member"]
        if member != self.home:
            raise AssertionError(f"the tunnel of {self._session} goes to {member}, not to {self.home}")

    def ask(self):
        """There and back; fails where the tunnel was closed."""
        self._messages += 1
        text = f"{self._session}: {self._messages}"
        answer = self._socket.ask(text)
        if answer != text:
            raise AssertionError(f"{answer!r} came back, not {text!r}")

    def expect_farewell(self):
        """The member goes in order: a close frame comes, of its own or of the proxy, and is answered."""
        frame = self._socket.read_frame()
        if frame.opcode != CLOSE or frame.close_code not in (GOING_AWAY, SERVICE_RESTART):
            raise AssertionError(f"{frame} instead of a close frame for {self._session}")
        self._socket.send_frame(CLOSE, frame.payload)
        self._socket.assert_closed()
        self._socket.close()

    def close(self):
        self._socket.close()


class Resources:
    """A proxy's memory and file descriptors over the time."""

    def __init__(self, proxy, journal):
        self._process, self._journal = proxy.process, journal
        self._samples = [[] for _ in range(4)]
        self.quiet_files = self._process.open_files()

    def sample(self):
        self._samples[self._journal.quarter()].append((self._process.resident_bytes(), self._process.open_files()))

    def medians(self, quarter):
        """Resident bytes and open files."""
        samples = self._samples[quarter] or [(float("nan"), float("nan"))]
        return tuple(statistics.median(column) for column in zip(*samples))

    def open_files(self):
        return self._process.open_files()
