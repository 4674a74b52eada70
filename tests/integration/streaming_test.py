"""Long bodies and streams: at once, both ways, and never gathered."""

import threading
import unittest
import zlib

from harness.case import IntegrationTest, under_sanitizers
from harness.limpet import static_config
from harness.sockets import keep_alive_count
from harness.waiting import wait_until

MIB = 1 << 20
LARGE = 100 * MIB
RESIDENT_MAX = 64 * MIB

# As the demo member sends them: byte i is i mod 251. A block is a whole number of periods.
BLOCK = bytes(i % 251 for i in range(251)) * 4096


class EventStreams(IntegrationTest):
    def test_events_pass_at_once(self):
        """The origin sends an event only once the client has seen the one before."""
        seen = threading.Semaphore(0)

        def script(peer):
            peer.read_request()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            for number in range(20):
                event = b"data: %d\n\n" % number
                peer.send(b"%x\r\n%s\r\n" % (len(event), event))
                self.assertTrue(seen.acquire(timeout=20))
            peer.send(b"0\r\n\r\n")

        proxy = self.start_limpet(static_config([self.start_origin(script)]))
        client = self.connect(proxy.address)
        client.send_request("GET", "/events")
        self.assertEqual(client.read_head().fields.get("Content-Type"), "text/event-stream")
        for number in range(20):
            self.assertEqual(client.read_chunk(), b"data: %d\n\n" % number)
            seen.release()
        self.assertEqual(client.read_chunk(), b"")

    def test_the_kernel_looks_after_both_ends(self):
        """So that a stream does not outlive a host that went without a word, however silent it may be."""
        proxy = self.start_limpet(static_config(self.start_members("a")))
        client = self.connect(proxy.address)
        client.send_request("GET", "/events?interval=60000")
        self.assertEqual(client.read_head().status, 200)
        wait_until(lambda: keep_alive_count(proxy.process) == 2, "a timer for each end")

    def test_a_client_that_leaves_is_noticed_whatever_it_has_sent_before(self):
        """What stands unread before its end, as a pipelined request would, hides that end from a read."""

        def script(peer):
            peer.read_request()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            peer.send(b"3\r\n1\n\n\r\n")
            peer.wait_for_end()

        origin = self.start_origin(script)
        proxy = self.start_limpet(static_config([origin]))
        for sent in (b"", b"G", b"\r\n", b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"):
            client = self.connect(proxy.address)
            client.send_request("GET", "/events")
            client.read_head()
            client.read_chunk()
            client.send(sent)
            client.close()
        proxy.wait_for_metric("none of them left", lambda m: m.total("limpet_connections") == 0)
        proxy.wait_for_metric(
            "none kept at the member", lambda m: m.total("limpet_upstream_connections", state="busy") == 0
        )
        self.assertEqual(proxy.metrics().total("limpet_client_aborts_total"), 4, "each once")

    def test_a_client_that_leaves_while_it_waits_is_noticed_whatever_it_has_sent_before(self):
        origin = self.start_origin(lambda peer: (peer.read_request(), peer.wait_for_end()))
        proxy = self.start_limpet(static_config([origin]))
        for number, sent in enumerate((b"", b"G", b"\r\n"), 1):
            client = self.connect(proxy.address)
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            origin.wait_for_requests(number)
            client.send(sent)
            client.close()
        proxy.wait_for_metric("none of them left", lambda m: m.total("limpet_connections") == 0)
        self.assertEqual(proxy.metrics().total("limpet_client_aborts_total"), 3)

    def test_a_quiet_event_stream_outlives_the_time_outs(self):
        """The body's time-out cuts an ordinary answer that falls silent; an event stream may be silent."""
        go_on = threading.Event()

        def script(peer):
            request = peer.read_request()
            kind = b"text/event-stream" if request.target == "/events" else b"text/plain"
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: " + kind + b"\r\nTransfer-Encoding: chunked\r\n\r\n")
            peer.send(b"3\r\n1\n\n\r\n")
            if request.target == "/events":
                go_on.wait(20)
                peer.send(b"3\r\n2\n\n\r\n0\r\n\r\n")
            else:
                peer.wait_for_end()

        times = {"body": "200ms", "answer": "200ms"}
        proxy = self.start_limpet(
            static_config([self.start_origin(script)], pool={"timeouts": times}, timeouts={"idle": "200ms"})
        )
        events, plain = self.connect(proxy.address), self.connect(proxy.address)
        events.send_request("GET", "/events")
        self.assertEqual(events.read_head().status, 200)
        self.assertEqual(events.read_chunk(), b"1\n\n")
        plain.send_request("GET", "/plain")
        plain.read_head()
        self.assertEqual(plain.read_chunk(), b"1\n\n")
        plain.assert_closed()  # so the time has passed, twice over for the events
        go_on.set()
        self.assertEqual(events.read_chunk(), b"2\n\n")

    def test_a_client_that_leaves_ends_the_stream_at_the_member(self):
        left = threading.Event()

        def script(peer):
            peer.read_request()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            peer.wait_for_end()
            left.set()

        proxy = self.start_limpet(static_config([self.start_origin(script)]))
        client = self.connect(proxy.address)
        client.send_request("GET", "/events")
        client.read_head()
        client.close()
        self.assertTrue(left.wait(20), "the member is told though it had nothing to send")

    def test_a_client_that_leaves_a_slow_answer_is_noticed(self):
        left = threading.Event()

        def script(peer):
            peer.read_request()
            peer.wait_for_end()
            left.set()

        origin = self.start_origin(script)
        proxy = self.start_limpet(static_config([origin], timeouts={"header": "600ms"}))
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
        for number, (what, pieces) in enumerate(
            (
                ("no content", [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"]),
                ("content that comes with the head", [head % 5 + b"whole"]),
                ("content that comes later", [head % 10 + b"first", b" half"]),
                ("content of many reads", [head % len(BLOCK), BLOCK]),
            ),
            start=1,
        ):
            with self.subTest(what):
                left.clear()
                client = self.connect(proxy.address)
                for piece in pieces:
                    client.send(piece)
                origin.wait_for_requests(number)
                self.connect(proxy.address).read_to_end()  # it says nothing: the proxy's own clock
                client.close()
                self.assertTrue(left.wait(20), "nobody waits for that answer any more")


class LargeBodies(IntegrationTest):
    def setUp(self):
        self.proxy = self.start_limpet(static_config(self.start_members("a")))

    def assert_memory_is_bounded(self):
        if not under_sanitizers():
            self.assertLess(self.proxy.process.peak_resident_bytes(), RESIDENT_MAX)

    def read_pattern(self, client, total):
        position = 0
        while position < total:
            data = client.read_exactly(min(len(BLOCK), total - position))
            self.assertEqual(data, BLOCK[: len(data)])
            position += len(data)

    def test_down(self):
        client = self.connect(self.proxy.address)
        client.send_request("GET", f"/bytes/{LARGE}")
        self.assertEqual(client.read_head().fields.get("Content-Length"), str(LARGE))
        self.read_pattern(client, LARGE)
        self.assert_memory_is_bounded()
        self.assertEqual(client.request("GET", "/").status, 200)

    def test_down_in_chunks(self):
        client = self.connect(self.proxy.address)
        client.send_request("GET", f"/bytes/{LARGE}?chunked=1")
        client.read_head()
        received, crc = 0, 0
        while chunk := client.read_chunk():
            received, crc = received + len(chunk), zlib.crc32(chunk, crc)
        client.read_trailers()
        whole = BLOCK * (LARGE // len(BLOCK) + 1)
        self.assertEqual((received, crc), (LARGE, zlib.crc32(whole[:LARGE])))
        self.assert_memory_is_bounded()

    def test_up(self):
        client = self.connect(self.proxy.address)
        client.send(f"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: {LARGE}\r\n\r\n")
        crc = self.send_pattern(LARGE, client.send)
        self.check_upload(client, crc)

    def test_up_in_chunks(self):
        client = self.connect(self.proxy.address)
        client.send("POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        crc = self.send_pattern(LARGE, lambda data: client.send(b"%x\r\n%s\r\n" % (len(data), data)))
        client.send(b"0\r\n\r\n")
        self.check_upload(client, crc)

    def send_pattern(self, total, send):
        crc, left = 0, total
        while left > 0:
            data = BLOCK[: min(left, len(BLOCK))]
            send(data)
            crc, left = zlib.crc32(data, crc), left - len(data)
        return crc

    def check_upload(self, client, crc):
        answer = client.read_response().json()
        self.assertEqual((answer["bytes"], answer["crc32"]), (LARGE, f"{crc:08x}"))
        self.assert_memory_is_bounded()


class BackPressure(IntegrationTest):
    """Who does not read stops who sends; the proxy holds a bounded rest."""

    def test_a_client_that_does_not_read(self):
        sent = [0]

        def script(peer):
            peer.read_request()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * LARGE))
            peer.socket.settimeout(1)
            try:
                while True:
                    sent[0] += peer.socket.send(BLOCK)
            except TimeoutError:
                sent.append("stopped")
            peer.wait_for_end()

        proxy = self.start_limpet(static_config([self.start_origin(script)]))
        client = self.connect(proxy.address)
        client.send_request("GET", "/")
        client.read_head()
        wait_until(lambda: len(sent) > 1, "the origin to be held up")
        self.assertLess(sent[0], LARGE)
        if not under_sanitizers():
            self.assertLess(proxy.process.peak_resident_bytes(), RESIDENT_MAX)
        # Others are served meanwhile, and on the same worker.
        self.assertEqual(proxy.ask_admin("/healthz").status, 200)

    def test_a_member_that_does_not_read(self):
        # More than all sockets on the way can hold (tcp_rmem and tcp_wmem let each grow to tens of MiB).
        size = 96 * MIB
        release = threading.Event()

        def script(peer):
            request = peer.read_head()
            release.wait(20)
            received = 0
            while received < size:
                received += len(peer.read_exactly(MIB))
            peer.respond(str(received).encode())
            self.assertEqual(request.method, "POST")

        proxy = self.start_limpet(static_config([self.start_origin(script)]))
        client = self.connect(proxy.address)
        client.send(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n")
        client.socket.settimeout(1)
        sent = 0
        body = bytes(size)
        try:
            while sent < len(body):
                sent += client.socket.send(body[sent : sent + MIB])
        except TimeoutError:
            pass
        self.assertLess(sent, len(body), "the client is held up")
        release.set()
        client.socket.settimeout(20)
        client.send(body[sent:])
        self.assertEqual(client.read_response().text(), str(size))


if __name__ == "__main__":
    unittest.main()
