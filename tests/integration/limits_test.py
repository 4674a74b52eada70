"""Every limit and every time-out, with small configured values and the status it must give."""

import threading
import unittest

from harness.case import IntegrationTest, under_sanitizers
from harness.full_listener import FullListener
from harness.limpet import static_config
from harness.origin import OK, answering
from harness.waiting import DEADLINE_S, wait_until


def send_too_much(peer):
    """An answer that no socket holds, to a client that does not read. Piece by piece: all of it takes a busy machine longer to
    make than some of the limits here are long."""
    try:
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
        for _ in range(50):
            peer.send(bytes(1_000_000))
    except OSError:
        pass  # it is cut, as it should be


class Sizes(IntegrationTest):
    def start(self, script=None, **config):
        self.origin = self.start_origin(script or answering(OK))
        self.proxy = self.start_limpet(static_config([self.origin], **config))

    def status(self, raw):
        """The status for these bytes; the connection must end with it where the client is to blame."""
        with self.connect(self.proxy.address) as client:
            client.send(raw)
            response = client.read_response()
            if 400 <= response.status < 500:
                self.assertEqual(response.fields.get("Connection"), "close")
                client.assert_closed()
            return response.status

    def test_request_line(self):
        self.start(limits={"request_line_bytes": 1000})

        def with_target(length):
            return self.status(f"GET /{'x' * (length - 1)} HTTP/1.1\r\nHost: a\r\n\r\n")

        self.assertEqual(with_target(900), 200)
        self.assertEqual(with_target(1001), 414)
        self.assertEqual(with_target(100_000), 414)

    def test_a_request_line_that_never_ends(self):
        self.start(limits={"request_line_bytes": 1000})
        self.assertIn(self.status(b"GET /" + b"x" * 200_000), (400, 414))

    def test_header_bytes(self):
        self.start(limits={"header_bytes": 4096})

        def with_field(length):
            return self.status(f"GET / HTTP/1.1\r\nHost: a\r\nX: {'x' * length}\r\n\r\n")

        self.assertEqual(with_field(3500), 200)
        self.assertEqual(with_field(4100), 431)
        self.assertEqual(with_field(1_000_000), 431)

    def test_large_heads_pass_within_the_limit(self):
        self.start(limits={"header_bytes": "128KiB"})
        self.assertEqual(self.status(f"GET / HTTP/1.1\r\nHost: a\r\nX: {'x' * 100_000}\r\n\r\n"), 200)
        self.assertEqual(len(self.origin.requests[0].fields.get("X")), 100_000)

    def test_header_count(self):
        self.start(limits={"header_count": 20})

        def with_fields(count):
            lines = "".join(f"X-{n}: {n}\r\n" for n in range(count - 1))
            return self.status(f"GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n")

        self.assertEqual(with_fields(20), 200)
        self.assertEqual(with_fields(21), 431)

    def test_body_bytes_announced(self):
        self.start(limits={"body_bytes": 1000})
        self.assertEqual(self.status(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000), 200)
        self.assertEqual(self.status(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n"), 413)
        self.assertEqual(len(self.origin.requests), 1, "what is too long by its own word is not forwarded")

    def test_body_bytes_in_chunks(self):
        self.start(limits={"body_bytes": 1000})
        head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.assertEqual(self.status(head + b"1f4\r\n" + b"x" * 500 + b"\r\n0\r\n\r\n"), 200)
        self.assertEqual(self.status(head + (b"1f4\r\n" + b"x" * 500 + b"\r\n") * 3 + b"0\r\n\r\n"), 413)

    def test_endless_trailers(self):
        self.start(limits={"header_bytes": 4096})
        head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
        self.assertIn(self.status(head + b"X: y\r\n" * 10_000), (400, 431))

    def test_the_answers_head_has_a_limit_too(self):
        large = b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000 + b"\r\nContent-Length: 2\r\n\r\nok"
        self.start(answering(large), pool={"limits": {"header_bytes": "8KiB"}})
        self.assertEqual(self.status("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 502)

    def test_an_endless_head_of_an_answer(self):
        def script(peer):
            peer.read_request()
            while True:
                peer.send(b"HTTP/1.1 100 Continue\r\n" + b"X: y\r\n" * 10_000)

        self.start(script)
        self.assertEqual(self.status("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 502)

    def test_endless_interim_answers(self):
        def script(peer):
            peer.read_request()
            while True:
                peer.send(b"HTTP/1.1 102 Processing\r\n\r\n")

        self.start(script)
        self.assertEqual(self.status("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 502)


class Connections(IntegrationTest):
    def test_connections_in_all(self):
        proxy = self.start_limpet(static_config([self.start_origin(answering(OK))], limits={"connections": 4}))
        held = [self.connect(proxy.address) for _ in range(4)]
        for one in held:
            self.assertEqual(one.request("GET", "/").status, 200)
        # The fifth waits in the queue, is closed, or is told so; it is not served.
        extra = self.connect(proxy.address)
        proxy.wait_for_metric("four connections", lambda m: m.total("limpet_connections") == 4)
        held.pop().close()
        # A place is free again: this one, if it waited, or a new one is served.
        wait_until(lambda: self.served(proxy), "a connection in the free place")
        extra.close()
        self.assertEqual(held[0].request("GET", "/").status, 200)

    def served(self, proxy):
        try:
            with self.connect(proxy.address) as client:
                client.socket.settimeout(0.5)
                return client.request("GET", "/").status == 200
        except (OSError, AssertionError):
            return False

    def test_connections_of_one_address(self):
        proxy = self.start_limpet(
            static_config([self.start_origin(answering(OK))], limits={"connections_per_address": 2})
        )
        held = [self.connect(proxy.address, source="127.0.0.2") for _ in range(2)]
        for one in held:
            self.assertEqual(one.request("GET", "/").status, 200)
        third = self.connect(proxy.address, source="127.0.0.2")
        try:
            third.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertNotEqual(third.read_response().status, 200)
        except (OSError, AssertionError):
            pass  # closed without a word is as good
        other = self.connect(proxy.address, source="127.0.0.3")
        self.assertEqual(other.request("GET", "/").status, 200)

    def test_connections_to_one_member(self):
        go_on = []

        def script(peer):
            while True:
                peer.read_request()
                wait_until(lambda: go_on, "the test's word")
                peer.send(OK)

        origin = self.start_origin(script)
        proxy = self.start_limpet(
            static_config([origin], workers=1, pool={"limits": {"connections_per_member": 2}, "fail_over": "refuse"})
        )
        clients = [self.connect(proxy.address) for _ in range(3)]
        for client in clients[:2]:
            client.send_request("GET", "/")
        origin.wait_for_requests(2)
        clients[2].send_request("GET", "/")
        response = clients[2].read_response()
        self.assertEqual(response.status, 503)
        self.assertIsNotNone(response.fields.get("Retry-After"))
        go_on.append(True)
        self.assertEqual([client.read_response().status for client in clients[:2]], [200, 200])

    def test_idle_connections_to_a_member_do_not_count(self):
        """Each worker keeps one that it does not use; the other must not be refused for it."""
        origin = self.start_origin(answering(OK))
        proxy = self.start_limpet(static_config([origin], workers=2, pool={"limits": {"connections_per_member": 1}}))
        for _ in range(30):
            self.assertEqual(self.fetch(proxy.address).status, 200)
            proxy.wait_for_metric("its end", lambda m: m.total("limpet_upstream_connections", state="busy") == 0)

    def test_a_limit_that_a_reload_brings_counts_the_tunnels_that_are_there(self):
        member = self.start_member("a")
        proxy = self.start_limpet(static_config([member]))
        held = self.open_websocket(proxy.address)
        limited = static_config([member], pool={"limits": {"connections_per_member": 1}, "fail_over": "refuse"})
        proxy.reload(limited)
        self.assertEqual(self.fetch(proxy.address).status, 503)
        held.close()
        wait_until(lambda: self.fetch(proxy.address).status == 200, "room at the member")


@unittest.skipIf(under_sanitizers(), "sanitizers keep freed memory")
class Memory(IntegrationTest):
    def test_is_given_back_once_a_flood_is_over(self):
        count, head = 400, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 60_000
        self.proxy = self.start_limpet(static_config([self.start_origin(answering(OK))], timeouts={"header": "1h"}))
        self.assertEqual(self.fetch(self.proxy.address).status, 200)
        before = self.proxy.process.resident_bytes()
        clients = [self.connect(self.proxy.address) for _ in range(count)]
        for client in clients:
            client.send(head)
        self.proxy.wait_for_metric(
            "all of it", lambda m: m.total("limpet_client_bytes_total", direction="received") >= count * len(head)
        )
        self.assertGreater(self.proxy.process.resident_bytes(), before + count * len(head))
        for client in clients:
            client.close()
        allowed = count * len(head) // 4
        wait_until(lambda: self.proxy.process.resident_bytes() < before + allowed, "the memory of before")
        self.assertEqual(self.fetch(self.proxy.address).status, 200)


    def test_is_given_back_once_large_requests_were_answered(self):
        count, length = 300, 200_000
        answered = threading.Event()

        def hold(peer):
            peer.read_request()
            answered.wait(DEADLINE_S)
            peer.send(OK)

        origin = self.start_origin(hold)
        self.addCleanup(answered.set)
        proxy = self.start_limpet(static_config([origin], pool={"timeouts": {"connect": "30s"}}, limits={"header_bytes": "1MiB"}))
        before = proxy.process.resident_bytes()
        clients = [self.connect(proxy.address) for _ in range(count)]
        for client in clients:
            client.send_request(headers=[("X", "x" * length)])
        origin.wait_for_requests(count)
        self.assertGreater(proxy.process.resident_bytes(), before + count * length)
        answered.set()
        for client in clients:
            self.assertEqual(client.read_response().status, 200)
        for client in clients:  # at once: the memory of the last few of a crowd is not worth another look
            client.close()
        wait_until(lambda: proxy.process.resident_bytes() < before + count * length // 4, "the memory of before")

    def test_content_that_no_retry_needs_any_more_is_not_kept(self):
        count, kept, length = 30, 4 << 20, 6 << 20
        uploads, rest = [], 1000

        def read(peer):
            peer.read_head()
            peer.read_exactly(length - rest)
            uploads.append(peer)
            peer.read_exactly(rest)
            peer.send(OK)

        origin = self.start_origin(read)
        proxy = self.start_limpet(static_config([origin], limits={"replay_bytes": kept}))
        before = proxy.process.resident_bytes()
        clients = [self.connect(proxy.address) for _ in range(count)]
        for client in clients:
            client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % length + bytes(length - rest))
        wait_until(lambda: len(uploads) == count, "most of all uploads")
        self.assertLess(proxy.process.resident_bytes(), before + count * kept // 2)
        for client in clients:
            client.send(bytes(rest))
            self.assertEqual(client.read_response().status, 200)


class Times(IntegrationTest):
    def start(self, script=None, **config):
        self.origin = self.start_origin(script or answering(OK))
        self.proxy = self.start_limpet(static_config([self.origin], **config))
        return self.connect(self.proxy.address)

    def test_a_head_that_does_not_end(self):
        client = self.start(timeouts={"header": "200ms"})
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
        self.assertEqual(client.read_response().status, 408)
        client.assert_closed()

    def test_a_head_that_trickles(self):
        """The time runs to the whole head, not between two bytes (slowloris)."""
        client = self.start(timeouts={"header": "300ms"})
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n")

        def answered():
            client.socket.settimeout(0.02)
            try:
                return client.fill()
            except TimeoutError:
                client.send(b"X: y\r\n")
                return False

        wait_until(answered, "408 in spite of bytes that keep coming")
        self.assertEqual(client.read_response().status, 408)

    def wait_for_timeout(self, reason):
        """A metric tells of the one client whose time is over, and of no other."""
        self.proxy.wait_for_metric(
            "a counted time-out", lambda m: m.total("limpet_client_timeouts_total", reason=reason) == 1
        )
        metrics = self.proxy.metrics()
        self.assertEqual(metrics.total("limpet_client_timeouts_total"), 1)
        self.assertEqual(metrics.total("limpet_client_aborts_total"), 0, "it did not leave by itself")

    def test_a_connection_that_says_nothing_is_closed(self):
        client = self.start(timeouts={"header": "200ms", "idle": "1h"})
        client.read_to_end()
        self.wait_for_timeout("no_request")

    def test_a_connection_that_says_next_to_nothing_is_closed(self):
        client = self.start(timeouts={"header": "500ms", "idle": "1h"})
        client.send(b"\r\n")
        client.read_to_end()

    def test_an_idle_connection_is_closed_without_a_word(self):
        client = self.start(timeouts={"idle": "200ms"})
        self.assertEqual(client.request("GET", "/").status, 200)
        client.assert_closed()
        self.wait_for_timeout("idle")

    def test_the_idle_time_does_not_cut_a_slow_answer(self):
        idle_time_has_passed = threading.Event()

        def script(peer):
            if peer.read_request().target == "/slow":
                idle_time_has_passed.wait(20)
            peer.send(OK)

        slow = self.start(script, timeouts={"idle": "200ms"})
        slow.send_request("GET", "/slow")
        self.origin.wait_for_requests(1)
        idle = self.connect(self.proxy.address)
        self.assertEqual(idle.request("GET", "/").status, 200)
        idle.assert_closed()
        idle_time_has_passed.set()
        self.assertEqual(slow.read_response().status, 200)

    def test_a_body_that_stops(self):
        def script(peer):
            peer.read_request()
            peer.send(OK)

        client = self.start(script, timeouts={"body": "200ms"})
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
        self.assertEqual(client.read_response().status, 408)
        client.assert_closed()

    def test_an_answer_that_never_comes(self):
        client = self.start(lambda peer: (peer.read_request(), peer.wait_for_end()), pool={"timeouts": {"answer": "200ms"}})
        response = client.request("GET", "/")
        self.assertEqual(response.status, 504)
        self.assertEqual(len(self.origin.requests), 1, "it is not tried again: the member may be at work on it")
        self.proxy.wait_for_metric("a counted 504", lambda m: m.total("limpet_requests_total", code="504") == 1)

    def let_the_answer_time_pass(self, times=2):
        """By what it does to another request."""
        for _ in range(times):
            self.assertEqual(self.fetch(self.proxy.address, "/never").status, 504)

    def test_the_time_for_an_answer_begins_at_the_end_of_the_request(self):
        def script(peer):
            if peer.read_request().target == "/never":
                peer.wait_for_end()
            peer.send(OK)

        client = self.start(script, pool={"timeouts": {"answer": "200ms"}})
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nhal")
        self.let_the_answer_time_pass()
        client.send(b"ves")
        self.assertEqual(client.read_response().status, 200)

    def test_the_end_of_a_request_does_not_limit_an_event_stream_that_has_begun(self):
        go_on = threading.Event()

        def script(peer):
            if peer.read_head().target == "/never":
                return peer.wait_for_end()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            peer.read_until(b"\r\n0\r\n\r\n")
            go_on.wait(20)
            return peer.send(b"3\r\n1\n\n\r\n0\r\n\r\n")

        client = self.start(script, pool={"timeouts": {"answer": "200ms"}})
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
        self.assertEqual(client.read_head().status, 200)
        client.send(b"0\r\n\r\n")
        self.let_the_answer_time_pass()
        go_on.set()
        self.assertEqual(client.read_chunk(), b"1\n\n")

    def test_a_client_that_does_not_read(self):
        """It is cut, with a reset, so that what it never took does not wait in the kernel for it."""
        def script(peer):
            peer.read_request()
            send_too_much(peer)

        client = self.start(script, timeouts={"body": "500ms"})
        client.send_request("GET", "/")
        self.wait_for_timeout("unread")
        with self.assertRaises(ConnectionResetError):
            client.read_to_end()

    def test_a_client_that_asks_on_and_on_and_does_not_read(self):
        """Not even what the proxy answers itself; a pipeline of those keeps no connection for ever."""
        client = self.start(route={"path": "/only"}, timeouts={"body": "500ms"})
        with self.assertRaises(ConnectionError):
            while True:
                client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 1000)
        self.wait_for_timeout("unread")

    def test_a_client_that_does_not_read_while_its_request_ends(self):
        """The end of its request must not lift the limit on its reading."""
        def script(peer):
            peer.read_head()
            send_too_much(peer)

        client = self.start(script, timeouts={"body": "1s"})
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
        sent = [0, 0]

        def nothing_more_is_taken():
            sent[:] = sent[1], self.proxy.metrics().total("limpet_client_bytes_total", direction="sent")
            return sent[0] == sent[1] > 1_000

        wait_until(nothing_more_is_taken, "the proxy to wait for its client")
        client.send(b"0\r\n\r\n")
        self.proxy.wait_for_metric("the connection to end", lambda m: m.total("limpet_connections") == 0)

    def test_a_head_of_an_answer_that_stops(self):
        def script(peer):
            peer.read_request()
            peer.send(b"HTTP/1.1 200 OK\r\nX-Half: ")
            peer.wait_for_end()

        client = self.start(script, pool={"timeouts": {"answer": "200ms"}})
        self.assertEqual(client.request("GET", "/").status, 504)

    def test_a_body_of_an_answer_that_stops(self):
        def script(peer):
            peer.read_request()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            peer.wait_for_end()

        client = self.start(script, pool={"timeouts": {"body": "200ms"}})
        client.send_request("GET", "/")
        self.assertEqual(client.read_head().status, 200)
        self.assertEqual(client.read_exactly(4), b"half")
        client.assert_closed()  # the client can tell that something is missing

    def test_a_connect_that_hangs(self):
        hanging = {"id": "hanging", "address": FullListener(self).address}
        good = self.start_origin(answering(OK))
        proxy = self.start_limpet(
            static_config([hanging, {"id": "good", "address": good.address}], pool={"timeouts": {"connect": "200ms"}})
        )
        client = self.connect(proxy.address)
        for number in range(20):
            self.assertEqual(client.request("POST", "/", [("X-User-Id", f"u{number}")]).status, 200)


if __name__ == "__main__":
    unittest.main()
