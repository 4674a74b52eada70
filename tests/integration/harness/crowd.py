"""Many WebSockets that are held, each of a session of its own, and what becomes of them."""

import json
import select

from .client import ConnectionEnded
from .waiting import wait_until
from .websocket import CLOSE, WebSocket


class Held:
    """One tunnel: its session and member; how it ended, if it did: a close code, or "lost" without one."""

    def __init__(self, address, session, headers):
        self.session = session
        self.socket = WebSocket(address, headers=[("X-User-Id", session), *headers])
        self.member = self.whoami()
        self.ended = None

    def whoami(self):
        return json.loads(self.socket.ask("whoami"))["member"]

    def hear(self):
        """Takes what came; nothing but a close is expected."""
        try:
            frame = self.socket.read_frame()
            if frame.opcode != CLOSE:
                raise AssertionError(f"{self.session} heard {frame}, and had asked nothing")
            self.ended = frame.close_code
            self.socket.send_frame(CLOSE, frame.payload[:2])
        except (ConnectionEnded, OSError):
            self.ended = self.ended or "lost"
        self.socket.close()


class Crowd:
    def __init__(self, case, proxies, count, name="tunnel", headers=()):
        """Through the proxies in turn."""
        self.tunnels = []
        self._poll = select.epoll()
        self._by_file = {}  # those that have not ended
        case.addCleanup(self._poll.close)
        for number in range(count):
            held = Held(proxies[number % len(proxies)].address, f"{name}-{number}", headers)
            case.addCleanup(held.socket.close)
            self._poll.register(held.socket.socket, select.EPOLLIN)
            self._by_file[held.socket.socket.fileno()] = held
            self.tunnels.append(held)

    def listen(self, seconds=0.0):
        """Hears what has come, waiting for a first word at the most so long."""
        for file, _ in self._poll.poll(seconds):
            self._poll.unregister(file)
            self._by_file.pop(file).hear()

    def open(self):
        return [held for held in self.tunnels if held.ended is None]

    def ended(self, how=None):
        return [held for held in self.tunnels if held.ended is not None and (how is None or held.ended == how)]

    def of(self, member):
        return [held for held in self.tunnels if held.member == member]

    def wait_for_ended(self, wanted, seconds=60):
        """Until just these have ended; fails as soon as another one has."""
        expected = {held.session for held in wanted}

        def all_ended():
            self.listen(0.05)
            ended = {held.session for held in self.ended()}
            if ended - expected:
                raise AssertionError(f"{len(ended - expected)} ended that should not: {sorted(ended - expected)[:5]}")
            return ended == expected

        wait_until(all_ended, f"the end of {len(expected)} tunnels; {len(self.ended())} have ended", seconds)

    def assert_open_ones_answer(self):
        """Each that has not ended goes there and back, to the member that it began with."""
        for held in self.open():
            now = held.whoami()
            if now != held.member:
                raise AssertionError(f"the tunnel of {held.session} came to {now}, not to {held.member}")
