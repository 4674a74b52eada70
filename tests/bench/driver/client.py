"""One HTTP/1.1 connection, as much of it as the checks need."""

import socket


class Answer:
    def __init__(self, status, fields, body):
        self.status = status
        self.fields = fields  # lower-case names; the last of several
        self.body = body

    @property
    def member(self):
        return self.fields.get("x-member")


class Client:
    def __init__(self, port, seconds=10):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def send(self, method, path, body=b"", **fields):
        head = f"{method} {path} HTTP/1.1\r\nHost: bench.example\r\n"
        for name, value in fields.items():
            head += f"{name.replace('_', '-')}: {value}\r\n"
        if body:
            head += f"Content-Length: {len(body)}\r\n"
        self._socket.sendall(head.encode() + b"\r\n" + body)

    def receive(self):
        while b"\r\n\r\n" not in self._buffer:
            self._read()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        length = int(fields.get("content-length", 0))
        while len(self._buffer) < length:
            self._read()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return Answer(int(lines[0].split()[1]), fields, body)

    def _read(self):
        piece = self._socket.recv(262_144)
        if not piece:
            raise ConnectionError("closed before the answer's end")
        self._buffer += piece

    def request(self, method, path, body=b"", **fields):
        self.send(method, path, body, **fields)
        return self.receive()
