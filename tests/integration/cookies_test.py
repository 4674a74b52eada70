"""Issued cookies and pins, as a browser meets them."""

import base64
import re
import unittest

from harness.case import IntegrationTest
from harness.limpet import static_config

KEY = {"signing": {"keys": [{"id": "k1", "secret": "a secret that is long enough to sign with"}]}}


def pool(pin=False, **issue):
    source = {"cookie": "limpet", "issue": {"max_age": "1h", **issue}}
    if pin:
        source["pin"] = True
    return {"session": {"key": [source]}}


class CookieTest(IntegrationTest):
    def start(self, members, config_pool=None, name="limpet", **sections):
        return self.start_limpet(static_config(members, pool=config_pool or pool(), **{**KEY, **sections}), name=name)

    def first_visit(self, proxy, headers=()):
        """The Set-Cookie of a visitor without one, its value, and the member."""
        response = self.fetch(proxy.address, headers=headers)
        self.assertEqual(response.status, 200)
        issued = response.fields.get("Set-Cookie")
        self.assertIsNotNone(issued)
        return issued, re.match(r"limpet=([^;]*)", issued).group(1), response.member

    def visit(self, proxy, value):
        return self.fetch(proxy.address, headers=[("Cookie", f"a=b; limpet={value}")])


class Cookies(CookieTest):
    def test_a_cookie_is_issued_and_keeps_its_member_on_every_proxy(self):
        members = self.start_members("a", "b", "c", "d")
        one, other = self.start(members, name="proxy 1"), self.start(members[::-1], name="proxy 2")
        seen = set()
        for _ in range(30):
            _, value, member = self.first_visit(one)
            seen.add(member)
            for proxy in (one, other):
                again = self.visit(proxy, value)
                self.assertEqual(again.member, member)
                self.assertNotIn("Set-Cookie", again.fields, "a valid one is not issued again")
        self.assertGreater(len(seen), 1)

    def test_attributes(self):
        members = self.start_members("a")
        issued, _, _ = self.first_visit(self.start(members))
        attributes = [part.strip().lower() for part in issued.split(";")[1:]]
        for wanted in ("httponly", "samesite=lax", "path=/", "max-age=3600"):
            self.assertIn(wanted, attributes)
        self.assertNotIn("secure", attributes, "over plain HTTP the browser would drop it")

        strict = self.start(members, pool(same_site="strict", path="/app", domain="example.com"))
        issued = self.first_visit(strict)[0].lower()
        for wanted in ("samesite=strict", "path=/app", "domain=example.com"):
            self.assertIn(wanted, issued)

    def test_secure_behind_a_trusted_tls_proxy(self):
        members = self.start_members("a")
        https = [("X-Forwarded-Proto", "https")]
        trusting = self.start(members, forwarded={"trusted": ["127.0.0.0/8"]})
        self.assertIn("secure", self.first_visit(trusting, https)[0].lower())
        self.assertNotIn("secure", self.first_visit(self.start(members), https)[0].lower())

    def test_an_answer_with_a_cookie_is_private(self):
        response = self.fetch(self.start(self.start_members("a")).address)
        self.assertIn("private", ", ".join(response.fields.all("Cache-Control")))

    def test_a_cookie_is_opaque(self):
        _, value, member = self.first_visit(self.start(self.start_members("member-with-a-name")))
        self.assertRegex(value, r"^[A-Za-z0-9_-]+$")
        binary = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
        self.assertNotIn(member.encode(), binary)
        self.assertNotIn(b"127.0.0.1", binary)

    def test_a_forged_cookie_counts_as_absent(self):
        members = self.start_members("a", "b")
        proxy = self.start(members)
        _, value, _ = self.first_visit(proxy)
        other_key = {"signing": {"keys": [{"id": "k1", "secret": "another secret that signs as well, but not here"}]}}
        _, foreign, _ = self.first_visit(self.start(members, **other_key))
        flipped = value[:20] + ("A" if value[20] != "A" else "B") + value[21:]
        for what, bad in [
            ("another key", foreign),
            ("one character changed", flipped),
            ("cut", value[:-3]),
            ("longer", value + "AAAA"),
            ("garbage", "x" * 3000),
            ("not base64", "!!!!"),
            ("empty", ""),
        ]:
            with self.subTest(what):
                response = self.visit(proxy, bad)
                self.assertEqual(response.status, 200)
                self.assertIn("Set-Cookie", response.fields, "a new session")
        proxy.wait_for_metric("counted tokens", lambda m: m.total("limpet_tokens_rejected_total") >= 3)

    def test_keys_rotate(self):
        members = self.start_members("a", "b", "c")
        old, new = ({"id": f"k{n}", "secret": f"secret number {n} of the ring, long enough"} for n in (1, 2))
        proxy = self.start(members, signing={"keys": [old]})
        _, value, member = self.first_visit(proxy)
        rotated = static_config(members, pool=pool(), signing={"keys": [new, old]})
        proxy.reload(rotated)
        response = self.visit(proxy, value)
        self.assertEqual(response.member, member)
        self.assertNotIn("Set-Cookie", response.fields)

    def test_every_first_request_is_a_session_of_its_own(self):
        proxy = self.start(self.start_members("a"))
        self.assertEqual(len({self.first_visit(proxy)[1] for _ in range(20)}), 20)


class Pins(CookieTest):
    """A pin keeps its session where it was first placed, though the ranking says otherwise."""

    def test_a_pinned_session_stays_when_a_member_joins(self):
        a, b, c = self.start_members("a", "b", "c")
        proxy = self.start([a, b], pool(pin=True))
        visitors = [self.first_visit(proxy)[1:] for _ in range(40)]
        proxy.reload(static_config([a, b, c], pool=pool(pin=True), **KEY))
        for value, member in visitors:
            self.assertEqual(self.visit(proxy, value).member, member)
        newcomers = {self.first_visit(proxy)[2] for _ in range(60)}
        self.assertEqual(newcomers, {"a", "b", "c"})

    def test_without_a_pin_some_would_have_moved(self):
        a, b, c = self.start_members("a", "b", "c")
        proxy = self.start([a, b])
        visitors = [self.first_visit(proxy)[1:] for _ in range(40)]
        proxy.reload(static_config([a, b, c], pool=pool(), **KEY))
        self.assertTrue(any(self.visit(proxy, value).member != member for value, member in visitors))

    def test_a_draining_member_keeps_its_pinned_sessions_only(self):
        a, b = self.start_members("a", "b")
        proxy = self.start([a, b], pool(pin=True))
        visitors = [self.first_visit(proxy)[1:] for _ in range(30)]
        proxy.reload(static_config([a.entry(state="draining"), b], pool=pool(pin=True), **KEY))
        for value, member in visitors:
            self.assertEqual(self.visit(proxy, value).member, member)
        self.assertEqual({self.first_visit(proxy)[2] for _ in range(30)}, {"b"})

    def test_a_pin_to_a_member_that_is_gone_is_placed_and_issued_anew(self):
        a, b = self.start_members("a", "b")
        proxy = self.start([a, b], pool(pin=True))
        visitors = [self.first_visit(proxy)[1:] for _ in range(30)]
        proxy.reload(static_config([b], pool=pool(pin=True), **KEY))
        moved = [value for value, member in visitors if member == "a"]
        self.assertTrue(moved)
        for value in moved:
            response = self.visit(proxy, value)
            self.assertEqual(response.member, "b")
            self.assertIn("Set-Cookie", response.fields, "the pin names another member now")


if __name__ == "__main__":
    unittest.main()
