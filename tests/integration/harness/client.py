"""An HTTP/1.1 client that sends what it is told, byte for byte, and takes answers apart strictly (RFC 9112)."""

import dataclasses
import json
import socket
import struct

from .waiting import DEADLINE_S

HEAD_BYTES_MAX = 1 << 20  # of anything that is read up to a mark


class ConnectionEnded(AssertionError):
    """The other side closed where more was to come."""


class Fields:
    """Field lines in the order they came."""

    def __init__(self, lines):
        self.lines = [tuple(line) for line in lines]

    def all(self, name):
        return [value for field, value in self.lines if field.lower() == name.lower()]

    def get(self, name):
        """The one value of a field, or None; fails when it is there more than once."""
        values = self.all(name)
        if len(values) > 1:
            raise AssertionError(f"{name} came {len(values)} times: {values}")
        return values[0] if values else None

    def names(self):
        return [field.lower() for field, _ in self.lines]

    def __contains__(self, name):
        return name.lower() in self.names()

    def __repr__(self):
        return repr(self.lines)


@dataclasses.dataclass
class Response:
    version: str
    status: int
    reason: str
    fields: Fields
    body: bytes = b""
    trailers: Fields = dataclasses.field(default_factory=lambda: Fields([]))
    interim: list = dataclasses.field(default_factory=list)  # the 1xx answers before it
    chunks: list = dataclasses.field(default_factory=list)  # as they were cut

    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)

    @property
    def member(self):
        return self.fields.get("X-Member")


def split_address(address):
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def parse_fields(lines):
    fields = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise AssertionError(f"not a field line: {line!r}")
        fields.append((name, value.strip(" \t")))
    return Fields(fields)


class Stream:
    """A socket with a buffer: reads up to a mark or a count."""

    def __init__(self, sock):
        self.socket = sock
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def fill(self):
        """Waits for more bytes; False at the end of the stream."""
        data = self.socket.recv(256 * 1024)
        self.buffer += data
        return bool(data)

    def read_until(self, mark):
        while mark not in self.buffer:
            if len(self.buffer) > HEAD_BYTES_MAX:
                raise AssertionError(f"{len(self.buffer)} bytes and no {mark!r}: {self.buffer[:200]!r}")
            if not self.fill():
                raise ConnectionEnded(f"closed before {mark!r}; so far {self.buffer[:2000]!r}")
        data, _, self.buffer = self.buffer.partition(mark)
        return data + mark

    def read_exactly(self, count):
        pieces, missing = [self.buffer[:count]], count - len(self.buffer)
        self.buffer = self.buffer[count:]
        while missing > 0:
            piece = self.socket.recv(min(missing, 1 << 20))
            if not piece:
                raise ConnectionEnded(f"closed with {missing} of {count} bytes missing")
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def read_to_end(self):
        """All that comes until the other side closes in order; a reset is an error."""
        while self.fill():
            pass
        data, self.buffer = self.buffer, b""
        return data

    def assert_closed(self):
        """The other side closes, and sends nothing more before it does. A reset counts as closed."""
        try:
            rest = self.read_to_end()
        except ConnectionResetError:
            rest = b""
        if rest:
            raise AssertionError(f"more came before the close: {rest[:2000]!r}")

    def finish_sending(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        """Ends the connection with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Connection(Stream):
    """A client's connection to `address` ("host:port")."""

    def __init__(self, address, source=None, timeout=DEADLINE_S):
        local = (source, 0) if source else None
        super().__init__(socket.create_connection(split_address(address), timeout, local))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def request(self, method="GET", target="/", headers=(), body=b"", host="test.example"):
        self.send_request(method, target, headers, body, host)
        return self.read_response(method)

    def send_request(self, method="GET", target="/", headers=(), body=b"", host="test.example"):
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def read_response(self, method="GET"):
        """The next final answer, with the interim ones before it."""
        interim = []
        while True:
            response = self.read_head()
            if response.status >= 200 or response.status == 101:
                break
            interim.append(response)
        response.interim = interim
        if method != "HEAD" and response.status not in (101, 204, 304):
            self._read_body(response)
        return response

    def read_head(self):
        """The next head alone, interim or final."""
        head = self.read_until(b"\r\n\r\n").decode("latin-1")[:-4]
        status_line, *lines = head.split("\r\n")
        version, status, reason = (status_line.split(" ", 2) + [""])[:3]
        if version not in ("HTTP/1.1", "HTTP/1.0") or len(status) != 3:
            raise AssertionError(f"not a status line: {status_line!r}")
        return Response(version, int(status), reason, parse_fields(lines))

    def read_chunk(self):
        """The data of the next chunk; empty for the last one."""
        size = int(self.read_until(b"\r\n").partition(b";")[0], 16)
        if size == 0:
            return b""
        data = self.read_exactly(size)
        if self.read_exactly(2) != b"\r\n":
            raise AssertionError("a chunk without its line end")
        return data

    def read_trailers(self):
        lines = []
        while (line := self.read_until(b"\r\n")) != b"\r\n":
            lines.append(line[:-2].decode("latin-1"))
        return parse_fields(lines)

    def _read_body(self, response):
        coding = response.fields.get("Transfer-Encoding")
        length = response.fields.get("Content-Length")
        if coding and length:
            raise AssertionError("an answer with both Transfer-Encoding and Content-Length")
        if coding:
            while chunk := self.read_chunk():
                response.chunks.append(chunk)
            response.trailers = self.read_trailers()
            response.body = b"".join(response.chunks)
        elif length is not None:
            response.body = self.read_exactly(int(length))
        else:
            response.body = self.read_to_end()
