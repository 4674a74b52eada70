"""What the proxy takes away from and adds to heads, and what its own answers look like."""

import re
import unittest

from harness.case import IntegrationTest
from harness.limpet import static_config
from harness.origin import OK, answering


class Headers(IntegrationTest):
    def start(self, answer=OK, **config):
        self.origin = self.start_origin(answering(answer))
        self.proxy = self.start_limpet(static_config([self.origin], **config))

    def send(self, *headers, target="/", host="shop.example:8080", source=None):
        """Sends a request and returns what the origin saw of it."""
        with self.connect(self.proxy.address, source=source) as client:
            response = client.request("GET", target, headers, host=host)
            self.assertEqual(response.status, 200)
        return self.origin.requests[-1].fields

    def test_end_to_end_fields_pass_as_they_are(self):
        self.start()
        sent = [
            ("User-Agent", "test/1 (a; b)"),
            ("accept", "*/*"),
            ("X-Mixed-Case", "Value With  Spaces"),
            ("Cookie", "a=b; c=d"),
            ("X-Twice", "1"),
            ("X-Twice", "2"),
            ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            ("X-Empty", ""),
            ("Authorization", "Basic Zm9v"),
        ]
        seen = self.send(*sent)
        for name, value in sent:
            self.assertIn(value, seen.all(name), name)
        self.assertEqual(seen.all("X-Twice"), ["1", "2"])
        self.assertEqual(seen.get("Host"), "shop.example:8080")

    def test_hop_by_hop_fields_stop_here(self):
        self.start()
        seen = self.send(
            ("Connection", "keep-alive, X-Secret, close-not, te"),
            ("X-Secret", "for this hop"),
            ("Keep-Alive", "timeout=5"),
            ("Proxy-Connection", "keep-alive"),
            ("Proxy-Authorization", "Basic Zm9v"),
            ("TE", "gzip"),
        )
        for name in ("X-Secret", "Keep-Alive", "Proxy-Connection", "TE", "Proxy-Authorization"):
            self.assertNotIn(name, seen)

    def test_te_trailers_passes(self):
        self.start()
        seen = self.send(("TE", "trailers"), ("Connection", "TE"))
        self.assertEqual(seen.get("TE"), "trailers")

    def test_connection_cannot_remove_what_is_ours(self):
        self.start()
        seen = self.send(("Connection", "Host, X-Forwarded-For, Via, X-Request-Id, Content-Length"))
        for name in ("Host", "X-Forwarded-For", "Via", "X-Request-Id"):
            self.assertIn(name, seen)

    def test_hop_by_hop_fields_of_an_answer_stop_here(self):
        self.start(
            b"HTTP/1.1 200 OK\r\nConnection: X-Secret\r\nX-Secret: 1\r\nKeep-Alive: timeout=9\r\n"
            b"Proxy-Connection: close\r\nX-Kept: yes\r\nContent-Length: 2\r\n\r\nok"
        )
        response = self.fetch(self.proxy.address)
        for name in ("X-Secret", "Keep-Alive", "Proxy-Connection"):
            self.assertNotIn(name, response.fields)
        self.assertEqual(response.fields.get("X-Kept"), "yes")

    def test_via_both_ways(self):
        self.start()
        seen = self.send(("Via", "1.0 before"))
        self.assertRegex(", ".join(seen.all("Via")), r"^1\.0 before, 1\.1 \S+")
        self.assertRegex(self.fetch(self.proxy.address).fields.get("Via"), r"^1\.1 \S+")

    def test_forwarded_fields_of_an_untrusted_client_are_not_believed(self):
        self.start()
        seen = self.send(("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-Proto", "https"), source="127.0.0.9")
        self.assertTrue(", ".join(seen.all("X-Forwarded-For")).endswith("127.0.0.9"), seen)
        self.assertEqual(seen.all("X-Forwarded-Proto"), ["http"])
        self.assertEqual(seen.all("X-Forwarded-Host"), ["shop.example:8080"])

    def test_a_trusted_proxy_is_believed(self):
        self.start(forwarded={"trusted": ["127.0.0.0/8"], "mode": "append"})
        seen = self.send(
            ("X-Forwarded-For", "1.2.3.4"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "public.example"),
            source="127.0.0.9",
        )
        self.assertEqual(", ".join(seen.all("X-Forwarded-For")), "1.2.3.4, 127.0.0.9")
        self.assertEqual(seen.all("X-Forwarded-Proto"), ["https"])
        self.assertEqual(seen.all("X-Forwarded-Host"), ["public.example"])

    def test_replace_forgets_what_was_before(self):
        self.start(forwarded={"mode": "replace"})
        seen = self.send(("X-Forwarded-For", "1.2.3.4"), ("Forwarded", "for=1.2.3.4"), source="127.0.0.9")
        self.assertEqual(seen.all("X-Forwarded-For"), ["127.0.0.9"])
        self.assertNotIn("1.2.3.4", ", ".join(seen.all("Forwarded")))

    def test_the_client_address_is_derived_through_trusted_proxies_only(self):
        members = self.start_members("a", "b", "c", "d", "e")
        by_address = {"session": {"key": [{"client_address": {}}]}}
        proxy = self.start_limpet(static_config(members, pool=by_address, forwarded={"trusted": ["127.0.0.0/8"]}))
        clients = [f"192.0.2.{n}" for n in range(1, 30)]

        def member(*hops):
            return self.fetch(proxy.address, headers=[("X-Forwarded-For", ", ".join(hops))]).member

        direct = {client: member(client) for client in clients}
        self.assertGreater(len(set(direct.values())), 1)
        for client in clients:
            self.assertEqual(member("10.9.9.9", client), direct[client], "the last untrusted hop counts")
            self.assertEqual(member(client, "127.0.0.7"), direct[client], "a trusted hop is stepped over")

    def test_a_request_id_is_made_or_kept(self):
        self.start()
        made = [self.send().get("X-Request-Id") for _ in range(3)]
        self.assertEqual(len(set(made)), 3)
        self.assertTrue(all(re.fullmatch(r"[\w-]{16,64}", one) for one in made), made)
        self.assertEqual(self.send(("X-Request-Id", "mine-1")).get("X-Request-Id"), "mine-1")

    def test_limpet_fields_of_clients_are_taken_off(self):
        self.start()
        seen = self.send(("Limpet-Owner", "evil"), ("LIMPET-X", "1"), ("X-Limpet", "stays"))
        self.assertNotIn("Limpet-Owner", seen)
        self.assertNotIn("Limpet-X", seen)
        self.assertEqual(seen.get("X-Limpet"), "stays")

    def test_an_upgrade_that_the_route_does_not_list_is_taken_off(self):
        self.start()
        seen = self.send(("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABk"))
        for name in ("Upgrade", "HTTP2-Settings"):
            self.assertNotIn(name, seen)

    def test_date_and_server_of_the_origin_stay(self):
        self.start(
            b"HTTP/1.1 200 OK\r\nServer: origin/1\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Length: 2\r\n\r\nok"
        )
        response = self.fetch(self.proxy.address)
        self.assertEqual(response.fields.all("Server"), ["origin/1"])
        self.assertEqual(response.fields.all("Date"), ["Mon, 01 Jan 2024 00:00:00 GMT"])

    def test_set_cookie_lines_stay_apart(self):
        self.start(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nok")
        self.assertEqual(self.fetch(self.proxy.address).fields.all("Set-Cookie"), ["a=1; Path=/", "b=2"])


class OwnAnswers(IntegrationTest):
    def check(self, response, status):
        """What is true of each answer that the proxy gives itself."""
        self.assertEqual(response.status, status)
        self.assertEqual(response.fields.get("Server"), "limpet")
        self.assertTrue(response.fields.get("Content-Type").startswith("text/plain"))
        request_id = response.fields.get("X-Request-Id")
        self.assertTrue(request_id)
        self.assertIn(request_id, response.text())
        self.assertLess(len(response.body), 300)
        self.assertNotRegex(response.text(), r"127\.0\.0\.1|boost|asio|\.cpp|errno", "nothing of the inside")

    def test_not_found_without_a_route(self):
        proxy = self.start_limpet(static_config([self.start_origin(answering(OK))], route={"path": "/app"}))
        for target, status in [("/app", 200), ("/app/x", 200), ("/apps", 404), ("/", 404), ("/app/../x", 404)]:
            with self.subTest(target):
                response = self.fetch(proxy.address, target)
                self.assertEqual(response.status, status)
                if status == 404:
                    self.check(response, 404)

    def test_bad_request(self):
        proxy = self.start_limpet(static_config([self.start_origin(answering(OK))]))
        client = self.connect(proxy.address)
        client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        self.check(client.read_response(), 400)

    def test_bad_gateway(self):
        origin = self.start_origin(answering(b"what?\r\n\r\n"))
        proxy = self.start_limpet(static_config([origin]))
        self.check(self.fetch(proxy.address), 502)

    def test_unavailable_says_when_to_try_again(self):
        origin = self.start_origin(answering(OK))
        proxy = self.start_limpet(static_config([origin]))
        origin.close_listener()
        response = self.fetch(proxy.address)
        self.check(response, 503)
        self.assertRegex(response.fields.get("Retry-After"), r"^\d+$")

    def test_an_error_for_head_has_no_body(self):
        proxy = self.start_limpet(static_config([self.start_origin(answering(OK))], route={"path": "/app"}))
        client = self.connect(proxy.address)
        self.assertEqual(client.request("HEAD", "/").status, 404)
        self.assertEqual(client.request("GET", "/app").status, 200, "the connection goes on in step")

    def test_the_clients_request_id_is_in_the_answer(self):
        proxy = self.start_limpet(static_config([self.start_origin(answering(OK))], route={"path": "/app"}))
        response = self.fetch(proxy.address, "/", headers=[("X-Request-Id", "mine-1")])
        self.assertEqual(response.fields.get("X-Request-Id"), "mine-1")


class Routes(IntegrationTest):
    def test_host_and_path(self):
        pools = {}
        origins = {}
        for name in ("exact", "suffix", "any", "shop"):
            body = name.encode()
            origins[name] = self.start_origin(answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body))
            pools[name] = {
                "members": {"static": [{"id": "a", "address": origins[name].address}]},
                "session": {"key": [{"header": "X-User-Id"}]},
            }
        config = static_config([origins["any"]])
        config["pools"] = pools
        config["routes"] = [
            {"host": "chat.example.com", "path": "/", "pool": "exact"},
            {"host": "*.example.com", "path": "/", "pool": "suffix"},
            {"path": "/shop", "pool": "shop"},
            {"path": "/", "pool": "any"},
        ]
        proxy = self.start_limpet(config)
        client = self.connect(proxy.address)
        for host, target, pool in [
            ("chat.example.com", "/", "exact"),
            ("CHAT.Example.com:81", "/shop", "exact"),
            ("a.example.com", "/", "suffix"),
            ("a.b.example.com", "/", "suffix"),
            ("example.com", "/", "any"),
            ("badexample.com", "/", "any"),
            ("other", "/shop", "shop"),
            ("other", "/shop/a?b", "shop"),
            ("other", "/shopping", "any"),
            ("other", "/x/../shop/", "shop"),
            ("other", "/Shop", "any"),
        ]:
            with self.subTest(host=host, target=target):
                self.assertEqual(client.request("GET", target, host=host).text(), pool)


if __name__ == "__main__":
    unittest.main()
