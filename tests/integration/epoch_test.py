"""A cookie that knows more of the members than the proxy: it reads etcd once, and then decides."""

import json
import signal
import time
import unittest

from harness.client import Connection
from harness.etcd import Etcd
from harness.etcd_case import MEMBERS, EtcdTest
from harness.limpet import static_config
from harness.relay import Relay
from harness.session_member import SessionMember
from harness.waiting import wait_until

OUTCOMES = ("read", "behind", "failed", "timeout", "limited", "given_up")


class EpochTest(EtcdTest):
    def outcomes(self, proxy):
        metrics = proxy.metrics()
        counted = {one: metrics.total("limpet_epoch_ahead_total", pool="app", outcome=one) for one in OUTCOMES}
        return {one: count for one, count in counted.items() if count}

    def wait_for_outcomes(self, proxy, **wanted):
        wait_until(lambda: self.outcomes(proxy) == wanted, f"{wanted}, not {self.outcomes(proxy)}")

    def reads(self, proxy):
        return proxy.metrics().total("limpet_membership_refreshes_total", pool="app")


class Ahead(EpochTest):
    """Two proxies; what etcd's watch tells does not reach the second."""

    def start_both(self, members=(), **options):
        self.a, self.b, self.c = members or self.start_members("a", "b", "c")
        self.register(self.a)
        self.register(self.b)
        self.relay = Relay(self, self.etcd)
        self.one = self.start("proxy 1", **options)
        self.other = self.start("proxy 2", url=self.relay.url, **options)
        for proxy in (self.one, self.other):
            self.wait_for_members(proxy, "ab")
        self.relay.wait_for_watch()
        self.relay.silence_watches()
        self.register(self.c)
        self.wait_for_members(self.one, "abc")
        self.assertEqual(set(self.known(self.other)), {"a", "b"}, "its watch is silent")

    def test_a_pinned_session_reaches_a_member_that_the_proxy_has_not_seen_at_the_first_try(self):
        self.start_both()
        cookie = self.cookie_of(self.one, "c")
        self.assertEqual(self.reads(self.other), 0)
        response, kept = self.visit(self.other, cookie)
        self.assertEqual((response.status, response.member, kept), (200, "c", cookie))
        self.assertEqual(self.outcomes(self.other), {"read": 1})
        self.assertEqual(self.reads(self.other), 1)
        self.assertEqual(set(self.known(self.other)), {"a", "b", "c"})

        for _ in range(5):
            self.assertEqual(self.visit(self.other, cookie)[0].member, "c")
        self.assertEqual(self.outcomes(self.other), {"read": 1}, "now it knows as much as the cookie")
        self.assertEqual(self.outcomes(self.one), {}, "whoever issued it always did")

    def test_an_unpinned_session_goes_to_the_owner_that_its_cookie_was_issued_by(self):
        self.start_both(pin=False)
        cookie = self.cookie_of(self.one, "c")
        self.assertEqual(self.visit(self.other, cookie)[0].member, "c")
        self.assertEqual(self.outcomes(self.other), {"read": 1})

    def test_a_websocket_waits_as_well(self):
        self.start_both()
        cookie = self.cookie_of(self.one, "c")
        socket = self.open_websocket(self.other.address, headers=[("Cookie", f"limpet={cookie}")])
        self.assertEqual(socket.response.member, "c")
        self.assertEqual(self.outcomes(self.other), {"read": 1})

    def test_content_that_comes_with_the_request_is_not_lost(self):
        self.start_both()
        cookie = self.cookie_of(self.one, "c")
        body = b"x" * 60_000
        with Connection(self.other.address) as client:
            stored = client.request("PUT", "/kv/color", [("Cookie", f"limpet={cookie}")], body)
            self.assertEqual((stored.status, stored.member), (201, "c"))
            self.assertEqual(client.request("GET", "/kv/color", [("Cookie", f"limpet={cookie}")]).body, body)
        self.assertEqual(self.outcomes(self.other), {"read": 1})

    def test_requests_in_a_pipeline_are_answered_in_order(self):
        self.start_both()
        cookie = self.cookie_of(self.one, "c")
        with Connection(self.other.address) as client:
            request = f"GET / HTTP/1.1\r\nHost: test.example\r\nCookie: limpet={cookie}\r\n\r\n".encode()
            client.send(request * 3)
            self.assertEqual([client.read_response().member for _ in range(3)], ["c"] * 3)
        self.assertEqual(self.outcomes(self.other), {"read": 1})

    def start_both_with_envelopes(self, **pool):
        members = [SessionMember(self, one) for one in "abc"]
        for member in members:
            member.incarnation = "1"
        self.start_both(members, pool={"session": {"key": [{"envelope": {"header": "Mcp-Session-Id"}}]}, **pool})

    def envelope_of(self, proxy, member):
        """Of a new session that was placed there."""
        issue = [("X-Answer", json.dumps([("Mcp-Session-Id", "7f3a")]))]
        while True:
            response = self.fetch(proxy.address, headers=issue)
            if response.json()["member"] == member:
                return response.fields.get("Mcp-Session-Id")

    def test_an_envelope_whose_member_may_be_there_is_not_called_gone(self):
        self.start_both_with_envelopes(fail_over="refuse")
        sealed = self.envelope_of(self.one, "c")
        ask = lambda: self.fetch(self.other.address, headers=[("Mcp-Session-Id", sealed)])
        self.relay.cut()
        response = ask()
        self.assertEqual((response.status, response.fields.get("Retry-After")), (503, "1"))
        self.assertIn("The member that holds the session is not known here.", response.text())
        told = self.other.ask_admin(f"/explain?url=/&header=Mcp-Session-Id:{sealed}").json()
        self.assertEqual(told["decision"]["refusal"], "member_unknown")
        self.relay.mend()
        wait_until(lambda: ask().status == 200, "the session at its member")
        self.etcd.delete(MEMBERS + "c")
        wait_until(lambda: "is gone." in ask().text(), "the member to be gone")

    def test_an_envelope_is_read_again_with_its_tag(self):
        """Opening it has taken the tag off; without one it would begin another session."""
        self.start_both_with_envelopes()
        sealed = self.envelope_of(self.one, "c")
        seen = self.fetch(self.other.address, headers=[("Mcp-Session-Id", sealed)]).json()
        self.assertEqual(seen["member"], "c")
        self.assertIn(["Mcp-Session-Id", "7f3a"], seen["fields"])
        self.assertEqual(self.outcomes(self.other), {"read": 1})

    def test_a_wait_that_ends_in_another_pool_forgets_its_session(self):
        """A reload gives the route to a pool without sessions while a request waits."""
        self.start_both()
        cookie = self.cookie_of(self.one, "c")
        config = self.config(url=self.relay.url)
        config["pools"]["open"] = {"members": {"static": [self.start_member("d").entry()]}, "session": {"key": []}}
        elsewhere = {**config, "routes": [{**config["routes"][0], "pool": "open"}]}
        self.relay.silence()

        def is_caught():
            """Whether the reload came while it waited, which takes a second at the most."""
            self.other.reload(config)
            before = sum(self.outcomes(self.other).values())
            is_begun = lambda m: m.total("limpet_epoch_waits") > 0 or m.total("limpet_epoch_ahead_total") > before
            with Connection(self.other.address) as client:
                client.send_request(headers=[("Cookie", f"limpet={cookie}")])
                self.other.wait_for_metric("a wait, under way or over", is_begun)
                self.other.reload(elsewhere)
                return client.read_response().member == "d"

        wait_until(is_caught, "a request that waits while the configuration changes")
        counted = lambda m: [m.total("limpet_sticky_total", pool="open", outcome=one) for one in ("none", "hit", "moved")]
        self.other.wait_for_metric("a request without a session", lambda m: counted(m) == [1, 0, 0])

    def test_a_removal_counts_as_well(self):
        self.start_both()
        self.etcd.delete(MEMBERS + "a")
        self.wait_for_members(self.one, "bc")
        cookie = self.cookie_of(self.one, "b")
        self.assertEqual(self.visit(self.other, cookie)[0].member, "b")
        self.wait_for_members(self.other, "bc")

    def test_the_watch_goes_on_after_it(self):
        self.start_both()
        self.visit(self.other, self.cookie_of(self.one, "c"))
        self.relay.mend()
        self.etcd.delete(MEMBERS + "c")
        self.wait_for_members(self.other, "ab")

    def test_many_requests_make_one_read(self):
        self.start_both()
        cookie = self.cookie_of(self.one, "c")
        self.relay.silence()
        clients = [Connection(self.other.address) for _ in range(20)]
        for client in clients:
            client.send_request(headers=[("Cookie", f"limpet={cookie}")])
        statuses = [client.read_response().status for client in clients]
        for client in clients:
            client.close()
        self.assertEqual(statuses, [200] * 20)
        self.assertEqual(sum(self.outcomes(self.other).values()), 20)
        self.assertEqual(self.reads(self.other), 1)

    def test_etcd_that_does_not_answer_costs_a_moment_and_refuses_nothing(self):
        self.start_both()
        cookie = self.cookie_of(self.one, "c")
        self.relay.silence()
        response, again = self.visit(self.other, cookie)
        self.assertEqual(response.status, 200)
        self.assertIn(response.member, "ab", "by what it knows")
        self.assertNotEqual(again, cookie, "and the cookie says so")
        self.assertEqual(self.outcomes(self.other), {"timeout": 1})
        statuses = [self.visit(self.other, cookie)[0].status for _ in range(30)]
        self.assertEqual(statuses, [200] * 30)
        self.assertLessEqual(self.reads(self.other), 1, "the first is still under way")

    def test_etcd_that_is_gone_costs_nothing_and_refuses_nothing(self):
        self.start_both()
        cookie = self.cookie_of(self.one, "c")
        self.relay.cut()
        began = time.monotonic()
        statuses = [self.visit(self.other, cookie)[0].status for _ in range(50)]
        self.assertEqual(statuses, [200] * 50)
        outcomes = self.outcomes(self.other)
        self.assertGreaterEqual(outcomes["failed"], 1)
        self.assertEqual(sum(outcomes.values()), 50)
        self.assertLessEqual(self.reads(self.other), 2 + time.monotonic() - began, "one a second")

    def test_nobody_waits_where_nobody_may(self):
        self.start_both(limits={"epoch_waits": 0})
        cookie = self.cookie_of(self.one, "c")
        self.assertIn(self.visit(self.other, cookie)[0].member, "ab")
        self.assertEqual(self.outcomes(self.other), {"limited": 1})
        self.assertEqual(self.reads(self.other), 0)

    def test_a_client_that_leaves_while_it_waits(self):
        self.start_both()
        cookie = self.cookie_of(self.one, "c")
        self.relay.silence()
        before = self.other.metrics().total("limpet_member_requests_total")
        with Connection(self.other.address) as client:
            client.send_request(headers=[("Cookie", f"limpet={cookie}")])
        self.wait_for_outcomes(self.other, given_up=1)
        metrics = self.other.metrics()
        self.assertEqual(metrics.total("limpet_client_aborts_total"), 1)
        self.assertEqual(metrics.total("limpet_member_requests_total"), before, "no member hears of it")
        self.assertEqual(metrics.total("limpet_epoch_waits"), 0)

    def test_the_proxy_ends_while_requests_wait(self):
        self.start_both()
        cookie = self.cookie_of(self.one, "c")
        self.relay.silence()
        clients = [self.connect(self.other.address) for _ in range(8)]
        for client in clients:
            client.send_request(headers=[("Cookie", f"limpet={cookie}")])
        self.other.wait_for_metric("requests that wait", lambda m: m.total("limpet_epoch_waits") > 0)
        self.other.process.send_signal(signal.SIGQUIT)
        self.assertEqual(self.other.process.wait(), 0)

    def test_a_cookie_of_another_history_is_asked_about_once_a_second(self):
        a, b = self.start_members("a", "b")
        for number in range(100):
            self.etcd.put("/elsewhere", str(number))
        self.register(a)
        self.register(b)
        old = self.start("proxy of the old store")
        self.wait_for_members(old, "ab")
        cookie = self.cookie_of(old, "a")

        restored = Etcd(self)
        self.register(a, restored)
        self.register(b, restored)
        new = self.start("proxy of the new store", url=restored.url)
        self.wait_for_members(new, "ab")
        began = time.monotonic()
        for _ in range(100):
            response, kept = self.visit(new, cookie)
            self.assertEqual((response.status, response.member, kept), (200, "a", cookie), "its pin is there")
        outcomes = self.outcomes(new)
        self.assertGreaterEqual(outcomes["behind"], 1)
        self.assertEqual(sum(outcomes.values()), 100)
        self.assertLessEqual(self.reads(new), 1 + time.monotonic() - began)

    def test_epochs_of_static_pools_say_nothing_elsewhere(self):
        a, b = self.start_members("a", "b")
        issue = {"session": {"key": [{"cookie": "limpet", "issue": {"max_age": "1h"}}]}}
        keys = {"signing": {"keys": [{"id": "k", "secret": "a secret that is long enough to sign with"}]}}
        config = static_config([a, b], pool=issue, **keys)
        one, other = self.start_limpet(config, name="proxy 1"), self.start_limpet(config, name="proxy 2")
        for members in ([a], [a, b], [b, a], [b], [a, b]):
            one.reload(static_config(members, pool=issue, **keys))
        cookie = self.cookie_of(one, "a")
        self.assertEqual(self.visit(other, cookie)[0].member, "a")
        self.assertEqual(self.outcomes(other), {})

    def test_a_restarted_proxy_that_forgot_removals_is_not_behind(self):
        a, b = self.start_members("a", "b")
        self.register(a)
        self.register(b)
        one = self.start("proxy 1")
        self.wait_for_members(one, "ab")
        self.etcd.delete(MEMBERS + "b")
        self.wait_for_members(one, "a")
        cookie = self.cookie_of(one, "a")
        late = self.start("proxy 2")
        self.wait_for_members(late, "a")
        epochs = [proxy.metrics().total("limpet_epoch", pool="app") for proxy in (one, late)]
        self.assertGreater(epochs[0], epochs[1])
        self.assertEqual(self.visit(late, cookie)[0].member, "a")
        self.assertEqual(self.outcomes(late), {}, "its list was read after the removal")


class Incarnations(EpochTest):
    """What a session in memory is worth once its member was away."""

    def start_pair(self, **options):
        self.a, self.b = self.start_members("a", "b")
        self.register(self.a)
        self.register(self.b)
        self.proxy = self.start(**options)
        self.wait_for_members(self.proxy, "ab")

    def wait_until_up(self, member):
        """Somebody has to try it: sessions that belong there do."""
        newcomers = lambda: {self.visit(self.proxy)[0].member for _ in range(20)}
        wait_until(lambda: member in newcomers(), f"{member} to be tried again")

    def test_a_pin_on_an_earlier_incarnation_is_placed_anew(self):
        self.start_pair()
        cookies = [self.cookie_of(self.proxy, "a") for _ in range(10)]
        self.register(self.a, incarnation="the next")
        wait_until(lambda: self.known(self.proxy)["a"]["incarnation"] == "the next", "the next incarnation")
        for cookie in cookies:
            response, again = self.visit(self.proxy, cookie)
            self.assertEqual(response.status, 200)
            self.assertNotEqual(again, cookie)
            stayed, kept = self.visit(self.proxy, again)
            self.assertEqual((stayed.member, kept), (response.member, again))
        moved = self.proxy.metrics().total("limpet_sticky_total", pool="app", outcome="moved")
        self.assertEqual(moved, 10)

    def test_a_pinned_session_that_failed_over_stays_where_it_is(self):
        self.start_pair()
        cookie = self.cookie_of(self.proxy, "a")
        self.a.kill()
        response, moved = self.visit(self.proxy, cookie)
        self.assertEqual(response.member, "b")
        self.assertNotEqual(moved, cookie, "the cookie names b now")
        self.a.restart()
        self.wait_until_up("a")
        for _ in range(5):
            response, kept = self.visit(self.proxy, moved)
            self.assertEqual((response.member, kept), ("b", moved))

    def test_an_unpinned_session_goes_back_when_its_owner_answers(self):
        self.start_pair(pin=False)
        cookie = self.cookie_of(self.proxy, "a")
        self.a.kill()
        response, kept = self.visit(self.proxy, cookie)
        self.assertEqual((response.member, kept), ("b", cookie))
        self.a.restart()
        wait_until(lambda: self.visit(self.proxy, cookie)[0].member == "a", "the session at its owner again")
        self.assertEqual(self.visit(self.proxy, cookie)[1], cookie)


if __name__ == "__main__":
    unittest.main()
