"""HTTP/1.1 as RFC 9110 and 9112 have it, through the proxy, byte by byte."""

import threading
import unittest

from harness.case import IntegrationTest
from harness.limpet import static_config
from harness.origin import OK, answering


class ThroughTheProxy(IntegrationTest):
    def client(self, script, **config):
        """A connection to a proxy before an origin that does as `script` says."""
        self.origin = self.start_origin(script)
        self.proxy = self.start_limpet(static_config([self.origin], **config))
        return self.connect(self.proxy.address)


class Connections(ThroughTheProxy):
    def test_keep_alive_on_both_sides(self):
        client = self.client(answering(OK))
        for _ in range(20):
            self.assertEqual(client.request("GET", "/").text(), "ok")
        self.assertEqual(self.origin.connections, 1, "one upstream connection serves a client's requests in turn")

    def test_pipelined_requests_are_answered_in_order(self):
        def script(peer):
            while True:
                request = peer.read_request()
                peer.respond(request.target.encode())

        client = self.client(script)
        client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in range(50)))
        self.assertEqual([client.read_response().text() for _ in range(50)], [f"/{n}" for n in range(50)])

    def test_pipelined_bodies_do_not_run_into_the_next_request(self):
        def script(peer):
            while True:
                peer.respond(peer.read_request().body)

        client = self.client(script)
        client.send(
            b"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfirst"
            b"POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nsecond\r\n0\r\n\r\n"
            b"POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nthird"
        )
        self.assertEqual([client.read_response().text() for _ in range(3)], ["first", "second", "third"])

    def test_a_request_in_single_bytes(self):
        client = self.client(answering(OK))
        for byte in b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc":
            client.send(bytes([byte]))
        self.assertEqual(client.read_response().status, 200)
        self.assertEqual(self.origin.requests[0].body, b"abc")

    def test_connection_close_is_heard(self):
        client = self.client(answering(OK))
        response = client.request("GET", "/", [("Connection", "close")])
        self.assertEqual(response.fields.get("Connection"), "close")
        client.assert_closed()
        self.assertNotEqual(self.origin.requests[0].fields.get("Connection"), "close", "the upstream one may stay open")

    def test_http_1_0_closes_unless_asked(self):
        client = self.client(answering(OK))
        client.send(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
        self.assertEqual(client.read_response().text(), "ok")
        client.assert_closed()

    def test_http_1_0_without_a_host_is_routed(self):
        client = self.client(answering(OK))
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        self.assertEqual(client.read_response().status, 200)

    def test_http_1_0_is_never_sent_chunks(self):
        client = self.client(
            answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")
        )
        client.send(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
        response = client.read_response()
        self.assertNotIn("Transfer-Encoding", response.fields)
        self.assertEqual(response.body, b"abcdef")
        client.assert_closed()

    def test_empty_lines_before_a_request_are_skipped(self):
        client = self.client(answering(OK))
        client.send(b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")  # RFC 9112 section 2.2
        self.assertEqual(client.read_response().status, 200)
        client.send(b"\r")  # as a rule a read of its own
        client.send(b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertEqual(client.read_response().status, 200)

    def test_a_client_that_leaves_in_the_middle_harms_nobody(self):
        client = self.client(answering(OK))
        for part in (b"GET", b"GET / HTTP/1.1\r\nHost:", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"):
            for leave in ("close", "reset"):
                other = self.connect(self.proxy.address)
                other.send(part)
                getattr(other, leave)()
        self.assertEqual(client.request("GET", "/").status, 200)


class Answers(ThroughTheProxy):
    def test_head_has_the_length_and_no_body(self):
        client = self.client(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n", OK))
        response = client.request("HEAD", "/")
        self.assertEqual(response.fields.get("Content-Length"), "12345")
        self.assertEqual(client.request("GET", "/").text(), "ok", "the connection goes on in step")
        self.assertEqual(self.origin.connections, 1)

    def test_head_of_a_chunked_answer(self):
        client = self.client(answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", OK))
        self.assertEqual(client.request("HEAD", "/").status, 200)
        self.assertEqual(client.request("GET", "/").text(), "ok")

    def test_204_and_304_have_no_body(self):
        client = self.client(
            answering(
                b"HTTP/1.1 204 No Content\r\n\r\n",
                b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 99\r\n\r\n',
                OK,
            )
        )
        none = client.request("DELETE", "/")
        self.assertEqual(none.status, 204)
        self.assertNotIn("Transfer-Encoding", none.fields)
        self.assertNotIn("Content-Length", none.fields)  # RFC 9110 section 8.6
        same = client.request("GET", "/")
        self.assertEqual((same.status, same.fields.get("ETag")), (304, '"x"'))
        self.assertEqual(client.request("GET", "/").text(), "ok")
        self.assertEqual(self.origin.connections, 1)

    def test_interim_answers_pass(self):
        client = self.client(
            answering(
                b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
                b"HTTP/1.1 102 Processing\r\n\r\n" + OK
            )
        )
        response = client.request("GET", "/")
        self.assertEqual([one.status for one in response.interim], [103, 102])
        self.assertEqual(response.interim[0].fields.get("Link"), "</a.css>; rel=preload")
        self.assertEqual(response.text(), "ok")

    def test_http_1_0_clients_get_no_interim_answers(self):
        client = self.client(answering(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK))
        client.send(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")  # RFC 9110 section 15.2
        response = client.read_response()
        self.assertEqual((response.status, response.interim), (200, []))

    def test_an_answer_that_ends_by_close(self):
        def script(peer):
            peer.read_request()
            peer.send(b"HTTP/1.1 200 OK\r\n\r\nall of ")
            peer.send(b"this")

        client = self.client(script)
        first = client.request("GET", "/")
        self.assertEqual(first.body, b"all of this")
        self.assertEqual(self.fetch(self.proxy.address).body, b"all of this")
        self.assertEqual(self.origin.connections, 2, "such a connection is never used again")

    def test_an_http_1_0_origin(self):
        def script(peer):
            peer.read_request()
            peer.send(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold")

        client = self.client(script)
        for _ in range(2):
            response = client.request("GET", "/")
            self.assertEqual((response.version, response.text()), ("HTTP/1.1", "old"))
        self.assertEqual(self.origin.connections, 2, "HTTP/1.0 without keep-alive is not reused")

    def test_a_reason_phrase_may_be_missing(self):
        client = self.client(answering(b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok"))
        self.assertEqual(client.request("GET", "/").text(), "ok")

    def test_connection_close_of_the_origin_is_its_own(self):
        def script(peer):
            peer.read_request()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

        client = self.client(script)
        for _ in range(2):
            self.assertNotIn("close", (client.request("GET", "/").fields.get("Connection") or "").lower())
        self.assertEqual(self.origin.connections, 2)


class Bodies(ThroughTheProxy):
    def echo(self, peer):
        while True:
            peer.respond(peer.read_request().body)

    def test_chunked_request(self):
        client = self.client(self.echo)
        client.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"5\r\nhello\r\n6;name=value\r\n world\r\n000a\r\n0123456789\r\n0\r\n\r\n"
        )
        self.assertEqual(client.read_response().text(), "hello world0123456789")
        self.assertIsNone(self.origin.requests[0].fields.get("Content-Length"))

    def test_chunked_answer_passes_as_it_comes(self):
        go_on = threading.Event()

        def script(peer):
            peer.read_request()
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
            go_on.wait(20)
            peer.send(b"6\r\nsecond\r\n0\r\n\r\n")

        client = self.client(script)
        client.send_request("GET", "/")
        self.assertEqual(client.read_head().fields.get("Transfer-Encoding"), "chunked")
        self.assertEqual(client.read_chunk(), b"first")
        go_on.set()
        self.assertEqual(client.read_chunk(), b"second")
        self.assertEqual(client.read_chunk(), b"")
        client.read_trailers()

    def test_trailers_pass_both_ways(self):
        def script(peer):
            peer.read_request()
            peer.send(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                b"2\r\nok\r\n0\r\nX-Sum: 42\r\nX-More: yes\r\n\r\n"
            )

        client = self.client(script)
        client.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\nTrailer: X-Check\r\n\r\n"
            b"3\r\nabc\r\n0\r\nX-Check: 17\r\n\r\n"
        )
        response = client.read_response()
        self.assertEqual(response.trailers.lines, [("X-Sum", "42"), ("X-More", "yes")])
        sent = self.origin.requests[0]
        self.assertEqual((sent.body, sent.trailers.lines), (b"abc", [("X-Check", "17")]))

    def test_a_body_with_any_method(self):
        client = self.client(self.echo)
        for method in ("GET", "DELETE", "PUT", "PATCH", "PROPFIND", "M-SEARCH"):
            self.assertEqual(client.request(method, "/", body=b"some").text(), "some", method)
            self.assertEqual(self.origin.requests[-1].method, method)

    def test_a_request_body_streams_while_it_comes(self):
        got_first = threading.Event()

        def script(peer):
            request = peer.read_head()
            self.assertEqual(peer.read_exactly(5), b"first")
            got_first.set()
            self.assertEqual(peer.read_exactly(6), b"second")
            peer.respond(request.target.encode())

        client = self.client(script)
        client.send(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nfirst")
        self.assertTrue(got_first.wait(20), "the first part did not pass before the second came")
        client.send(b"second")
        self.assertEqual(client.read_response().text(), "/x")

    def test_expect_100_continue_passes_through(self):
        def script(peer):
            request = peer.read_head()
            self.assertEqual(request.fields.get("Expect"), "100-continue")
            peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            peer.read_body(request)
            peer.respond(request.body)

        client = self.client(script)
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        self.assertEqual(client.read_head().status, 100)
        client.send(b"body")
        self.assertEqual(client.read_response().text(), "body")

    def test_an_expectation_may_be_refused(self):
        def script(peer):
            peer.read_head()
            peer.respond(b"no", "417 Expectation Failed")
            peer.wait_for_end()

        client = self.client(script)
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        response = client.read_response()
        self.assertEqual((response.status, response.interim), (417, []))

    def test_an_early_answer_comes_before_the_body_is_sent(self):
        """And ends the connection: what comes of the body later must not be taken for a request."""

        def script(peer):
            peer.read_head()
            peer.respond(b"enough", "403 Forbidden")
            peer.wait_for_end()

        client = self.client(script)
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nsome")
        response = client.read_response()
        self.assertEqual((response.status, response.text()), (403, "enough"))
        self.assertEqual(response.fields.get("Connection"), "close")
        client.send(b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        client.assert_closed()
        self.assertEqual([request.target for request in self.origin.requests], ["/"])

    def test_an_early_answer_while_the_client_keeps_sending(self):
        def script(peer):
            peer.read_head()
            peer.respond(b"enough", "413 Payload Too Large", [("Connection", "close")])

        client = self.client(script)
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
        try:
            for _ in range(100):
                client.send(b"x" * 10000)
        except ConnectionError:
            pass  # it need not take all of it
        self.assertEqual(client.read_response().status, 413)


if __name__ == "__main__":
    unittest.main()
