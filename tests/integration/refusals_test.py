"""What is ambiguous or malformed is refused with its status, ends the connection, and never reaches a member."""

import unittest

from harness.case import IntegrationTest
from harness.limpet import static_config
from harness.origin import OK, answering

HOST = "Host: a\r\n"


def get(*lines, target="/", version="HTTP/1.1", host=HOST):
    return f"GET {target} {version}\r\n{host}" + "".join(line + "\r\n" for line in lines) + "\r\n"


def post(*lines, body="", version="HTTP/1.1"):
    return f"POST / {version}\r\n{HOST}" + "".join(line + "\r\n" for line in lines) + "\r\n" + body


CHUNKED = "Transfer-Encoding: chunked"

# What, the bytes as they are sent, and the status.
REFUSED = [
    # Two ways to tell the length (RFC 9112 section 6.1 and 6.3).
    ("both lengths", post("Content-Length: 3", CHUNKED, body="0\r\n\r\n"), 400),
    ("both lengths, the other order", post(CHUNKED, "Content-Length: 3", body="0\r\n\r\n"), 400),
    ("differing lengths", post("Content-Length: 3", "Content-Length: 4", body="abcd"), 400),
    ("differing lengths in a list", post("Content-Length: 3, 4", body="abcd"), 400),
    ("negative length", post("Content-Length: -1"), 400),
    ("signed length", post("Content-Length: +3", body="abc"), 400),
    ("hexadecimal length", post("Content-Length: 0x3", body="abc"), 400),
    ("length in words", post("Content-Length: three"), 400),
    ("empty length", post("Content-Length:"), 400),
    ("length with a space", post("Content-Length: 1 0", body="a" * 10), 400),
    ("length past 64 bits", post("Content-Length: 18446744073709551617", body="a"), 400),
    # Transfer codings: chunked and nothing else.
    ("unknown coding", post("Transfer-Encoding: xchunked"), 501),
    ("gzip", post("Transfer-Encoding: gzip"), 501),
    ("chunked, gzip", post("Transfer-Encoding: chunked, gzip"), (400, 501)),
    ("gzip, chunked", post("Transfer-Encoding: gzip, chunked", body="0\r\n\r\n"), 501),
    ("identity", post("Transfer-Encoding: identity", body="abc"), 501),
    ("chunked twice", post("Transfer-Encoding: chunked, chunked", body="0\r\n\r\n"), (400, 501)),
    ("chunked in two fields", post(CHUNKED, CHUNKED, body="0\r\n\r\n"), (400, 501)),
    ("coding with a parameter", post("Transfer-Encoding: chunked;x=1", body="0\r\n\r\n"), (400, 501)),
    ("empty coding", post("Transfer-Encoding:"), (400, 501)),
    ("vertical tab before chunked", post("Transfer-Encoding: \x0bchunked"), 400),
    ("chunked in HTTP/1.0", post(CHUNKED, body="0\r\n\r\n", version="HTTP/1.0"), 400),
    # Lines and control characters.
    ("bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400),
    ("bare LF in a field", get("X: a\nY: b"), 400),
    ("bare CR in a value", get("X: a\rb"), 400),
    ("bare CR ends a line", f"GET / HTTP/1.1\r{HOST}\r\n", 400),
    ("NUL in a value", get("X: a\0b"), 400),
    ("control character in a value", get("X: a\x01b"), 400),
    ("DEL in a value", get("X: a\x7fb"), 400),
    ("folded line", get("X: a", " b"), 400),
    ("folded with a tab", get("X: a", "\tb"), 400),
    ("folded first line", f"GET / HTTP/1.1\r\n X: a\r\n{HOST}\r\n", 400),
    ("white space before the colon", get("X : a"), 400),
    ("tab before the colon", get("Content-Length\t: 0"), 400),
    ("no colon", get("just words"), 400),
    ("empty name", get(": a"), 400),
    ("space in a name", get("X Y: a"), 400),
    ("non-ASCII name", get("X\xe9: a"), 400),
    ("brackets in a name", get("X[1]: a"), 400),
    # Host (RFC 9112 section 3.2).
    ("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
    ("two Hosts", get("Host: b"), 400),
    ("two equal Hosts", get("Host: a"), 400),
    ("empty Host", get(host="Host:\r\n"), 400),
    ("Host with a path", get(host="Host: a/b\r\n"), 400),
    ("Host with user information", get(host="Host: u@a\r\n"), 400),
    ("Host with a bad port", get(host="Host: a:port\r\n"), 400),
    ("Host with a port too high", get(host="Host: a:65536\r\n"), 400),
    ("Host with a space", get(host="Host: a b\r\n"), 400),
    ("Host list", get(host="Host: a, b\r\n"), 400),
    # The request line.
    ("no version", "GET /\r\n\r\n", 400),
    ("HTTP/2.0", get(version="HTTP/2.0"), (400, 505)),
    ("HTTP/1.2", get(version="HTTP/1.2"), (400, 505)),
    ("lower-case http", get(version="http/1.1"), 400),
    ("two spaces", f"GET  / HTTP/1.1\r\n{HOST}\r\n", 400),
    ("a space in the target", get(target="/a b"), 400),
    ("a space at the end", f"GET / HTTP/1.1 \r\n{HOST}\r\n", 400),
    ("tab as a separator", f"GET\t/\tHTTP/1.1\r\n{HOST}\r\n", 400),
    ("bad method", f"G(T / HTTP/1.1\r\n{HOST}\r\n", 400),
    ("TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "a" * 60, 400),
    # Targets.
    ("fragment", get(target="/a#b"), 400),
    ("no slash", get(target="a/b"), 400),
    ("control character", get(target="/a\x01"), 400),
    ("non-ASCII", get(target="/\xe9"), 400),
    ("encoded slash", get(target="/a%2fb"), 400),
    ("encoded backslash", get(target="/a%5Cb"), 400),
    ("backslash", get(target="/a\\b"), 400),
    ("encoded NUL", get(target="/a%00"), 400),
    ("encoded dots", get(target="/a/%2e%2E/b"), 400),
    ("half encoded dots", get(target="/a/.%2e/b"), 400),
    ("bad percent-encoding", get(target="/a%zz"), 400),
    ("cut percent-encoding", get(target="/a%2"), 400),
    # Chunks.
    ("chunk size in words", post(CHUNKED, body="xyz\r\nabc\r\n0\r\n\r\n"), 400),
    ("negative chunk size", post(CHUNKED, body="-1\r\nabc\r\n0\r\n\r\n"), 400),
    ("chunk size with 0x", post(CHUNKED, body="0x3\r\nabc\r\n0\r\n\r\n"), 400),
    ("empty chunk size", post(CHUNKED, body="\r\nabc\r\n0\r\n\r\n"), 400),
    ("chunk size past 64 bits", post(CHUNKED, body="fffffffffffffffff\r\nabc"), 400),
    ("chunk longer than its size", post(CHUNKED, body="3\r\nabcd\r\n0\r\n\r\n"), 400),
    ("chunk line with a bare LF", post(CHUNKED, body="3\nabc\r\n0\r\n\r\n"), 400),
    ("chunk data with a bare LF", post(CHUNKED, body="3\r\nabc\n0\r\n\r\n"), 400),
    ("endless extension", post(CHUNKED, body="3;" + "x" * 100_000 + "\r\nabc\r\n0\r\n\r\n"), 400),
    ("bare LF in an extension", post(CHUNKED, body="3;a\nb\r\nabc\r\n0\r\n\r\n"), 400),
    # Trailers are fields too.
    ("folded trailer", post(CHUNKED, body="0\r\nX: a\r\n b\r\n\r\n"), 400),
    ("control character in a trailer", post(CHUNKED, body="0\r\nX: a\0b\r\n\r\n"), 400),
    # What is not for this proxy.
    ("CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", (400, 405, 501)),
    ("authority form", get(target="a:80"), 400),
    ("asterisk with GET", get(target="*"), 400),
]

# What looks odd and is right: it passes.
ACCEPTED = [
    ("equal lengths in two fields", post("Content-Length: 3", "Content-Length: 3", body="abc"), (200, 400)),
    ("chunked in capitals", post("Transfer-Encoding: CHUNKED", body="0\r\n\r\n"), 200),
    ("no space after the colon", get("X:a"), 200),
    ("space after the value", get("X: a  "), 200),
    ("empty value", get("X:"), 200),
    ("Latin-1 in a value", get("X: caf\xe9"), 200),
    ("brackets in the query", get(target="/?ids[]=1&a={}|^"), 200),
    ("slash and dots in the query", get(target="/?a=%2f..%2f&b=/../"), 200),
    ("dot-segments", get(target="/a/../b/./c"), 200),
    ("Host with a port", get(host="Host: a:8080\r\n"), 200),
    ("IPv6 Host", get(host="Host: [::1]:8080\r\n"), 200),
    ("upper-case Host", get(host="HOST: A.Example\r\n"), 200),
    ("absolute form", get(target="http://a/path"), 200),
    ("absolute form with another Host", get(target="http://other/path"), 200),
    ("chunk extension", post(CHUNKED, body='3;name="a b"\r\nabc\r\n0\r\n\r\n'), 200),
    ("leading zeros of a chunk size", post(CHUNKED, body="0003\r\nabc\r\n000\r\n\r\n"), 200),
    ("OPTIONS *", f"OPTIONS * HTTP/1.1\r\n{HOST}\r\n", 200),
]


class Refusals(IntegrationTest):
    def setUp(self):
        self.origin = self.start_origin(answering(OK))
        self.proxy = self.start_limpet(static_config([self.origin]))

    def test_what_is_refused(self):
        for what, raw, statuses in REFUSED:
            with self.subTest(what), self.connect(self.proxy.address) as client:
                client.send(raw)
                response = client.read_response()
                self.assertIn(response.status, statuses if isinstance(statuses, tuple) else (statuses,))
                self.assertEqual(response.fields.get("Connection"), "close")
                client.assert_closed()

    def test_nothing_refused_arrives_whole(self):
        """A head that is refused is never forwarded; of a body that turns out bad, the request is cut off."""
        for what, raw, _ in REFUSED:
            before = len(self.origin.requests)
            with self.subTest(what), self.connect(self.proxy.address) as client:
                client.send(raw + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
                client.read_response()
                client.assert_closed()
                arrived = self.origin.requests[before:]
                self.assertNotIn("/smuggled", [request.target for request in arrived])
                self.assertTrue(all(request.fields.get("Transfer-Encoding") for request in arrived), "chunks only")
        self.assertEqual(self.fetch(self.proxy.address).status, 200, "and the proxy is well")

    def test_what_is_odd_but_right(self):
        for what, raw, statuses in ACCEPTED:
            with self.subTest(what), self.connect(self.proxy.address) as client:
                client.send(raw)
                response = client.read_response()
                self.assertIn(response.status, statuses if isinstance(statuses, tuple) else (statuses,))

    def test_what_is_matched_is_what_is_forwarded(self):
        for sent, forwarded in [
            ("/a/../b/./c?x=/../y", "/b/c?x=/../y"),
            ("/a//b", "/a//b"),
            ("/%41", "/%41"),
            ("/a/..", "/"),
            ("/?", "/?"),
            ("http://a/x?y", "/x?y"),
            ("http://a", "/"),
        ]:
            with self.subTest(sent), self.connect(self.proxy.address) as client:
                client.send(get(target=sent))
                self.assertEqual(client.read_response().status, 200)
                self.assertEqual(self.origin.requests[-1].target, forwarded)

    def test_absolute_form_replaces_the_host(self):
        with self.connect(self.proxy.address) as client:
            client.send(get(target="http://other.example:81/x"))
            self.assertEqual(client.read_response().status, 200)
        self.assertEqual(self.origin.requests[-1].fields.get("Host"), "other.example:81")  # RFC 9112 section 3.2.2

    def test_equal_lengths_are_forwarded_as_one(self):
        with self.connect(self.proxy.address) as client:
            client.send(post("Content-Length: 3", "Content-Length: 3", body="abc"))
            if client.read_response().status == 200:
                self.assertEqual(self.origin.requests[-1].fields.all("Content-Length"), ["3"])

    def test_refusals_are_counted(self):
        with self.connect(self.proxy.address) as client:
            client.send(get("X : a"))
            client.read_response()
        self.proxy.wait_for_metric("a counted refusal", lambda m: m.total("limpet_requests_total", code="400") >= 1)


if __name__ == "__main__":
    unittest.main()
