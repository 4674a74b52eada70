"""What an operator sees: metrics, health, members, the access log."""

import json
import os
import signal
import subprocess
import unittest

from harness.case import IntegrationTest
from harness.limpet import static_config
from harness.origin import OK, answering
from harness.waiting import wait_until


class Metrics(IntegrationTest):
    def test_promtool_finds_nothing(self):
        members = self.start_members("a", "b")
        proxy = self.start_limpet(static_config(members))
        self.fetch(proxy.address, headers=[("X-User-Id", "alice")])
        self.open_websocket(proxy.address).close()
        proxy.wait_for_metric("a tunnel's end", lambda m: m.total("limpet_tunnel_duration_seconds_count") == 1)
        checked = subprocess.run(
            ["promtool", "check", "metrics"], input=proxy.metrics().text, capture_output=True, text=True, timeout=20
        )
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_requests_are_counted_by_route_pool_method_and_code(self):
        proxy = self.start_limpet(static_config(self.start_members("a", "b"), route={"name": "main"}))
        client = self.connect(proxy.address)
        for _ in range(3):
            client.request("GET", "/", [("X-User-Id", "alice")])
        client.request("GET", "/nothing", [("X-User-Id", "alice")])
        client.request("BREW", "/", [("X-User-Id", "alice")])

        labels = {"route": "main", "pool": "app"}
        metrics = proxy.wait_for_metric(
            "five requests", lambda m: m.total("limpet_requests_total", **labels) == 5 and m
        )
        self.assertEqual(metrics.total("limpet_requests_total", method="GET", code="200", **labels), 3)
        self.assertEqual(metrics.total("limpet_requests_total", method="GET", code="404", **labels), 1)
        self.assertEqual(metrics.total("limpet_requests_total", method="other", **labels), 1)
        self.assertEqual(metrics.total("limpet_request_duration_seconds_count", route="main"), 5)
        self.assertEqual(metrics.total("limpet_member_requests_total", pool="app"), 5)

    def test_gauges_come_back_to_nothing(self):
        proxy = self.start_limpet(static_config(self.start_members("a")))
        clients = [self.connect(proxy.address) for _ in range(5)]
        for client in clients:
            client.request("GET", "/")
        proxy.wait_for_metric("five connections", lambda m: m.total("limpet_connections") == 5)
        for client in clients:
            client.close()
        proxy.wait_for_metric("none", lambda m: m.total("limpet_connections") == 0)

    def test_proxies_with_the_same_members_have_the_same_checksum(self):
        members = self.start_members("a", "b")
        one, other = (self.start_limpet(static_config(order)) for order in (members, members[::-1]))
        different = self.start_limpet(static_config(members[:1]))
        checksums = [proxy.metrics().total("limpet_view_checksum", pool="app") for proxy in (one, other, different)]
        self.assertEqual(checksums[0], checksums[1])
        self.assertNotEqual(checksums[0], checksums[2])

    def test_no_session_key_in_any_label(self):
        proxy = self.start_limpet(static_config(self.start_members("a")))
        self.fetch(proxy.address, headers=[("X-User-Id", "secret-session-name")])
        metrics = proxy.wait_for_metric("the request", lambda m: m.total("limpet_requests_total") == 1 and m)
        self.assertNotIn("secret-session-name", metrics.text)


class Admin(IntegrationTest):
    def test_health_and_readiness(self):
        proxy = self.start_limpet(static_config(self.start_members("a")))
        self.assertEqual(proxy.ask_admin("/healthz").status, 200)
        self.assertEqual(proxy.ask_admin("/readyz").status, 200)
        self.assertEqual(proxy.ask_admin("/nothing").status, 404)
        self.assertEqual(proxy.ask_admin("/healthz", "POST").status, 405)

    def test_admin_pages_are_not_on_the_public_listener(self):
        proxy = self.start_limpet(static_config([self.start_origin(answering(OK))]))
        self.assertEqual(self.fetch(proxy.address, "/metrics").text(), "ok")

    def test_members_are_shown_as_they_are(self):
        a, b = self.start_members("a", "b")
        proxy = self.start_limpet(static_config([a, b.entry(weight=3, state="draining")]))
        shown = json.dumps(proxy.members())
        for text in (a.address, b.address, "draining"):
            self.assertIn(text, shown)


class AccessLog(IntegrationTest):
    def start(self, **config):
        self.log = os.path.join(self.folder(), "access.log")
        members = self.start_members("a", "b")
        self.proxy = self.start_limpet(static_config(members, logging={"access": self.log}, **config))

    def lines(self, path=None):
        try:
            with open(path or self.log, encoding="utf-8") as file:
                return [json.loads(line) for line in file]
        except FileNotFoundError:
            return []

    def test_a_line_for_each_request(self):
        self.start()
        client = self.connect(self.proxy.address)
        owner = client.request("GET", "/?q=1", [("X-User-Id", "alice"), ("X-Request-Id", "mine-1")]).member
        client.request("GET", "/nothing", [("X-User-Id", "alice")])
        wait_until(lambda: len(self.lines()) == 2, "two lines")
        first, second = self.lines()
        self.assertIn("mine-1", first.values())
        self.assertIn(owner, first.values())
        self.assertEqual((first["status"], second["status"]), (200, 404))
        self.assertEqual((first["method"], first["pool"]), ("GET", "app"))

    def test_a_hostile_request_cannot_break_a_line(self):
        self.start()
        agent = 'x"},\\ {"status":200} \xe9\xff'
        self.fetch(self.proxy.address, '/?a="\\', headers=[("X-User-Id", "alice"), ("User-Agent", agent)])
        wait_until(lambda: len(self.lines()) == 1, "one line that is JSON")

    def test_a_websocket_is_logged_when_it_opens_and_when_it_closes(self):
        self.start()
        socket = self.open_websocket(self.proxy.address, headers=[("X-User-Id", "alice")])
        wait_until(lambda: len(self.lines()) == 1, "a line at the opening")
        socket.ask("hello")
        socket.close()
        wait_until(lambda: len(self.lines()) == 2, "a line at the end")

    def test_the_log_is_opened_again_on_usr1(self):
        self.start()
        self.fetch(self.proxy.address)
        wait_until(lambda: len(self.lines()) == 1, "the first line")
        os.rename(self.log, self.log + ".1")
        self.proxy.process.send_signal(signal.SIGUSR1)
        wait_until(lambda: os.path.exists(self.log), "a new file")
        self.fetch(self.proxy.address)
        wait_until(lambda: len(self.lines()) == 1, "a line in the new file")
        self.assertEqual(len(self.lines(self.log + ".1")), 1)

    def test_a_full_disk_harms_nobody(self):
        proxy = self.start_limpet(static_config(self.start_members("a"), logging={"access": "/dev/full"}))
        client = self.connect(proxy.address)
        for _ in range(100):
            self.assertEqual(client.request("GET", "/").status, 200)
        proxy.wait_for_metric("counted drops", lambda m: m.total("limpet_access_log_dropped_total") > 0)


if __name__ == "__main__":
    unittest.main()
