"""Pools that hand over by a barrier: no session has two owners, whatever proxies and members do."""

import json
import signal

from harness.barrier_case import POOL, SESSIONS, BarrierTest
from harness.cli import limpet
from harness.client import ConnectionEnded
from harness.etcd_case import MEMBERS
from harness.waiting import wait_until


class HandOff(BarrierTest):
    def test_sessions_have_one_owner_on_all_proxies_and_a_joiner_takes_its_share(self):
        self.join("a"), self.join("b")
        one, two = self.start_proxy("one"), self.start_proxy("two")
        self.wait_for_commit_of("ab")
        self.wait_until_served(one, two)
        before = self.owners(one)
        self.assertEqual(self.owners(two), before)
        self.assertEqual(set(before.values()), {"a", "b"})
        self.join("c")
        self.wait_for_commit_of("abc")
        wait_until(lambda: "c" in self.owners(one).values(), "sessions of the joiner")
        after = self.owners(one)
        self.assertEqual(self.owners(two), after)
        for session in SESSIONS:
            self.assertIn(after[session], (before[session], "c"), "moves to the joiner or stays")

    def test_nobody_is_served_by_the_new_owner_while_any_proxy_has_a_request_at_the_old(self):
        self.join("a"), self.join("b")
        slow = {"window": "20s", "work_max": "20s"}
        one, two = (self.start_proxy(name, slow, timeouts={"answer": "20s"}) for name in ("one", "two"))
        self.wait_for_commit_of("ab")
        self.wait_until_served(one, two)
        held = self.begin(*SESSIONS, proxy=one)
        for name in "ab":
            wait_until(lambda name=name: self.members[name].requests, f"requests at {name}")
        wait_until(lambda: sum(len(self.members[n].requests) for n in "ab") >= len(SESSIONS), "all at their members")
        self.join("c")
        wait_until(lambda: self.view()["state"] == "PREPARE", "a PREPARE")
        asked = self.begin(*SESSIONS, proxy=two, target="/")
        two.wait_for_metric("parked requests", lambda m: m.total("limpet_parked_requests") > 0)
        self.assertEqual(self.members["c"].requests, [])
        self.assertEqual(self.view()["state"], "PREPARE")
        for name in "ab":
            self.members[name].release()
        for session, connection in held.items():
            self.assertIn(connection.read_response().fields.get("X-Member"), ("a", "b"), session)
        self.wait_for_commit_of("abc")
        answered = {s: connection.read_response().fields.get("X-Member") for s, connection in asked.items()}
        self.assertEqual(answered, self.owners(two))
        self.assertIn("c", answered.values())
        self.assertEqual(two.metrics().total("limpet_parked_total", outcome="parked"),
                         list(answered.values()).count("c"), "those that move and no other")

    def test_members_are_told_of_the_session_and_the_last_committed_epoch(self):
        self.join("a")
        one, two = self.start_proxy("one"), self.start_proxy("two")
        self.wait_for_commit_of("a")
        self.wait_until_served(one, two)

        def told(proxy, session):
            forged = [("Limpet-Session", "mine"), ("Limpet-Epoch", "99999999")]
            got = self.fetch(proxy.address, "/", headers=[("X-User-Id", session), *forged])
            fields = dict(got.json()["fields"])
            return fields["Limpet-Session"], int(fields["Limpet-Epoch"])

        digest, epoch = told(one, "alice")
        self.assertRegex(digest, "^[0-9a-f]{32}$")
        self.assertEqual(epoch, self.view()["epoch"])
        self.assertEqual(told(two, "alice"), (digest, epoch))
        self.assertNotEqual(told(one, "bob")[0], digest)
        self.join("b")
        self.wait_for_commit_of("ab")
        later = self.view()["epoch"]
        self.assertGreater(later, epoch)
        for proxy in (one, two):
            wait_until(lambda proxy=proxy: told(proxy, "alice") == (digest, later), "the next epoch")

    def test_a_member_that_restarts_is_another_owner(self):
        one = self.serve("a")
        tunnel = self.open_websocket(one.address, headers=[("X-User-Id", "alice")])
        self.join("a", incarnation="2")
        self.assertEqual(tunnel.read_frame().close_code, 1012)
        wait_until(lambda: self.view()["state"] == "COMMITTED" and self.view()["members"][0][1] == "2", "the commit")
        self.wait_until_served(one)


class Faults(BarrierTest):
    def test_a_proxy_that_is_killed_holds_up_a_hand_off_for_its_grace_and_no_longer(self):
        self.join("a"), self.join("b")
        one, two = self.start_proxy("one"), self.start_proxy("two")
        self.wait_for_commit_of("ab")
        self.wait_until_served(one, two)
        one.process.kill()
        self.join("c")
        wait_until(lambda: self.view()["state"] == "PREPARE", "a PREPARE")
        self.wait_for_commit_of("abc")
        self.assertIn("is dead, and was taken out of the barrier set", two.process.output())
        wait_until(lambda: "c" in self.owners(two).values(), "sessions of the joiner")

    def test_without_etcd_it_serves_until_its_deadline_and_again_when_etcd_is_back(self):
        one = self.serve("a")
        tunnel = self.open_websocket(one.address, headers=[("X-User-Id", "alice")])
        self.etcd.process.freeze()
        wait_until(lambda: self.ask(one, "alice").status == 503, "the fence")
        sent = len(self.members["a"].requests)
        self.assertEqual(self.ask(one, "alice").status, 503)
        self.assertEqual(len(self.members["a"].requests), sent, "nothing was written")

        def is_refused_at_once():
            before = one.metrics().total("limpet_member_requests_total")
            return self.ask(one, "alice").status == 503 and one.metrics().total("limpet_member_requests_total") == before

        wait_until(is_refused_at_once, "refusals that choose no member")
        with self.assertRaises((ConnectionEnded, OSError)):
            tunnel.read_frame()
        self.assertEqual(one.metrics().total("limpet_streams_cut_total", reason="fenced"), 1)
        self.etcd.process.send_signal(signal.SIGCONT)
        self.wait_until_served(one)

    def test_without_etcd_parked_requests_are_refused_once_its_deadline_is_over(self):
        one = self.serve("a", {"work_max": "20s", "parking": {"time": "1h"}}, timeouts={"answer": "20s"})
        held, asked = self.park(one)
        before = one.metrics().total("limpet_refusals_total", reason="fenced")
        self.etcd.process.freeze()
        self.assertEqual({connection.read_response().status for connection in asked.values()}, {503})
        one.wait_for_metric("refusals by the fence",
                            lambda m: m.total("limpet_refusals_total", reason="fenced") == before + len(SESSIONS))
        self.members["a"].release()
        self.assertEqual(held.read_response().status, 200)
        self.etcd.process.send_signal(signal.SIGCONT)
        self.wait_until_served(one)

    def test_a_proxy_may_be_there_before_etcd_is(self):
        self.join("a")
        self.etcd.kill()
        one = self.start_proxy("one")
        one.process.wait_for_output("not registered")
        self.assertEqual(self.ask(one, "alice").status, 503)
        self.etcd.start()
        self.wait_until_served(one)
        self.assertLess(one.process.output().count("not registered"), 4, "told once a reason")

    def test_a_lost_lease_ends_an_incarnation_and_all_that_it_had(self):
        one = self.serve("a")
        before = one.members()["pools"][0]["handoff"]["incarnation"]
        tunnel = self.open_websocket(one.address, headers=[("X-User-Id", "alice")])
        self.etcd.revoke_all_leases()
        with self.assertRaises((ConnectionEnded, OSError)):
            tunnel.read_frame()
        self.wait_until_served(one)
        self.assertNotEqual(one.members()["pools"][0]["handoff"]["incarnation"], before)

    def test_a_record_of_others_stops_the_pool(self):
        one = self.serve("a")
        view = self.view()
        self.etcd.put(POOL + "view", json.dumps({**view, "cluster": "others"}))
        wait_until(lambda: self.ask(one, "alice").status == 503, "the stop")
        one.process.wait_for_output('its cluster is "others", and ours "limpet"')
        self.etcd.put(POOL + "view", json.dumps(view))
        self.wait_until_served(one)

    def test_sessions_of_a_member_that_is_gone_are_served_by_their_next_owner(self):
        one = self.serve("ab")
        self.etcd.delete(MEMBERS + "a")
        self.wait_for_commit_of("b")
        wait_until(lambda: set(self.owners(one).values()) == {"b"}, "the other owner")


class Exit(BarrierTest):
    def test_a_proxy_that_leaves_holds_up_nobody(self):
        self.join("a"), self.join("b")
        one, two = self.start_proxy("one"), self.start_proxy("two")
        self.wait_for_commit_of("ab")
        self.wait_until_served(one, two)
        one.process.stop()
        wait_until(lambda: len(self.etcd.keys(POOL + "routers/")) == 1, "one router")
        self.assertEqual(len(self.etcd.keys(POOL + "alive/")), 1)
        self.join("c")
        self.wait_for_commit_of("abc")
        self.assertNotIn("is dead", two.process.output())


    def test_a_proxy_with_a_tunnel_leaves_once_that_counts_no_more(self):
        one = self.serve("a", {"work_max": "5s"})
        self.open_websocket(one.address, headers=[("X-User-Id", "alice")])
        one.process.stop()
        self.assertEqual(self.etcd.keys(POOL + "routers/"), [])


class Operation(BarrierTest):
    def test_shows_where_a_hand_off_stands_and_for_whom_it_waits(self):
        self.join("a"), self.join("b")
        slow = {"window": "20s", "work_max": "20s"}
        one, two = (self.start_proxy(name, slow, timeouts={"answer": "20s"}) for name in ("one", "two"))
        self.wait_for_commit_of("ab")
        self.wait_until_served(one, two)
        handoff = one.members()["pools"][0]["handoff"]
        self.assertEqual((handoff["stage"], handoff["waits_for"]), ("committed", []))
        self.assertEqual(one.metrics().total("limpet_fenced"), 0)
        self.begin(*SESSIONS, proxy=one)
        wait_until(lambda: sum(len(self.members[n].requests) for n in "ab") >= len(SESSIONS), "all at their members")
        self.join("c")

        def waits():
            shown = two.members()["pools"][0]["handoff"]
            return shown["stage"] == "waits for others" and shown["waits_for"] == [handoff["incarnation"]]

        wait_until(waits, "the one that is waited for")
        self.assertEqual(one.members()["pools"][0]["handoff"]["stage"], "drains")
        self.assertEqual(one.metrics().total("limpet_handoff_stage"), 1)
        self.assertGreater(two.metrics().total("limpet_handoff_seconds"), 0)
        for name in "ab":
            self.members[name].release()
        self.wait_for_commit_of("abc")

    def test_a_proxy_that_does_not_hand_over_by_a_barrier_notices_those_that_do(self):
        self.join("a")
        strict = self.start_proxy("strict")
        self.wait_until_served(strict)
        other = self.start_proxy("other", handoff="available")
        other.process.wait_for_output("hands it over by a barrier, and this proxy does not")
        self.assertEqual(other.metrics().total("limpet_handoff_barrier_proxies", pool="app"), 1)
        self.assertIn("hands it over by a barrier", limpet("status", "--admin", other.admin).stdout)
        strict.process.kill()
        other.process.wait_for_output("no proxy hands it over by a barrier any more")
        self.assertEqual(other.metrics().total("limpet_handoff_barrier_proxies", pool="app"), 0)

    def test_a_store_that_was_restored_stops_the_pool(self):
        one = self.serve("a")
        self.etcd.lose_data()
        one.process.wait_for_output("etcd went back in time or is another cluster")
        self.join("a")
        self.assertEqual(self.ask(one, "alice").status, 503)
        self.assertEqual(one.metrics().total("limpet_handoff_stage", pool="app"), 4)

    def test_two_proxies_with_other_limits_do_not_share_a_pool(self):
        one = self.serve("a")
        two = self.start_proxy("two", {"window": "4s"})
        two.process.wait_for_output("its limits is")
        self.assertEqual(self.ask(two, "alice").status, 503)
