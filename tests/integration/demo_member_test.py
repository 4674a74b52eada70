"""The demo member alone, so that a fault of it is not taken for one of the proxy."""

import signal
import unittest

from harness.case import IntegrationTest
from harness.websocket import CLOSE

ALICE = [("X-User-Id", "alice")]


class DemoMember(IntegrationTest):
    def setUp(self):
        self.member = self.start_member("a")
        self.client = self.connect(self.member.address)

    def put(self, key, value=b"x", session="alice"):
        return self.client.request("PUT", f"/kv/{key}", [("X-User-Id", session)], value).status

    def test_keeps_values_for_each_session(self):
        self.assertEqual(self.put("color", b"blue"), 201)
        self.assertEqual(self.put("color", b"green"), 200)
        self.assertEqual(self.client.request("GET", "/kv/color", ALICE).text(), "green")
        self.assertEqual(self.client.request("GET", "/kv/color", [("X-User-Id", "bob")]).status, 404)
        self.assertEqual(self.client.request("DELETE", "/kv/color", ALICE).status, 200)
        self.assertEqual(self.client.request("GET", "/kv/color", ALICE).status, 404)

    def test_finds_the_session_in_header_cookie_or_query(self):
        self.put("k", b"alice's")
        for target, headers in [
            ("/kv/k", [("X-User-Id", "alice"), ("Cookie", "session=bob")]),
            ("/kv/k?user=bob", [("Cookie", "x=y; session=alice")]),
            ("/kv/k", [("Cookie", 'limpet="alice"')]),
            ("/kv/k?a&user=al%69ce", []),
        ]:
            self.assertEqual(self.client.request("GET", target, headers).text(), "alice's", (target, headers))
        self.assertEqual(self.client.request("GET", "/kv/k").status, 400)

    def test_memory_is_bounded(self):
        self.assertEqual(self.put("large", b"x" * 65536), 201)
        for number in range(255):
            self.assertEqual(self.put(number), 201)
        self.assertEqual(self.put("one-more"), 507)
        self.assertEqual(self.put("large", b"y"), 200, "what is there may still change")
        self.assertEqual(self.client.request("DELETE", "/kv/0", ALICE).status, 200)
        self.assertEqual(self.put("one-more"), 201)
        self.assertEqual(self.put("x" * 1025, session="bob"), 400)
        self.assertEqual(self.put("x", b"x" * 65537, session="bob"), 413)

    def test_sessions_are_bounded(self):
        for number in range(10_001):
            self.client.send(f"POST /counter?user={number} HTTP/1.1\r\nHost: a\r\n\r\n")
            if number % 100 == 0:
                self.read_counters(number)
        self.assertEqual(self.client.request("POST", "/counter?user=0").json()["counter"], 2)

    def read_counters(self, number):
        for _ in range(100 if number else 1):
            status = self.client.read_response().status
        self.assertEqual(status, 507 if number == 10_000 else 200)

    def test_refuses_what_it_does_not_know(self):
        self.assertEqual(self.client.request("GET", "/nothing").status, 404)
        self.assertEqual(self.client.request("PATCH", "/counter", ALICE).fields.get("Allow"), "GET, HEAD, POST")
        self.assertEqual(self.client.request("GET", "/bytes/many").status, 400)

    def test_ends_in_order(self):
        idle, slow = self.connect(self.member.address), self.connect(self.member.address)
        events, socket = self.connect(self.member.address), self.open_websocket(self.member.address)
        self.assertEqual(idle.request("GET", "/").status, 200)
        events.send_request("GET", "/events")
        events.read_head()
        events.read_chunk()
        slow.send_request("GET", "/slow?ms=300")
        self.assertEqual(self.client.request("GET", "/").json()["requests"], 5)

        self.member.process.send_signal(signal.SIGTERM)
        idle.assert_closed()
        self.assertEqual(events.read_chunk(), b"", "the stream's proper end")
        frame = socket.read_frame()
        self.assertEqual((frame.opcode, frame.close_code), (CLOSE, 1001))
        socket.send_frame(CLOSE, frame.payload)
        self.assertEqual(slow.read_response().text(), "at last\n")
        self.assertEqual(self.member.process.wait(), 0)


if __name__ == "__main__":
    unittest.main()
