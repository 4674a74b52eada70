"""A WebSocket client that can frame well and badly (RFC 6455)."""

import base64
import dataclasses
import hashlib
import os
import struct

from .client import Connection

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclasses.dataclass
class Frame:
    opcode: int
    final: bool
    payload: bytes

    @property
    def close_code(self):
        return struct.unpack(">H", self.payload[:2])[0] if len(self.payload) >= 2 else None

    @property
    def close_reason(self):
        return self.payload[2:].decode()


def accept_for(key):
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def masked(payload, mask):
    """XOR by the repeated mask; over one large integer, since a loop over a megabyte is slow."""
    length = len(payload)
    repeated = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(length, "big")


def encode_frame(opcode, payload=b"", final=True, mask=b"\x12\x34\x56\x78"):
    """A frame as bytes; `mask` None as a server sends it."""
    first = bytes([(0x80 if final else 0) | opcode])
    mask_bit, length = (0x80 if mask else 0), len(payload)
    if length < 126:
        head = first + bytes([mask_bit | length])
    elif length < 1 << 16:
        head = first + bytes([mask_bit | 126]) + struct.pack(">H", length)
    else:
        head = first + bytes([mask_bit | 127]) + struct.pack(">Q", length)
    return head + (mask + masked(payload, mask) if mask else payload)


def read_frame(stream):
    """The next frame from either side."""
    first, second = stream.read_exactly(2)
    length = second & 0x7F
    if length == 126:
        length = struct.unpack(">H", stream.read_exactly(2))[0]
    elif length == 127:
        length = struct.unpack(">Q", stream.read_exactly(8))[0]
    mask = stream.read_exactly(4) if second & 0x80 else None
    payload = stream.read_exactly(length)
    return Frame(first & 0x0F, bool(first & 0x80), masked(payload, mask) if mask else payload)


class WebSocket(Connection):
    """Opens with a handshake and checks the answer; `response` is that answer."""

    def __init__(self, address, target="/ws", headers=()):
        super().__init__(address)
        key = base64.b64encode(os.urandom(16)).decode()
        self.response = self.request("GET", target, [*handshake_fields(key), *headers])
        if self.response.status != 101:
            raise AssertionError(f"no WebSocket: {self.response}")
        if self.response.fields.get("Sec-WebSocket-Accept") != accept_for(key):
            raise AssertionError(f"a wrong Sec-WebSocket-Accept: {self.response.fields}")

    def send_frame(self, opcode, payload=b"", final=True):
        self.send(encode_frame(opcode, payload, final))

    def read_frame(self):
        return read_frame(self)

    def read_message(self):
        """The next message put together from its frames; pings are answered on the way. Returns (opcode, payload)."""
        opcode, pieces = None, []
        while True:
            frame = self.read_frame()
            if frame.opcode == PING:
                self.send_frame(PONG, frame.payload)
            elif frame.opcode in (PONG,):
                continue
            elif frame.opcode == CLOSE:
                raise AssertionError(f"closed with {frame.close_code} {frame.payload[2:]!r} instead of a message")
            else:
                opcode = opcode if frame.opcode == CONTINUATION else frame.opcode
                pieces.append(frame.payload)
                if frame.final:
                    return opcode, b"".join(pieces)

    def ask(self, text):
        """A text message and the text that answers it."""
        self.send_frame(TEXT, text.encode())
        return self.read_message()[1].decode()


def handshake_fields(key="dGhlIHNhbXBsZSBub25jZQ=="):
    return [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", key),
    ]
