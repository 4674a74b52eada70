"""Upgrades: the handshake is checked, and from then on bytes pass as they are, both ways, until both sides are done."""

import os
import threading
import unittest

from harness.case import IntegrationTest
from harness.limpet import static_config
from harness.origin import OK, answering
from harness.sockets import keep_alive_count
from harness.waiting import wait_until
from harness.websocket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    accept_for,
    encode_frame,
    handshake_fields,
    read_frame,
)


def upgrade(peer, extra=b"", protocol=None, ready=None):
    """The origin's side of a good handshake; `extra` goes out with the answer's head, once it is `ready`."""
    request = peer.read_request()
    if ready:
        ready.wait(20)
    accept = accept_for(request.fields.get("Sec-WebSocket-Key")).encode()
    chosen = b"Sec-WebSocket-Protocol: %s\r\n" % protocol.encode() if protocol else b""
    peer.send(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n" + chosen + b"\r\n" + extra
    )
    return request


class Echo(IntegrationTest):
    """Against the demo member, which knows the protocol well."""

    def setUp(self):
        self.members = self.start_members("a", "b", "c")
        self.proxy = self.start_limpet(static_config(self.members))

    def open(self, session="alice", **options):
        return self.open_websocket(self.proxy.address, headers=[("X-User-Id", session)], **options)

    def test_the_kernel_looks_after_both_ends(self):
        """So that a tunnel does not outlive a host that went without a word, however silent tunnels may be."""
        socket = self.open()
        socket.ask("whoami")
        wait_until(lambda: keep_alive_count(self.proxy.process) == 2, "a timer for each end")

    def test_text_and_binary_come_back(self):
        socket = self.open()
        for opcode, payload in [(TEXT, "grüße ✓".encode()), (BINARY, bytes(range(256))), (TEXT, b"")]:
            socket.send_frame(opcode, payload)
            self.assertEqual(socket.read_message(), (opcode, payload))

    def test_fragments_with_a_ping_between(self):
        socket = self.open()
        socket.send_frame(TEXT, b"one ", final=False)
        socket.send_frame(CONTINUATION, b"two ", final=False)
        socket.send_frame(PING, b"are you there")
        pong = socket.read_frame()
        self.assertEqual((pong.opcode, pong.payload), (PONG, b"are you there"))
        socket.send_frame(CONTINUATION, b"three")
        self.assertEqual(socket.read_message(), (TEXT, b"one two three"))

    def test_messages_of_a_mebibyte(self):
        socket = self.open()
        for _ in range(5):
            payload = os.urandom(1 << 20)
            socket.send_frame(BINARY, payload)
            self.assertEqual(socket.read_message(), (BINARY, payload))

    def test_a_mebibyte_in_many_fragments(self):
        socket = self.open()
        payload = os.urandom(1 << 20)
        step = 10_000
        for start in range(0, len(payload), step):
            last = start + step >= len(payload)
            socket.send_frame(BINARY if start == 0 else CONTINUATION, payload[start : start + step], final=last)
        self.assertEqual(socket.read_message(), (BINARY, payload))

    def test_many_messages_in_one_write(self):
        socket = self.open()
        socket.send(b"".join(encode_frame(BINARY, b"%d" % n) for n in range(1000)))
        self.assertEqual([socket.read_message()[1] for _ in range(1000)], [b"%d" % n for n in range(1000)])

    def test_frames_in_single_bytes(self):
        socket = self.open()
        for byte in encode_frame(TEXT, b"slowly"):
            socket.send(bytes([byte]))
        self.assertEqual(socket.read_message(), (TEXT, b"slowly"))

    def test_a_websocket_reaches_the_sessions_member(self):
        for session in ("alice", "bob", "carol", "dave"):
            self.fetch(self.proxy.address, "/kv/x", "PUT", [("X-User-Id", session)], f"of {session}".encode())
            self.assertEqual(self.open(session).ask("get x"), f"of {session}")

    def test_the_closing_handshake(self):
        socket = self.open()
        socket.send_frame(CLOSE, (1000).to_bytes(2, "big") + b"done")
        answer = socket.read_frame()
        self.assertEqual((answer.opcode, answer.close_code), (CLOSE, 1000))
        socket.assert_closed()

    def test_a_client_that_vanishes_is_noticed_by_the_member(self):
        socket = self.open()
        owner = socket.response.member
        socket.reset()
        self.proxy.wait_for_metric("no tunnel left", lambda m: m.total("limpet_tunnels") == 0)
        self.assertEqual(self.open().response.member, owner)

    def test_a_member_that_dies_ends_its_tunnels_only(self):
        sockets = {session: self.open(session) for session in (f"user-{n}" for n in range(30))}
        victim = self.members[0]
        victim.kill()
        for session, socket in sockets.items():
            if socket.response.member == victim.id:
                try:
                    while socket.fill():
                        pass
                except ConnectionResetError:
                    pass
            else:
                self.assertEqual(socket.ask("hi"), "hi", session)

    def test_the_handshakes_fields_pass(self):
        socket = self.open_websocket(
            self.proxy.address, headers=[("X-User-Id", "alice"), ("Sec-WebSocket-Protocol", "chat.v2, chat.v1")]
        )
        self.assertEqual(socket.response.fields.get("Sec-WebSocket-Protocol"), "chat.v2")
        self.assertIn("X-Member", socket.response.fields)

    def test_a_plain_request_to_a_websocket_path(self):
        self.assertEqual(self.fetch(self.proxy.address, "/ws").status, 426)

    def test_tunnels_are_counted(self):
        sockets = [self.open(f"u{n}") for n in range(3)]
        self.proxy.wait_for_metric("three tunnels", lambda m: m.total("limpet_tunnels") == 3)
        for socket in sockets:
            socket.close()
        self.proxy.wait_for_metric("their ends", lambda m: m.total("limpet_tunnel_duration_seconds_count") == 3)


class Scripted(IntegrationTest):
    """Against an origin whose every byte the test decides."""

    def start(self, script, **config):
        self.origin = self.start_origin(script)
        self.proxy = self.start_limpet(static_config([self.origin], **config))
        return self.proxy.address

    def test_frames_right_behind_the_answer(self):
        def script(peer):
            upgrade(peer, encode_frame(TEXT, b"welcome", mask=None))
            peer.wait_for_end()

        socket = self.open_websocket(self.start(script))
        self.assertEqual(socket.read_message(), (TEXT, b"welcome"))

    def test_frames_right_behind_the_request(self):
        """A client should wait for the answer (RFC 6455 section 4.1); one that does not loses nothing."""

        def script(peer):
            upgrade(peer)
            frame = read_frame(peer)
            peer.send(encode_frame(TEXT, frame.payload, mask=None))
            peer.wait_for_end()

        client = self.connect(self.start(script))
        lines = "".join(f"{name}: {value}\r\n" for name, value in handshake_fields())
        client.send(f"GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode() + encode_frame(TEXT, b"early"))
        self.assertEqual(client.read_response().status, 101)
        self.assertEqual(read_frame(client).payload, b"early")

    def test_a_handshake_that_takes_its_time(self):
        """The proxy has begun to look after a client that may leave meanwhile, and lets go of it for the tunnel."""
        time_has_passed = threading.Event()

        def script(peer):
            upgrade(peer, ready=time_has_passed)
            frame = read_frame(peer)
            peer.send(encode_frame(TEXT, frame.payload, mask=None))
            peer.wait_for_end()

        origin = self.start_origin(script)
        proxy = self.start_limpet(static_config([origin], timeouts={"header": "600ms"}))
        client = self.connect(proxy.address)
        lines = "".join(f"{name}: {value}\r\n" for name, value in handshake_fields())
        client.send(f"GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode())
        origin.wait_for_requests(1)
        self.connect(proxy.address).read_to_end()  # it says nothing: the proxy's own clock
        time_has_passed.set()
        self.assertEqual(client.read_response().status, 101)
        client.send(encode_frame(TEXT, b"at last"))
        self.assertEqual(read_frame(client).payload, b"at last")

    def test_bytes_pass_as_they_are(self):
        """Reserved bits, unknown opcodes and broken frames are for the ends to judge."""
        odd = b"\xff\x00" + b"\x03\x05hello" + os.urandom(1000)

        def script(peer):
            upgrade(peer)
            peer.send(peer.read_exactly(len(odd)))
            peer.wait_for_end()

        socket = self.open_websocket(self.start(script))
        socket.send(odd)
        self.assertEqual(socket.read_exactly(len(odd)), odd)

    def test_half_close_by_the_client(self):
        def script(peer):
            upgrade(peer)
            heard = peer.read_to_end()
            peer.send(b"heard " + heard)

        socket = self.open_websocket(self.start(script))
        socket.send(b"last words")
        socket.finish_sending()
        self.assertEqual(socket.read_to_end(), b"heard last words")

    def test_half_close_by_the_member(self):
        got = []
        done = threading.Event()

        def script(peer):
            upgrade(peer)
            peer.send(b"bye")
            peer.finish_sending()
            got.append(peer.read_to_end())
            done.set()

        socket = self.open_websocket(self.start(script))
        self.assertEqual(socket.read_to_end(), b"bye")
        socket.send(b"one more thing")
        socket.finish_sending()
        self.assertTrue(done.wait(20))
        self.assertEqual(got, [b"one more thing"])

    def test_a_half_closed_tunnel_does_not_wait_for_ever(self):
        """The member has crashed, the client does not care to close."""
        origin = self.start_origin(upgrade)
        limits = {"timeouts": {"tunnel_half_closed": "200ms"}}
        proxy = self.start_limpet(static_config([origin], pool=limits, logging={"access": "stdout"}))
        socket = self.open_websocket(proxy.address)
        socket.read_to_end()
        proxy.wait_for_metric("the tunnel to end", lambda m: m.total("limpet_tunnels") == 0)
        proxy.wait_for_metric("its connection", lambda m: m.total("limpet_connections") == 0)

    def test_the_member_sees_the_handshake(self):
        def script(peer):
            upgrade(peer, protocol="chat")
            peer.wait_for_end()

        socket = self.open_websocket(
            self.start(script), "/chat?room=1", [("Sec-WebSocket-Protocol", "chat"), ("Origin", "http://a")]
        )
        seen = self.origin.requests[0]
        self.assertEqual(seen.target, "/chat?room=1")
        self.assertEqual(seen.fields.get("Upgrade").lower(), "websocket")
        self.assertEqual(seen.fields.get("Connection").lower(), "upgrade")
        self.assertEqual(seen.fields.get("Sec-WebSocket-Version"), "13")
        self.assertEqual(seen.fields.get("Origin"), "http://a")
        self.assertEqual(socket.response.fields.get("Sec-WebSocket-Protocol"), "chat")
        self.assertEqual(socket.response.fields.get("Connection").lower(), "upgrade")

    def test_a_refused_upgrade_is_an_answer(self):
        address = self.start(answering(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", OK))
        client = self.connect(address)
        response = client.request("GET", "/", handshake_fields())
        self.assertEqual((response.status, response.text()), (403, "no"))
        self.assertEqual(client.request("GET", "/").text(), "ok", "and the connection goes on")

    def test_a_wrong_answer_to_the_handshake(self):
        def script(peer):
            peer.read_request()
            peer.send(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: bm90IHRoZSByaWdodCBvbmU=\r\n\r\n"
            )
            peer.wait_for_end()

        client = self.connect(self.start(script))
        self.assertEqual(client.request("GET", "/", handshake_fields()).status, 502)

    def test_a_malformed_handshake_is_refused(self):
        address = self.start(answering(OK))
        for what, drop, replacement in [
            ("no key", "Sec-WebSocket-Key", []),
            ("a short key", "Sec-WebSocket-Key", [("Sec-WebSocket-Key", "c2hvcnQ=")]),
            ("no version", "Sec-WebSocket-Version", []),
        ]:
            with self.subTest(what):
                fields = [(name, value) for name, value in handshake_fields() if name != drop] + replacement
                self.assertEqual(self.fetch(address, headers=fields).status, 400)
        self.assertEqual(self.origin.requests, [])

    def test_the_protocols_version_is_for_the_member_to_judge(self):
        address = self.start(
            answering(b"HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n")
        )
        old = [(name, "8" if name == "Sec-WebSocket-Version" else value) for name, value in handshake_fields()]
        response = self.fetch(address, headers=old)
        self.assertEqual((response.status, response.fields.get("Sec-WebSocket-Version")), (426, "13"))

    def test_an_upgrade_that_is_not_listed_is_an_ordinary_request(self):
        address = self.start(answering(OK))
        for token in ("h2c", "tls/1.0", "made-up"):
            fields = [("Connection", "Upgrade"), ("Upgrade", token)]
            self.assertEqual(self.fetch(address, headers=fields).status, 200, token)
            self.assertNotIn("Upgrade", self.origin.requests[-1].fields)

    def test_a_listed_upgrade_of_another_name_passes(self):
        def script(peer):
            request = peer.read_request()
            self.assertEqual(request.fields.get("Upgrade"), "made-up")
            peer.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: made-up\r\nConnection: Upgrade\r\n\r\n")
            peer.send(peer.read_exactly(5))
            peer.wait_for_end()

        address = self.start(script, route={"upgrades": ["made-up"]})
        client = self.connect(address)
        response = client.request("GET", "/", [("Connection", "Upgrade"), ("Upgrade", "made-up")])
        self.assertEqual(response.status, 101)
        client.send(b"hello")
        self.assertEqual(client.read_exactly(5), b"hello")

    def test_a_route_without_upgrades_has_no_websockets(self):
        address = self.start(answering(OK), route={"upgrades": []})
        self.assertEqual(self.fetch(address, headers=handshake_fields()).status, 200)
        self.assertNotIn("Upgrade", self.origin.requests[0].fields)

    def test_idle_and_lifetime_limits_end_with_a_close_frame(self):
        def script(peer):
            upgrade(peer)
            frame = read_frame(peer)
            self.assertEqual(frame.opcode, CLOSE)
            peer.send(encode_frame(CLOSE, frame.payload, mask=None))

        for limit in ("tunnel_idle", "tunnel_lifetime"):
            with self.subTest(limit):
                address = self.start(script, pool={"timeouts": {limit: "200ms"}})
                socket = self.open_websocket(address)
                frame = socket.read_frame()
                self.assertEqual(frame.opcode, CLOSE)
                self.assertIn(frame.close_code, (1001, 1012))
                socket.send_frame(CLOSE, frame.payload)
                socket.assert_closed()


if __name__ == "__main__":
    unittest.main()
