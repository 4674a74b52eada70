"""Frames pass as they are, legal or not, and nothing of them grows inside the proxy (RFC 6455 section 5)."""

import os
import struct
import threading
import unittest
import zlib

from harness.case import IntegrationTest, under_sanitizers
from harness.limpet import static_config
from harness.waiting import wait_until
from harness.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, accept_for, encode_frame, read_frame

MIB = 1 << 20
RESIDENT_MAX = 64 * MIB
MASK = b"\x12\x34\x56\x78"
RESERVED_DATA, RESERVED_CONTROL = 0x3, 0xB
RSV1 = 0x40  # of permessage-deflate, RFC 7692 section 6


def frame(opcode, payload=b"", final=True, mask=MASK, reserved=0):
    encoded = encode_frame(opcode, payload, final, mask)
    return bytes([encoded[0] | reserved]) + encoded[1:]


def deflated(text):
    """A message as permessage-deflate sends it (RFC 7692 section 7.2.1)."""
    compressor = zlib.compressobj(wbits=-15)
    data = compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return data.removesuffix(b"\x00\x00\xff\xff")


def close(code, reason=b""):
    return struct.pack(">H", code) + reason


# What, and its bytes; none of these ends in a close that the peer would have to answer.
LEGAL = [
    ("an empty text", frame(TEXT)),
    ("text and binary", frame(TEXT, "grüße".encode()) + frame(BINARY, bytes(range(256)))),
    ("three fragments", frame(TEXT, b"a", False) + frame(CONTINUATION, b"b", False) + frame(CONTINUATION, b"c")),
    ("empty fragments", frame(BINARY, b"", False) + frame(CONTINUATION, b"", False) + frame(CONTINUATION)),
    ("a ping between fragments", frame(TEXT, b"a", False) + frame(PING, b"?") + frame(CONTINUATION, b"b")),
    ("an unasked pong between fragments", frame(TEXT, b"a", False) + frame(PONG, b"!") + frame(CONTINUATION, b"b")),
    ("a ping of 125 bytes", frame(PING, b"p" * 125)),
    ("lengths of 125, 126 and 127", frame(BINARY, b"x" * 125) + frame(BINARY, b"x" * 126) + frame(BINARY, b"x" * 127)),
    ("lengths around 64 KiB", frame(BINARY, b"x" * 65_535) + frame(BINARY, b"x" * 65_536)),
    ("a length of 64 bits", frame(BINARY, os.urandom(200_000))),
    ("a mask of zeros", frame(TEXT, b"plain", mask=b"\0\0\0\0")),
    ("a compressed message", frame(TEXT, deflated(b"again and again " * 50), reserved=RSV1)),
    (
        "compressed fragments",
        frame(TEXT, deflated(b"a" * 5000)[:10], False, reserved=RSV1) + frame(CONTINUATION, deflated(b"a" * 5000)[10:]),
    ),
]
ILLEGAL = [
    ("all reserved bits", frame(TEXT, b"x", reserved=0x70)),
    ("a reserved opcode", frame(RESERVED_DATA, b"x") + frame(RESERVED_CONTROL, b"y")),
    ("no mask", frame(TEXT, b"in the clear", mask=None)),
    ("a continuation of nothing", frame(CONTINUATION, b"x")),
    ("a message inside another", frame(TEXT, b"a", False) + frame(TEXT, b"b")),
    ("a fragmented ping", frame(PING, b"a", False) + frame(CONTINUATION, b"b")),
    ("a ping of 126 bytes", frame(PING, b"p" * 126)),
    ("a ping of 64 KiB", frame(PING, b"p" * 65_536)),
    ("a length longer than needed", bytes([0x82, 0x80 | 126, 0, 5]) + MASK + b"hello"),
    ("64 bits for a short length", bytes([0x82, 0x80 | 127]) + struct.pack(">Q", 5) + MASK + b"hello"),
    ("a length with the highest bit", bytes([0x82, 0x80 | 127]) + struct.pack(">Q", 1 << 63) + MASK + b"hello"),
    ("text that is no UTF-8", frame(TEXT, b"\xff\xfe\xc0\x80")),
    ("half a frame", frame(BINARY, b"x" * 1000)[:500]),
    ("half a head", bytes([0x82, 0x80 | 127, 0, 0])),
    ("no frame at all", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
]
CLOSES = [
    ("a code", frame(CLOSE, close(1000))),
    ("no code", frame(CLOSE)),
    ("a code and a reason", frame(CLOSE, close(4321, "schluß".encode()))),
    ("half a code", frame(CLOSE, b"\x03")),
    ("a code that no frame may carry", frame(CLOSE, close(1005)) + frame(CLOSE, close(1006))),
    ("a code of nobody", frame(CLOSE, close(999)) + frame(CLOSE, close(65_535))),
    ("126 bytes", frame(CLOSE, close(1000, b"r" * 124))),
    ("a message behind it", frame(CLOSE, close(1000)) + frame(TEXT, b"too late")),
    ("inside a message", frame(TEXT, b"a", False) + frame(CLOSE, close(1001))),
]


def answer_handshake(peer, extensions=None):
    request = peer.read_request()
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept_for(request.fields.get('Sec-WebSocket-Key'))}",
    ]
    if extensions:
        lines.append(f"Sec-WebSocket-Extensions: {extensions}")
    peer.send("\r\n".join(lines).encode() + b"\r\n\r\n")


class Transparency(IntegrationTest):
    """The member sends back what it gets: each case goes both ways, and comes back to the byte."""

    def setUp(self):
        def script(peer):
            answer_handshake(peer)
            while data := peer.socket.recv(65_536):
                peer.send(data)

        self.proxy = self.start_limpet(static_config([self.start_origin(script)]))

    def check(self, cases):
        for what, sent in cases:
            with self.subTest(what), self.open_websocket(self.proxy.address) as socket:
                back = []
                reading = threading.Thread(target=lambda s=socket: back.append(s.read_to_end()))
                reading.start()
                socket.send(sent)
                socket.finish_sending()
                reading.join(20)
                self.assertEqual(back, [sent])

    def test_what_is_legal(self):
        self.check(LEGAL)

    def test_what_is_not(self):
        self.check(ILLEGAL)

    def test_the_closing_handshake(self):
        self.check(CLOSES)

    def test_single_bytes(self):
        for what, sent in [case for case in LEGAL + ILLEGAL + CLOSES if len(case[1]) < 1500]:
            with self.subTest(what), self.open_websocket(self.proxy.address) as socket:
                for byte in sent:
                    socket.send(bytes([byte]))
                self.assertEqual(socket.read_exactly(len(sent)), sent)

    def test_extensions_are_the_ends_to_agree_on(self):
        def script(peer):
            answer_handshake(peer, "permessage-deflate; server_no_context_takeover")
            peer.wait_for_end()

        origin = self.start_origin(script)
        proxy = self.start_limpet(static_config([origin]))
        offered = "permessage-deflate; client_max_window_bits, x-other"
        socket = self.open_websocket(proxy.address, headers=[("Sec-WebSocket-Extensions", offered)])
        self.assertEqual(origin.requests[0].fields.get("Sec-WebSocket-Extensions"), offered)
        chosen = socket.response.fields.get("Sec-WebSocket-Extensions")
        self.assertEqual(chosen, "permessage-deflate; server_no_context_takeover")


class Floods(IntegrationTest):
    """As much as comes, and no more memory than the sockets and one block a tunnel."""

    def assert_bounded(self, proxy):
        if not under_sanitizers():
            self.assertLess(proxy.process.peak_resident_bytes(), RESIDENT_MAX)

    def test_pings_that_nobody_answers(self):
        """The member does not read: the client must stop, and the proxy hold next to nothing."""
        go_on = threading.Event()
        heard = []

        def script(peer):
            answer_handshake(peer)
            go_on.wait(60)
            heard.append(len(peer.read_to_end()))

        proxy = self.start_limpet(static_config([self.start_origin(script)]))
        socket = self.open_websocket(proxy.address)
        flood = frame(PING, b"p" * 125) * 500
        sent = 0
        socket.socket.settimeout(1)
        try:
            while sent < 256 * MIB:
                sent += socket.socket.send(flood[sent % len(flood) :])
        except TimeoutError:
            pass
        self.assertLess(sent, 256 * MIB, "it was never told to wait")
        self.assert_bounded(proxy)
        other = self.open_websocket(proxy.address)  # others are served meanwhile
        go_on.set()
        socket.finish_sending()
        other.finish_sending()
        wait_until(lambda: len(heard) == 2, "both ends")
        self.assertEqual(sorted(heard), [0, sent], "all of it, once the member reads")

    def test_a_frame_without_an_end(self):
        endless = bytes([0x82, 0x80 | 127]) + struct.pack(">Q", (1 << 63) - 1) + MASK
        length = 200 * MIB
        heard = []

        def script(peer):
            answer_handshake(peer)
            count = 0
            while data := peer.socket.recv(MIB):
                count += len(data)
            heard.append(count)

        proxy = self.start_limpet(static_config([self.start_origin(script)]))
        socket = self.open_websocket(proxy.address)
        socket.send(endless)
        block = bytes(MIB)
        for _ in range(length // MIB):
            socket.send(block)
        socket.finish_sending()
        wait_until(lambda: heard, "the frame's bytes")
        self.assertEqual(heard, [len(endless) + length])
        self.assert_bounded(proxy)

    def test_a_fragmented_message_without_an_end(self):
        """The proxy waits for a message's end to send its close frame, and not for ever."""

        def script(peer):
            answer_handshake(peer)
            peer.wait_for_end()

        times = {"tunnel_lifetime": "500ms"}
        proxy = self.start_limpet(static_config([self.start_origin(script)], pool={"timeouts": times}))
        socket = self.open_websocket(proxy.address)
        socket.send(frame(BINARY, b"x", final=False))
        ended = threading.Event()

        def go_on():
            try:
                while not ended.is_set():
                    socket.send(frame(CONTINUATION, b"x" * 1000, final=False))
            except OSError:
                pass

        sending = threading.Thread(target=go_on)
        sending.start()
        self.addCleanup(sending.join, 20)
        self.addCleanup(ended.set)
        wait_until(lambda: proxy.metrics().total("limpet_tunnels") == 0, "the tunnel cut")


if __name__ == "__main__":
    unittest.main()
