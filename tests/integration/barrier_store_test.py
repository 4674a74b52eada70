"""Pools that hand over by a barrier, and what may be wrong with what etcd says: other clusters, other settings, bad values."""

import json

from harness.barrier_case import POOL, SESSIONS, BarrierTest
from harness.etcd import Etcd
from harness.etcd_case import MEMBERS
from harness.relay import Relay
from harness.waiting import wait_until


class OtherCluster(BarrierTest):
    def test_nothing_is_believed_or_written_where_etcd_is_another_cluster(self):
        self.join("a")
        relay, other = Relay(self, self.etcd), Etcd(self)
        one = self.start_proxy("one", endpoints=[relay.url])
        self.wait_for_commit_of("a")
        self.wait_until_served(one)
        address = self.members["c"].address
        view = {**self.view(), "members": [["c", "1", address, 1, "", "ready"]]}
        while int(json.loads(other.control("get", "x", "--write-out", "json"))["header"]["revision"]) < 40:
            other.put("x", "")
        other.put(MEMBERS + "c", json.dumps({"address": address, "incarnation": "1"}))
        other.put(POOL + "view", json.dumps(view))
        relay.cut()
        relay.lead_to(other)
        one.process.wait_for_output("nobody is served")  # looks for its watch less often by now than for itself
        relay.mend()
        one.process.wait_for_output("stopped: etcd went back in time or is another cluster")
        self.assertEqual(self.ask(one, "alice").status, 503)
        self.assertEqual(other.keys(POOL + "routers/"), [])
        self.assertEqual(self.members["c"].requests, [])


class OtherSettings(BarrierTest):
    def test_a_proxy_of_another_cluster_name_stops_nobody_but_itself(self):
        one = self.serve("a")
        registered = self.etcd.keys(POOL + "routers/")
        for attempt in range(6):
            other = self.start_proxy(f"other-{attempt}", {"cluster": "others"})
            other.process.wait_for_output('its cluster is "limpet", and ours "others"')
            other.process.stop()
        self.assertEqual(self.etcd.keys(POOL + "routers/"), registered)
        self.assertNotIn("stopped", one.process.output())

    def test_other_limits_are_taken_once_no_proxy_is_registered(self):
        one = self.serve("a")
        epoch = self.view()["epoch"]
        other = self.start_proxy("other", {"window": "4s"})
        other.process.wait_for_output("its limits is")
        self.assertEqual(self.ask(other, "alice").status, 503)
        one.process.stop()
        self.wait_until_served(other)
        self.assertGreater(self.view()["epoch"], epoch)
        two = self.start_proxy("two", {"window": "4s"})
        self.wait_until_served(two)


class Fence(BarrierTest):
    def test_behind_a_shut_fence_nobody_is_served_and_the_proxy_is_not_ready(self):
        one = self.serve("a")
        self.assertEqual(self.fetch(one.address, "/").status, 200, "a request without a session")
        self.assertEqual(one.ask_admin("/readyz").status, 200)
        view = self.view()
        self.etcd.put(POOL + "view", json.dumps({**view, "cluster": "others"}))
        wait_until(lambda: self.ask(one, "alice").status == 503, "the stop")
        self.assertEqual(self.fetch(one.address, "/").status, 503)
        self.assertEqual(one.ask_admin("/readyz").status, 503)
        self.etcd.put(POOL + "view", json.dumps(view))
        self.wait_until_served(one)
        self.assertEqual(one.ask_admin("/readyz").status, 200)


class Values(BarrierTest):
    def test_a_bad_value_leaves_its_member_as_the_record_has_it(self):
        one = self.serve("ab")
        self.etcd.put(MEMBERS + "b", "garbage")
        one.process.wait_for_output("members/b is left as the record has it: its value is not a JSON object")
        self.join("c")
        self.wait_for_commit_of("abc")
        self.etcd.delete(MEMBERS + "b")
        self.wait_for_commit_of("ac")

    def test_a_host_name_is_no_address(self):
        self.join("a")
        one = self.start_proxy("one")
        self.wait_for_commit_of("a")
        port = self.members["b"].address.rpartition(":")[2]
        self.etcd.put(MEMBERS + "b", json.dumps({"address": f"member.example:{port}", "incarnation": "1"}))
        one.process.wait_for_output('"address" is a host name')
        self.join("c")
        self.wait_for_commit_of("ac")


class Time(BarrierTest):
    def test_an_endpoint_that_does_not_answer_costs_nothing_where_another_does(self):
        self.join("a")
        relays = [Relay(self, self.etcd), Relay(self, self.etcd)]
        one = self.start_proxy("one", endpoints=[relay.url for relay in relays])
        self.wait_until_served(one)
        answers = {relay: relay.answers for relay in relays}
        asked = lambda: next((relay for relay in relays if relay.answers > answers[relay]), None)
        wait_until(lambda: asked() and one.metrics().total("limpet_fence_seconds_left") > 2.5, "a read of itself")
        asked().silence()
        one.process.wait_for_output("no answer in time")
        wait_until(lambda: one.metrics().total("limpet_fence_seconds_left") > 2.5, "one by the other")
        self.assertNotIn("nobody is served", one.process.output())

    def test_a_hand_off_lasts_from_its_first_prepare(self):
        slow = {"window": "20s", "work_max": "20s", "batch": "1s"}
        one = self.serve("a", slow, timeouts={"answer": "20s"})
        self.begin(*SESSIONS, proxy=one)
        wait_until(lambda: len(self.members["a"].requests) > len(SESSIONS), "all at their member")
        self.join("b"), self.join("c")
        wait_until(lambda: len(self.view()["members"]) == 3, "a PREPARE of both")
        seconds = lambda: one.metrics().total("limpet_handoff_seconds")
        wait_until(lambda: seconds() > 0.5, "a hand-off that waits")
        before = seconds()
        self.etcd.delete(MEMBERS + "c")
        wait_until(lambda: len(self.view()["members"]) == 2, "another PREPARE")
        one.process.wait_for_output("of 2 members")
        self.assertEqual(self.view()["state"], "PREPARE", "it waits for sessions of b")
        self.assertGreaterEqual(seconds(), before)
        self.members["a"].release()
