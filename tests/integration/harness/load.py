"""Clients that use their sessions all the time while something goes wrong, and count what they saw."""

import json
import threading
import time

from .client import Connection

COMPLAINTS_MAX = 20
PAUSE_S = 0.004  # between two requests of one client: a moderate load, whatever the machine


class Load:
    """Each client counts up its sessions' counters in turn, through the proxies in turn.

    `sent` requests; `failed`: no answer, or another than 200; `moved`: answers of another member than the one before, by session;
    `lost`: a member that had a session did not have its count any more.
    """

    def __init__(self, case, proxies, sessions=40, clients=4, name="visitor"):
        self._proxies = proxies
        self._cookies = {}  # session: the last that was issued; its client alone comes here
        self._over = threading.Event()
        self._lock = threading.Lock()
        self.sent = self.failed = self.lost = 0
        self.moved = {}  # session: how often
        self.members = {}  # session: who answered last
        self.complaints = []
        names = [f"{name}-{number}" for number in range(sessions)]
        self._threads = [
            threading.Thread(target=self._run, args=(names[client::clients],), daemon=True) for client in range(clients)
        ]
        case.addCleanup(self.finish)

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def finish(self):
        self._over.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        return self

    def sessions_moved(self):
        with self._lock:
            return len(self.moved)

    def moves(self):
        with self._lock:
            return sum(self.moved.values())

    def forget_moves(self):
        """From here on, moves are counted anew."""
        with self._lock:
            self.moved = {}

    def _run(self, sessions):
        connections, counts, turn = {}, {}, 0
        while not self._over.is_set():
            for session in sessions:
                turn += 1
                proxy = self._proxies[turn % len(self._proxies)]
                self._visit(proxy, session, connections, counts)
                if self._over.wait(PAUSE_S):
                    break
        for connection in connections.values():
            connection.close()

    def _visit(self, proxy, session, connections, counts):
        began = time.monotonic()
        try:
            if proxy not in connections:
                connections[proxy] = Connection(proxy.address)
            fields = [("X-User-Id", session), *(("Cookie", one) for one in self._cookies.get(session, ()))]
            response = connections[proxy].request("POST", "/counter", fields)
        except (AssertionError, OSError) as error:
            connections.pop(proxy).close() if proxy in connections else None
            return self._fail(f"{session}: {error!r} after {time.monotonic() - began:.3f} s")
        if (response.fields.get("Connection") or "").lower() == "close":
            connections.pop(proxy).close()
        if response.status != 200:
            return self._fail(f"{session}: {response.status} {response.body[:200]!r}")
        issued = response.fields.get("Set-Cookie")
        if issued:
            self._cookies[session] = (issued.partition(";")[0],)
        self._take(session, response.member, json.loads(response.body)["counter"], counts)

    def _take(self, session, member, count, counts):
        with self._lock:
            self.sent += 1
            before = self.members.get(session)
            if before not in (None, member):
                self.moved[session] = self.moved.get(session, 0) + 1
            elif before == member and count != counts[session] + 1:
                self.lost += 1
            self.members[session] = member
            counts[session] = count

    def _fail(self, what):
        with self._lock:
            self.sent += 1
            self.failed += 1
            if len(self.complaints) < COMPLAINTS_MAX:
                self.complaints.append(what)
