"""Reloads of a proxy with a pool that hands over by a barrier: what ends by them, and what does not."""

import json

from harness.barrier_case import POOL, SESSIONS, BarrierTest
from harness.etcd_case import MEMBERS
from harness.full_listener import FullListener
from harness.waiting import wait_until


class PoolTakenOut(BarrierTest):
    def lead_elsewhere(self, proxy):
        """By a reload that takes the pool out; the other one has "b" alone."""
        config = json.loads(json.dumps(proxy.config))
        config["pools"] = {"other": {"members": {"static": [self.members["b"].entry()]}}}
        config["routes"] = [{"path": "/", "pool": "other"}]
        proxy.reload(config)

    def keys_of_proxies(self):
        return [key for of in ("routers/", "alive/", "acks/") for key in self.etcd.keys(POOL + of)]

    def test_it_is_left_once_its_requests_have_ended_and_holds_up_nobody(self):
        slow = {"window": "1h", "work_max": "20s", "lease_ttl": "1h"}  # far longer than any test waits
        one = self.serve("a", slow, timeouts={"answer": "20s"})
        held = self.begin("held", proxy=one)["held"]
        self.members["a"].wait_for_requests(2)
        self.lead_elsewhere(one)
        self.assertEqual(self.ask(one, "alice").fields.get("X-Member"), "b")
        self.assertEqual(len(self.keys_of_proxies()), 3, "while a request is under way")
        self.members["a"].release()
        self.assertEqual(held.read_response().fields.get("X-Member"), "a")
        wait_until(lambda: self.keys_of_proxies() == [], "the end of its keys")
        two = self.start_proxy("two", slow, timeouts={"answer": "20s"})
        self.wait_until_served(two)
        self.join("c")
        self.wait_for_commit_of("ac")

    def test_it_is_left_once_its_tunnels_count_no_more(self):
        one = self.serve("a", {"lease_ttl": "1h"})
        self.open_websocket(one.address, headers=[("X-User-Id", "alice")])
        self.lead_elsewhere(one)
        wait_until(lambda: self.keys_of_proxies() == [], "the end of its keys")

    def test_it_may_be_back_before_it_is_left(self):
        one = self.serve("a", {"lease_ttl": "1h"})
        strict = json.loads(json.dumps(one.config))
        before = self.etcd.keys(POOL + "routers/")
        self.begin("held", proxy=one)
        self.members["a"].wait_for_requests(2)
        self.lead_elsewhere(one)
        one.reload(strict)
        wait_until(lambda: one.process.output().count("registered as") == 2, "another incarnation")
        self.wait_until_served(one)
        wait_until(lambda: before[0] not in self.etcd.keys(POOL + "routers/"), "the end of the first")
        self.join("c")
        self.wait_for_commit_of("ac")

    def test_it_is_left_also_where_the_process_ends_meanwhile(self):
        one = self.serve("a", {"lease_ttl": "1h"})
        tunnel = self.open_websocket(one.address, headers=[("X-User-Id", "alice")])
        tunnel.ask("counts from now on")
        self.lead_elsewhere(one)
        self.assertEqual(len(self.keys_of_proxies()), 3)
        one.process.stop()
        self.assertEqual(self.keys_of_proxies(), [])

    def test_it_may_go_while_an_earlier_incarnations_request_is_under_way(self):
        hole = FullListener(self)
        self.etcd.put(MEMBERS + "a", json.dumps({"address": hole.address, "incarnation": "1"}))
        one = self.start_proxy("one", timeouts={"answer": "2s", "connect": "10s"})
        self.wait_for_commit_of("a")
        wait_until(lambda: "limpet_live_streams" in one.metrics().names(), "the member at the proxy")
        dialling = self.begin("alice", proxy=one)["alice"]
        one.wait_for_metric("the request", lambda m: m.total("limpet_live_streams", kind="request") == 1)
        self.etcd.revoke_all_leases()
        wait_until(lambda: one.process.output().count("registered as") == 2, "the next incarnation")
        self.lead_elsewhere(one)
        wait_until(lambda: self.fetch(one.address, "/").status == 200, "the other pool")
        hole.close()
        self.assertEqual(dialling.read_response().status, 503)
        self.assertEqual(self.fetch(one.address, "/").status, 200)

    def test_requests_that_are_parked_go_where_the_route_leads_then(self):
        slow = {"window": "20s", "work_max": "20s", "parking": {"time": "1h"}}
        one = self.serve("a", slow, timeouts={"answer": "20s"})
        held, asked = self.park(one)
        self.lead_elsewhere(one)
        for session, connection in asked.items():
            self.assertEqual(connection.read_response().fields.get("X-Member"), "b", session)
        self.members["a"].release()
        self.assertEqual(held.read_response().fields.get("X-Member"), "a")


class Settings(BarrierTest):
    def test_what_one_proxy_may_have_to_itself_ends_nothing(self):
        one = self.serve("a")
        held = self.begin(*SESSIONS, proxy=one)
        self.members["a"].wait_for_requests(len(SESSIONS) + 1)
        config = json.loads(json.dumps(one.config))
        config["pools"]["app"]["barrier"] |= {"parking": {"requests": 1}, "batch": "1ms", "lease_ttl": "60s"}
        one.reload(config)
        self.join("b")
        wait_until(lambda: self.view()["state"] == "PREPARE", "a PREPARE")
        self.begin(*SESSIONS, proxy=one, target="/")
        one.wait_for_metric("the new bound of parking", lambda m: m.total("limpet_parked_total", outcome="full") > 0)
        self.assertLessEqual(one.metrics().total("limpet_parked_requests"), 2, "one in each worker")
        self.members["a"].release()
        self.assertEqual({c.read_response().status for c in held.values()}, {200})
        self.wait_for_commit_of("ab")
        self.assertEqual(one.process.output().count("registered as"), 1)

    def test_what_all_proxies_must_change_together_does_not_change(self):
        one = self.serve("a")
        config = json.loads(json.dumps(one.config))
        config["pools"]["app"]["barrier"]["window"] = "4s"
        one.reload(config)
        self.assertIn('pool "app": handoff, barrier or session.key changed', one.process.output())
        self.assertEqual(self.ask(one, "alice").status, 200)
        config["pools"]["app"] = {"members": {"static": [self.members["a"].entry()]}, "session": {"key": []}}
        one.reload(config)
        self.assertEqual(one.process.output().count("reload refused"), 2)
