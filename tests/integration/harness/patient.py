"""A member whose health and manners a test changes while it runs."""

import threading

from .websocket import accept_for


class Patient:
    """Answers with its name; `/healthz` with `health`.

    `health` is a status, or None: the check is taken and never answered. `manner` is what becomes of all other requests:
    "good", "silent" (taken and never answered), "rude" (the connection ends) or "ill" (500). A request for `/hold` waits
    until `release` or `cut`. An upgrade is a tunnel that echoes, whatever the manner.
    """

    def __init__(self, case, name, address="127.0.0.1:0"):
        self.name = name
        self.health = 200
        self.manner = "good"
        self.checks = 0
        self.checked_paths = []
        self._changed = threading.Condition()
        self._held = 0
        self._held_ends = None
        self.origin = case.start_origin(self._serve, address=address)

    @property
    def address(self):
        return self.origin.address

    def entry(self, **more):
        return {"id": self.name, "address": self.address, **more}

    def _serve(self, peer):
        while True:
            request = peer.read_request()
            if request.fields.get("User-Agent") == "limpet-check":
                return self._answer_check(peer, request)
            if request.fields.get("Upgrade"):
                return self._echo(peer, request)
            manner = self._hold() if request.target == "/hold" else self.manner
            if manner == "silent":
                return peer.wait_for_end()
            if manner == "rude":
                return None
            peer.respond(self.name.encode(), status="500 Ill" if manner == "ill" else "200 OK")

    def _answer_check(self, peer, request):
        status = self.health
        with self._changed:
            self.checks += 1
            self.checked_paths.append(request.target)
        if status is None:
            return peer.wait_for_end()
        return peer.respond(status=f"{status} As it is")

    def _echo(self, peer, request):
        accept = accept_for(request.fields.get("Sec-WebSocket-Key"))
        fields = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}"
        peer.send(f"HTTP/1.1 101 Switching Protocols\r\n{fields}\r\n\r\n".encode())
        while peer.buffer or peer.fill():
            said, peer.buffer = peer.buffer, b""
            peer.send(said)

    def _hold(self):
        with self._changed:
            self._held += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._held_ends, 60)
            return self._held_ends

    def wait_for_held(self, count):
        with self._changed:
            if not self._changed.wait_for(lambda: self._held >= count, 20):
                raise AssertionError(f"{self._held} of {count} requests are held")

    def let_held(self, manner):
        """All that are held end in this manner."""
        with self._changed:
            self._held_ends = manner
            self._changed.notify_all()
