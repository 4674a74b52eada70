"""A member whose every byte a test decides.

`Origin(script)` calls `script(peer)` in a thread for each connection that it accepts and closes the connection when the
script returns. A script reads requests and sends whatever it likes, and may leave early, fall silent or speak nonsense.
"""

import collections
import contextlib
import dataclasses
import os
import socket
import threading

from .client import ConnectionEnded, Fields, Stream, parse_fields
from .waiting import DEADLINE_S, Deadline


@dataclasses.dataclass
class Request:
    method: str
    target: str
    version: str
    fields: Fields
    raw_head: bytes
    body: bytes = b""
    trailers: Fields = None


class Peer(Stream):
    """The origin's end of a connection."""

    def __init__(self, sock, number, origin):
        super().__init__(sock)
        self.number = number  # counts the origin's connections from 0
        self._origin = origin

    def read_head(self):
        """The next request's head; raises ConnectionEnded where there is none."""
        raw = self.read_until(b"\r\n\r\n")
        request_line, *lines = raw.decode("latin-1")[:-4].split("\r\n")
        method, target, version = request_line.split(" ")
        request = Request(method, target, version, parse_fields(lines), raw)
        self._origin.record(request)
        return request

    def read_body(self, request):
        """Reads the body that the head promises into `request`."""
        if request.fields.get("Transfer-Encoding"):
            chunks = []
            while size := int(self.read_until(b"\r\n").partition(b";")[0], 16):
                chunks.append(self.read_exactly(size))
                self.read_exactly(2)
            lines = []
            while (line := self.read_until(b"\r\n")) != b"\r\n":
                lines.append(line[:-2].decode("latin-1"))
            request.body, request.trailers = b"".join(chunks), parse_fields(lines)
        else:
            request.body = self.read_exactly(int(request.fields.get("Content-Length") or 0))

    def read_request(self):
        request = self.read_head()
        self.read_body(request)
        return request

    def respond(self, body=b"", status="200 OK", fields=()):
        lines = [f"HTTP/1.1 {status}"] + [f"{name}: {value}" for name, value in fields]
        lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def wait_for_end(self):
        """Until the proxy closes or resets; what still comes is read and forgotten."""
        try:
            while self.fill():
                self.buffer = b""
        except ConnectionError:
            pass


def answering(*answers):
    """A script that answers each request with the next of `answers` as they stand, the last one again and again."""

    def script(peer):
        waiting = collections.deque(answers)
        while True:
            peer.read_request()
            peer.send(waiting.popleft() if len(waiting) > 1 else waiting[0])

    return script


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Origin:
    """Accepts on a free port of the loopback, or on a given address or unix socket."""

    def __init__(self, script, address="127.0.0.1:0"):
        self._script = script
        self._changed = threading.Condition()
        self._peers = []
        self._threads = []
        self._errors = []
        self.requests = []  # in the order that their heads were read
        self._listener = self._listen(address)
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def _listen(self, address):
        if address.startswith("unix:"):
            path = address.removeprefix("unix:")
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(path)
            self.address = address
        else:
            host, _, port = address.rpartition(":")
            family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
            listener = socket.socket(family)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host.strip("[]"), int(port)))
            self.address = f"{host}:{listener.getsockname()[1]}"
        listener.listen(128)
        return listener

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.settimeout(DEADLINE_S)
            with self._changed:
                peer = Peer(sock, len(self._peers), self)
                self._peers.append(peer)
                thread = threading.Thread(target=self._serve, args=(peer,), daemon=True)
                self._threads.append(thread)
                self._changed.notify_all()
            thread.start()

    def _serve(self, peer):
        try:
            self._script(peer)
        except (ConnectionEnded, OSError):
            pass  # the proxy left; whether it should have is for the test to say
        except BaseException as error:  # pylint: disable=broad-except
            self._errors.append(error)
        finally:
            peer.close()

    def record(self, request):
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    @property
    def connections(self):
        """How many were accepted so far."""
        with self._changed:
            return len(self._peers)

    def wait_for_requests(self, count):
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.requests) >= count, DEADLINE_S):
                raise Deadline(f"{count} requests at {self.address}; there are {len(self.requests)}")

    def close_listener(self):
        """Further connects are refused; what is open stays."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        except OSError:
            pass
        self._listener.close()
        self._accepting.join(DEADLINE_S)

    def stop(self):
        """Ends all connections; raises the first error of a script."""
        self.close_listener()
        for peer in self._peers:
            try:
                peer.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join(DEADLINE_S)
        if self.address.startswith("unix:"):
            with contextlib.suppress(FileNotFoundError):  # stopped before
                os.unlink(self.address.removeprefix("unix:"))
        if self._errors:
            raise self._errors[0]
