"""Bounded load: new sessions go past a member that has more than its share; the others stay where they are."""

import json
import unittest

from harness.case import IntegrationTest
from harness.limpet import static_config
from harness.session_member import SessionMember
from harness.waiting import wait_until

KEY = {"signing": {"keys": [{"id": "k1", "secret": "a secret that is long enough to sign with"}]}}
PINNED = {"cookie": "limpet", "issue": {}, "pin": True}
ENVELOPE = {"envelope": {"header": "Mcp-Session-Id"}}
BUSY = 10  # under way at one member: of three, 1.25 times the mean of 11 is 4.6


def config_of(members, source, bound=1.25):
    pool = {"session": {"key": [source]}}
    if bound:
        pool["bounded_load"] = bound
    return static_config(members, pool=pool, **KEY)


class BoundedLoad(IntegrationTest):
    def setUp(self):
        self.members = [SessionMember(self, one) for one in ("a", "b", "c")]

    def member(self, member_id):
        return next(one for one in self.members if one.id == member_id)

    def start(self, source=PINNED, bound=1.25):
        return self.start_limpet(config_of(self.members, source, bound))

    def begin(self, proxy):
        """A new session: the fields that bring it back, and its member."""
        response = self.fetch(proxy.address, headers=[("X-Answer", json.dumps([("Mcp-Session-Id", "7f3a")]))])
        self.assertEqual(response.status, 200)
        if issued := response.fields.get("Set-Cookie"):
            return [("Cookie", issued.partition(";")[0])], response.member
        return [("Mcp-Session-Id", response.fields.get("Mcp-Session-Id"))], response.member

    def begin_at(self, proxy, member_id):
        for _ in range(200):
            fields, member = self.begin(proxy)
            if member == member_id:
                return fields
        raise AssertionError(f"no session begins at {member_id}")

    def wait_for_room_at(self, proxy, member_id):
        wait_until(lambda: self.begin(proxy)[1] == member_id, f"a session that begins at {member_id}")

    def hold(self, proxy, fields, member_id):
        """BUSY requests of one session, under way at its member until that is released."""
        member = self.member(member_id)
        connections = [self.connect(proxy.address) for _ in range(BUSY)]
        for connection in connections:
            before = len(member.requests)
            connection.send_request("GET", "/hold", fields)
            member.wait_for_requests(before + 1)
        return connections

    def spilled(self, proxy):
        return proxy.metrics().total("limpet_sessions_spilled_total", pool="app")

    def check(self, source):
        proxy = self.start(source)
        fields = self.begin_at(proxy, "a")
        held = self.hold(proxy, fields, "a")
        before = self.spilled(proxy)  # the proxy counts down a moment late, so that there may be some
        begun = [self.begin(proxy) for _ in range(30)]
        self.assertEqual({member for _, member in begun}, {"b", "c"})
        proxy.wait_for_metric("spilled sessions", lambda m: m.total("limpet_sessions_spilled_total", pool="app") > before)
        self.assertEqual(self.fetch(proxy.address, "/", headers=fields).member, "a", "it has its member")

        self.member("a").release()
        for connection in held:
            self.assertEqual(connection.read_response().member, "a")
        self.wait_for_room_at(proxy, "a")
        for fields, member in begun:
            self.assertEqual(self.fetch(proxy.address, "/", headers=fields).member, member, "it stays where it went")

    def test_new_sessions_with_a_pinned_cookie(self):
        self.check(PINNED)

    def test_new_sessions_with_an_envelope(self):
        self.check(ENVELOPE)

    def test_tunnels_count(self):
        proxy = self.start()
        fields = self.begin_at(proxy, "a")
        tunnels = [self.open_websocket(proxy.address, headers=fields) for _ in range(BUSY)]
        self.assertEqual({self.begin(proxy)[1] for _ in range(30)}, {"b", "c"})
        for tunnel in tunnels:
            self.assertEqual(tunnel.ask("hello"), "a: hello")
            tunnel.close()
        self.wait_for_room_at(proxy, "a")

    def test_without_a_bound_nothing_is_spilled(self):
        proxy = self.start(bound=None)
        self.hold(proxy, self.begin_at(proxy, "a"), "a")
        self.begin_at(proxy, "a")
        self.assertNotIn("limpet_sessions_spilled_total", proxy.metrics().names())

    def test_a_reload_sets_the_bound(self):
        proxy = self.start(bound=None)
        fields = self.begin_at(proxy, "a")
        proxy.reload(config_of(self.members, PINNED))
        self.hold(proxy, fields, "a")
        self.assertEqual({self.begin(proxy)[1] for _ in range(30)}, {"b", "c"})

    def test_a_session_whose_member_left_is_as_new(self):
        proxy = self.start()
        fields = self.begin_at(proxy, "a")
        at_c = [self.begin_at(proxy, "c") for _ in range(15)]
        self.hold(proxy, fields, "a")
        proxy.reload(config_of(self.members[:2], PINNED))
        for one in at_c:
            response = self.fetch(proxy.address, "/", headers=one)
            self.assertEqual(response.member, "b")
            self.assertIn("Set-Cookie", response.fields, "its pin is another now")
        metrics = proxy.wait_for_metric(
            "moves", lambda m: m if m.total("limpet_sticky_total", outcome="moved") == 15 else None
        )
        self.assertGreater(metrics.total("limpet_sessions_moved_total", reason="spilled"), 0)

    def test_explain_tells_the_loads(self):
        proxy = self.start()
        fields = self.begin_at(proxy, "a")
        self.hold(proxy, fields, "a")
        told = proxy.ask_admin("/explain?url=/").json()["load"]
        self.assertEqual(told["factor"], 1.25)
        loads = {one["member"]: one for one in told["members"]}
        self.assertEqual(loads["a"], {"member": "a", "busy": BUSY, "bound": 5, "has_room": False})
        self.assertEqual(loads["b"], {"member": "b", "busy": 0, "bound": 5, "has_room": True})


if __name__ == "__main__":
    unittest.main()
