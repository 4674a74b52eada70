"""What reaches a member is read by a second parser, llhttp: one request for each that is forwarded, none for those
that are refused. The tables, and how they are tried in all pieces, are in tests/proxy/http/."""

import json
import os
import unittest

from harness.case import IntegrationTest
from harness.client import ConnectionEnded
from harness.limpet import static_config
from harness.origin import OK, answering
from harness.strictness import Case, counts, read_table
from harness.waiting import read_when_there

NEXT = "GET /next HTTP/1.1\r\nHost: next\r\n\r\n"
LIMITS = {"request_line_bytes": 512, "header_bytes": 2048, "header_count": 16, "body_bytes": 4096}


class LlhttpMember:
    def __init__(self, case):
        script = os.path.join(os.path.dirname(__file__), "harness", "llhttp_member.js")
        ready_file = os.path.join(case.folder(), "ready.json")
        process = case.start_program("llhttp", ["/usr/bin/node", script, ready_file])
        ports = json.loads(read_when_there(ready_file, process))
        self.address = f"127.0.0.1:{ports['member']}"
        self._report = case.connect(f"127.0.0.1:{ports['report']}")

    def report(self):
        """What came since the last one: requests, and what could not be read."""
        told = self._report.request().json()
        # The proxy ends a connection amid a request where the client's turns out to be malformed.
        cuts = ("HPE_INVALID_EOF_STATE", "ECONNRESET")
        return told["requests"], [error for error in told["errors"] if error["code"] not in cuts]


class Requests(IntegrationTest):
    def setUp(self):
        self.member = LlhttpMember(self)
        self.proxy = self.start_limpet(static_config([self.member], limits=LIMITS))

    def send(self, case):
        """The case with another request right behind it; what of the two should arrive."""
        expected = list(case.member)
        statuses = case.statuses
        with self.connect(self.proxy.address) as client:
            if not statuses:
                client.send(case.sent)
                return expected
            client.send(case.sent + NEXT)
            if not case.is_closed:
                statuses = statuses + [200]
                expected.append(("GET", "/next", "next", ""))
            for index, status in enumerate(statuses):
                method = expected[index][0] if index < len(expected) else case.sent.split(" ")[0]
                response = client.read_response(method)
                self.assertEqual(response.status, status)
            if case.is_closed:
                self.assertEqual(response.fields.get("Connection"), "close")
                client.assert_closed()
            else:
                self.assertEqual(response.body, b"next")
        return expected

    def test_arrive_as_the_table_says_or_not_at_all(self):
        for family, cases in read_table("requests").items():
            for case in cases:
                if case.llhttp_refuses or case.answer:
                    continue
                with self.subTest(f"{family}: {case.name}", rfc=case.rfc):
                    expected = self.send(case)
                    requests, errors = self.member.report()
                    arrived = [(r["method"], r["target"], r["host"], r["body"]) for r in requests]
                    self.assertEqual(arrived, expected)
                    self.assertTrue(all(r["hosts"] == 1 for r in requests))
                    self.assertEqual(errors, [])
        # Whatever came late would have come by now: this is behind it.
        self.assertEqual(self.fetch(self.proxy.address, "/last").status, 200)
        requests, errors = self.member.report()
        self.assertEqual([r["target"] for r in requests], ["/last"])
        self.assertEqual(errors, [])


class Answers(IntegrationTest):
    def setUp(self):
        self.case = None  # whose answer the member gives
        self.origin = self.start_origin(self.serve)
        self.proxy = self.start_limpet(static_config([self.origin], pool={"limits": {"header_bytes": 2048}}, limits=LIMITS))

    def serve(self, peer):
        while True:
            if peer.read_request().target == "/next":
                peer.respond(b"next")
                continue
            case = self.case
            peer.send(case.answer)
            if case.closes:
                return

    def read_answers(self, client, case):
        """The statuses as they come, and the last answer; None where it was cut."""
        statuses = []
        while not statuses or statuses[-1] < 200 and statuses[-1] != 101:
            try:
                response = client.read_response(case.sent.split(" ")[0])
            except (ConnectionEnded, ConnectionResetError):
                return statuses, None
            statuses += [interim.status for interim in response.interim] + [response.status]
        return statuses, response

    def judge(self, case):
        with self.connect(self.proxy.address) as client:
            client.send(case.sent)
            statuses, response = self.read_answers(client, case)
            if case.client.endswith("cut"):
                self.assertTrue(response is None or response.status == 502, statuses)
            else:
                self.assertEqual(statuses, case.statuses)
                if case.body is not None:
                    self.assertEqual(response.body.decode("latin-1"), case.body)
            if case.is_closed:
                client.assert_closed()
            with self.connect(self.proxy.address) as other:
                self.assertEqual(other.request(target="/next").body, b"next")
            if case.client.endswith("kept") and not case.client.startswith("101"):
                self.assertEqual(client.request(target="/next").body, b"next")

    def test_reach_the_client_whole_or_not_at_all_and_never_another(self):
        for family, cases in read_table("answers").items():
            for self.case in cases:
                with self.subTest(f"{family}: {self.case.name}", rfc=self.case.rfc):
                    self.judge(self.case)

    def test_cut_for_http_1_0_are_reset_where_an_end_would_pass_for_theirs(self):
        head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.case = Case("cut", "no last chunk", "9112 8", answer=head + "2\r\nhi\r\n", closes=True)
        with self.connect(self.proxy.address) as client:
            client.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n")
            with self.assertRaises(ConnectionResetError):
                client.read_to_end()


class Counts(unittest.TestCase):
    def test_are_in_the_readme(self):
        with open(os.path.join(os.path.dirname(__file__), "..", "README.md"), encoding="utf-8") as file:
            self.assertTrue(counts() in file.read(), "python3 -m harness.strictness prints other counts")


class Refusals(IntegrationTest):
    def test_are_counted(self):
        proxy = self.start_limpet(static_config([self.start_origin(answering(OK))]))
        with self.connect(proxy.address) as client:
            client.send("GET / HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n")
            self.assertEqual(client.read_response().status, 400)
        proxy.wait_for_metric("a counted refusal", lambda m: m.total("limpet_requests_total", code="400") >= 1)


if __name__ == "__main__":
    unittest.main()
