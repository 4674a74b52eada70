"""Members that fail: what the client sees, what is tried again, and what never is."""

import threading
import unittest

from harness.case import IntegrationTest
from harness.limpet import static_config
from harness.origin import OK, answering
from harness.waiting import wait_until

# What a member answers, and what the client must be told.
BAD_ANSWERS = [
    ("nothing", b"", 502),
    ("garbage", b"\x00\x01\x02\xff garbage \r\n\r\n", 502),
    ("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", 502),
    ("half a status line", b"HTTP/1.1 20", 502),
    ("half a head", b"HTTP/1.1 200 OK\r\nContent-Le", 502),
    ("a status of four digits", b"HTTP/1.1 2000 OK\r\n\r\n", 502),
    ("a status out of range", b"HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n", 502),
    ("another version", b"HTTP/3.0 200 OK\r\nContent-Length: 0\r\n\r\n", 502),
    ("differing lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 502),
    ("both lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 502),
    ("a bad length", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", 502),
    ("an unknown coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc", 502),
    ("a folded field", b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n", 502),
    ("a space before the colon", b"HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 0\r\n\r\n", 502),
    ("a bare CR", b"HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n", 502),
    ("a NUL", b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n", 502),
    ("an upgrade that nobody asked for", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", 502),
]

# Bodies that end too early: the head is through, so the client must see the cut.
CUT_BODIES = [
    ("length", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
    ("chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf"),
    ("no last chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
    ("a bad chunk size", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n"),
]


class BadAnswers(IntegrationTest):
    def test_a_bad_answer_is_a_bad_gateway(self):
        for what, raw, status in BAD_ANSWERS:
            with self.subTest(what):
                origin = self.start_origin(lambda peer, raw=raw: (peer.read_request(), peer.send(raw)))
                proxy = self.start_limpet(static_config([origin]))
                client = self.connect(proxy.address)
                for _ in range(2):  # the client's connection is none the worse
                    response = client.request("POST", "/")
                    self.assertEqual((response.status, response.fields.get("Server")), (status, "limpet"))
                proxy.process.assert_running()

    def test_a_body_that_is_cut_is_seen_to_be_cut(self):
        for what, raw in CUT_BODIES:
            with self.subTest(what):
                origin = self.start_origin(lambda peer, raw=raw: (peer.read_request(), peer.send(raw)))
                proxy = self.start_limpet(static_config([origin]))
                client = self.connect(proxy.address)
                client.send_request("GET", "/", [("Connection", "close")])
                received = b""
                try:
                    while client.fill():
                        received = client.buffer
                except ConnectionResetError:
                    pass
                self.assertNotIn(b"\r\n0\r\n\r\n", received, "no last chunk that the member never sent")

    def test_bytes_behind_an_answer_never_reach_the_next_client(self):
        stray = OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
        origin = self.start_origin(answering(stray, stray))
        proxy = self.start_limpet(static_config([origin]))
        for _ in range(10):
            self.assertEqual(self.fetch(proxy.address).text(), "ok")

    def test_bytes_behind_an_answer_to_head_never_reach_the_next_client(self):
        """Without a length that answer ends with its head; what comes with it belongs to nobody."""
        stray = b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nev"

        def script(peer):
            peer.send(stray if peer.read_request().method == "HEAD" else OK)
            peer.read_request()
            peer.send(OK)

        origin = self.start_origin(script)
        proxy = self.start_limpet(static_config([origin], workers=1))
        client = self.connect(proxy.address)
        client.send_request("HEAD", "/")
        self.assertEqual(client.read_head().status, 200)
        self.assertEqual(client.request("GET", "/").text(), "ok")
        self.assertEqual(origin.connections, 2, "the connection is not used again")

    def test_an_unasked_answer_on_an_idle_connection_is_dropped(self):
        go_on, sent = threading.Event(), threading.Event()

        def script(peer):
            peer.read_request()
            peer.send(OK)
            if peer.number == 0:
                go_on.wait(20)
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
                sent.set()
            peer.read_request()
            peer.send(OK)

        proxy = self.start_limpet(static_config([self.start_origin(script)], workers=1))
        client = self.connect(proxy.address)
        self.assertEqual(client.request("GET", "/").text(), "ok")
        go_on.set()
        sent.wait(20)
        self.assertEqual(client.request("GET", "/").text(), "ok")


class Retries(IntegrationTest):
    """A pooled connection may have gone stale; only what may be sent twice is."""

    def start(self, script):
        self.origin = self.start_origin(script)
        self.proxy = self.start_limpet(static_config([self.origin], workers=1, pool={"fail_over": "refuse"}))
        return self.connect(self.proxy.address)

    @staticmethod
    def closing_on_the_second_request(peer):
        """Answers a connection's first request; ends the first connection on reading its second one."""
        peer.read_request()
        peer.send(OK)
        peer.read_request()
        if peer.number == 0:
            return
        peer.send(OK)

    def test_a_get_that_meets_a_closing_connection_is_sent_again(self):
        client = self.start(self.closing_on_the_second_request)
        self.assertEqual(client.request("GET", "/1").status, 200)
        self.assertEqual(client.request("GET", "/2").status, 200)
        self.assertEqual([request.target for request in self.origin.requests], ["/1", "/2", "/2"])
        self.proxy.wait_for_metric("a counted retry", lambda m: m.total("limpet_retries_total") == 1)

    def test_a_put_with_a_small_body_is_sent_again_whole(self):
        client = self.start(self.closing_on_the_second_request)
        self.assertEqual(client.request("GET", "/1").status, 200)
        self.assertEqual(client.request("PUT", "/2", body=b"some bytes").status, 200)
        self.assertEqual([request.body for request in self.origin.requests], [b"", b"some bytes", b"some bytes"])

    def test_what_is_not_idempotent_is_never_sent_again(self):
        for method, body in (("POST", b"pay"), ("POST", b""), ("PATCH", b""), ("BREW", b"")):
            with self.subTest(method=method, body=body):
                client = self.start(self.closing_on_the_second_request)
                self.assertEqual(client.request("GET", "/1").status, 200)
                self.assertEqual(client.request(method, "/2", body=body).status, 502)
                self.assertEqual([request.target for request in self.origin.requests], ["/1", "/2"])

    def test_nothing_is_sent_again_once_an_answer_began(self):
        def script(peer):
            peer.read_request()
            peer.send(OK)
            peer.read_request()
            peer.send(b"HTTP/1.1 200")

        client = self.start(script)
        self.assertEqual(client.request("GET", "/1").status, 200)
        self.assertEqual(client.request("GET", "/2").status, 502)
        self.assertEqual(len(self.origin.requests), 2)

    def test_a_fresh_connection_that_fails_is_not_tried_for_ever(self):
        client = self.start(lambda peer: peer.read_request())
        self.assertEqual(client.request("GET", "/").status, 502)
        self.assertLessEqual(len(self.origin.requests), 2)

    def test_a_connection_closed_while_idle_is_not_used(self):
        closed = threading.Event()

        def script(peer):
            peer.read_request()
            peer.send(OK)
            if peer.number == 0:
                peer.close()
                closed.set()
            else:
                peer.read_request()
                peer.send(OK)

        client = self.start(script)
        self.assertEqual(client.request("GET", "/1").status, 200)
        closed.wait(20)
        # Even a POST: it was provably unsent, or went out on a fresh connection.
        self.assertEqual(client.request("POST", "/2", body=b"pay").status, 200)
        self.assertEqual([request.target for request in self.origin.requests], ["/1", "/2"])

    def test_an_idle_upstream_connection_is_given_up(self):
        ended = threading.Event()

        def script(peer):
            peer.read_request()
            peer.send(OK)
            peer.wait_for_end()
            ended.set()

        origin = self.start_origin(script)
        proxy = self.start_limpet(static_config([origin], pool={"timeouts": {"upstream_idle": "100ms"}}))
        self.assertEqual(self.fetch(proxy.address).status, 200)
        self.assertTrue(ended.wait(20), "the proxy ends it before the member would")


class Reachability(IntegrationTest):
    def test_no_members_at_all(self):
        origin = self.start_origin(answering(OK))
        entry = {"id": "a", "address": origin.address, "state": "draining"}
        proxy = self.start_limpet(static_config([entry]))
        response = self.fetch(proxy.address)
        self.assertEqual(response.status, 503)
        self.assertRegex(response.fields.get("Retry-After"), r"^[1-9]\d*$")

    def test_the_one_that_lives_is_found_among_many_that_do_not(self):
        origin = self.start_origin(answering(OK))
        dead = [self.start_origin(answering(OK)) for _ in range(12)]
        proxy = self.start_limpet(static_config([origin, *dead], workers=1))
        for one in dead:
            one.stop()
        for number in range(10):
            self.assertEqual(self.fetch(proxy.address, headers=[("X-User-Id", f"user-{number}")]).status, 200)

    def test_a_member_that_comes_back_is_found(self):
        origin = self.start_origin(answering(OK))
        proxy = self.start_limpet(static_config([origin]))
        origin.stop()
        self.assertEqual(self.fetch(proxy.address).status, 503)
        again = self.start_origin(answering(OK), address=origin.address)
        wait_until(lambda: self.fetch(proxy.address).status == 200, "the member in use again")
        self.assertGreaterEqual(again.connections, 1)

    def test_a_dead_member_is_not_knocked_at_by_each_request(self):
        dead, good = self.start_origin(answering(OK)), self.start_origin(answering(OK))
        proxy = self.start_limpet(static_config([dead, good], pool={"timeouts": {"connect": "1s"}}))
        dead.stop()
        client = self.connect(proxy.address)
        for number in range(200):
            self.assertEqual(client.request("GET", "/", [("X-User-Id", str(number))]).status, 200)
        up = proxy.metrics().matching("limpet_member_up", member="a")
        self.assertEqual([value for _, value in up], [0])

    def test_member_addresses_of_all_kinds(self):
        folder = self.folder()
        for address in ("127.0.0.1:0", "[::1]:0", f"unix:{folder}/member.sock"):
            with self.subTest(address):
                origin = self.start_origin(answering(OK), address=address)
                proxy = self.start_limpet(static_config([origin]))
                client = self.connect(proxy.address)
                for _ in range(3):
                    self.assertEqual(client.request("GET", "/").text(), "ok")

    def test_a_member_by_name(self):
        origin = self.start_origin(answering(OK))
        port = origin.address.rpartition(":")[2]
        proxy = self.start_limpet(static_config([{"id": "a", "address": f"localhost:{port}"}]))
        wait_until(lambda: self.fetch(proxy.address).status == 200, "the name resolved")

    def test_a_name_that_does_not_resolve_harms_nobody(self):
        origin = self.start_origin(answering(OK))
        entries = [{"id": "a", "address": "no-such-host.invalid:80"}, {"id": "b", "address": origin.address}]
        proxy = self.start_limpet(static_config(entries))
        client = self.connect(proxy.address)
        for number in range(20):
            self.assertEqual(client.request("GET", "/", [("X-User-Id", str(number))]).status, 200)


if __name__ == "__main__":
    unittest.main()
