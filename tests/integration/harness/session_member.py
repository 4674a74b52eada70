"""A member that issues what the client asks it to, and tells what it was sent.

The field X-Answer of a request is JSON: the fields of the answer, in their order. The answer's content is JSON: the member's
id, and the request as it came. The target decides what else there is to it:

    /hold     the answer waits for release()
    /events   an event stream of one event, which ends when released
    /half-event  an event stream: the rest of its event comes when released, another at finish()
    /endless  an answer whose second half comes when released; the request's content is not read
    /close    the connection is closed behind the answer, which does not say so
    /early    a 103 with the same fields comes before the answer
    /ws       a WebSocket that echoes; the fields are those of the 101
"""

import json
import threading

from .origin import Origin
from .waiting import DEADLINE_S
from .websocket import TEXT, accept_for, encode_frame, read_frame


class SessionMember:
    def __init__(self, case, member_id):
        self.id = member_id
        self._released, self._finished = threading.Event(), threading.Event()
        self._origin = Origin(self._serve)
        self.address = self._origin.address
        case.addCleanup(self.stop)

    def entry(self, **more):
        """As a static member of the configuration."""
        return {"id": self.id, "address": self.address, **more}

    @property
    def requests(self):
        return self._origin.requests

    def wait_for_requests(self, count):
        self._origin.wait_for_requests(count)

    def release(self):
        """What is held goes on, and nothing is held from now on."""
        self._released.set()

    def finish(self):
        self._finished.set()

    def close_listener(self):
        self._origin.close_listener()

    def stop(self):
        self.release(), self.finish()
        self._origin.stop()

    def _serve(self, peer):
        while True:
            request = peer.read_head()
            if not request.target.startswith("/endless"):
                peer.read_body(request)
            fields = [tuple(one) for one in json.loads(request.fields.get("X-Answer") or "[]")]
            path = request.target.partition("?")[0]
            if path == "/ws":
                return self._serve_websocket(peer, request, fields)
            if path == "/events":
                return self._serve_events(peer, fields)
            if path == "/half-event":
                return self._serve_half_event(peer)
            if path == "/endless":
                self._serve_endless(peer)
                continue
            if path == "/early":
                lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
                peer.send(f"HTTP/1.1 103 Early Hints\r\n{lines}\r\n")
            if path == "/hold":
                self._released.wait(DEADLINE_S)
            body = json.dumps({"member": self.id, "fields": request.fields.lines, "body": request.body.decode()})
            body = b"" if request.method == "HEAD" else body.encode()
            peer.respond(body, fields=[*fields, ("X-Member", self.id)])
            if path == "/close":
                return None

    def _serve_events(self, peer, fields):
        lines = "".join(f"{name}: {value}\r\n" for name, value in [*fields, ("X-Member", self.id)])
        peer.send(f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{lines}\r\ndata: {self.id}\n\n")
        self._released.wait(DEADLINE_S)

    def _serve_half_event(self, peer):
        peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: first\n")
        self._released.wait(DEADLINE_S)
        peer.send("\n")
        self._finished.wait(DEADLINE_S)
        peer.send("data: second\n\n")

    def _serve_endless(self, peer):
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nbegun")
        self._released.wait(DEADLINE_S)
        peer.send(", done")

    def _serve_websocket(self, peer, request, fields):
        accept = accept_for(request.fields.get("Sec-WebSocket-Key"))
        lines = "".join(f"{name}: {value}\r\n" for name, value in [*fields, ("X-Member", self.id)])
        peer.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n{lines}\r\n"
        )
        while True:
            frame = read_frame(peer)
            if frame.opcode != TEXT:
                return
            peer.send(encode_frame(TEXT, f"{self.id}: {frame.payload.decode()}".encode(), mask=None))
