"""What is in flight as a hand-off begins: requests, answers without an end, event streams, tunnels."""

import signal
import time

from harness.barrier_case import SESSIONS, BarrierTest
from harness.client import ConnectionEnded
from harness.etcd_case import MEMBERS
from harness.waiting import wait_until


class InFlight(BarrierTest):
    def test_clients_that_go_away_hold_up_nobody(self):
        self.expect_no_wait_for_clients_that_go(lambda one: self.begin(*SESSIONS, proxy=one))

    def test_clients_that_go_away_behind_streamed_content_hold_up_nobody(self):
        def begin(one):
            held = {session: self.connect(one.address) for session in SESSIONS}
            for session, connection in held.items():
                connection.send_request("POST", "/hold", [("X-User-Id", session), ("Content-Length", "5")])
            self.wait_for_held_requests()  # so that the content comes behind the head
            for connection in held.values():
                connection.send("added")
            return held

        self.expect_no_wait_for_clients_that_go(begin)

    def wait_for_held_requests(self):
        def held():
            return [request for name in "ab" for request in self.members[name].requests if request.target == "/hold"]

        wait_until(lambda: len(held()) == len(SESSIONS), "all at their members")

    def expect_no_wait_for_clients_that_go(self, begin):
        """Given up, their requests would count for a minute."""
        slow = {"window": "60s", "work_max": "60s"}
        one = self.serve("ab", slow, timeouts={"answer": "60s"})
        held = begin(one)
        self.wait_for_held_requests()
        for connection in held.values():
            connection.close()
        one.wait_for_metric("aborts", lambda m: m.total("limpet_client_aborts_total") == len(SESSIONS))
        self.join("c")
        wait_until(lambda: self.view()["state"] == "PREPARE", "a PREPARE")
        for name in "ab":
            self.members[name].release()
        self.wait_for_commit_of("abc")

    def test_a_member_that_closes_behind_its_answers_loses_no_request(self):
        one = self.serve("a")
        with self.connect(one.address) as client:
            for _ in range(100):
                self.assertEqual(client.request("GET", "/close", [("X-User-Id", "alice")]).status, 200)
        self.join("b")
        self.wait_for_commit_of("ab")

    def test_an_answer_without_an_end_holds_up_nobody_for_longer_than_the_deadline(self):
        one = self.serve("ab", on_remove={"deadline": "1s"})
        before = self.owners(one)
        endless = self.begin(*SESSIONS, proxy=one, target="/endless")
        self.join("c")
        self.wait_for_commit_of("abc")
        wait_until(lambda: "c" in self.owners(one).values(), "sessions of the joiner")
        after = self.owners(one)
        for name in "ab":
            self.members[name].release()
        for session, connection in endless.items():
            if after[session] == before[session]:
                self.assertEqual(connection.read_response().body, b"begun, done", session)
            else:
                with self.assertRaises((ConnectionEnded, OSError)):
                    connection.read_response()

    def test_a_hand_off_that_is_superseded_cuts_nothing(self):
        one = self.serve("ab", on_remove={"deadline": "2s"})
        before = self.owners(one)
        endless = self.begin(*SESSIONS, proxy=one, target="/endless")
        for session, connection in endless.items():
            self.assertEqual(connection.read_head().status, 200, session)
        self.join("c")
        one.wait_for_metric("those that move", lambda m: m.total("limpet_streams_let_go_total", reason="moved") > 0)
        self.etcd.delete(MEMBERS + "c")
        self.wait_for_commit_of("ab")
        self.assertEqual(one.metrics().total("limpet_streams_cut_total"), 0)
        # Those of a member that leaves have a later deadline: when they are cut the first one is over.
        self.etcd.delete(MEMBERS + "b")
        self.wait_for_commit_of("a")
        self.members["a"].release()
        for session, connection in endless.items():
            if before[session] == "a":
                self.assertEqual(connection.read_exactly(len("begun, done")), b"begun, done", session)

    def test_event_streams_of_a_hand_off_that_is_superseded_go_on(self):
        one = self.serve("ab")
        streams = self.begin(*SESSIONS, proxy=one, target="/half-event")
        for session, connection in streams.items():
            self.assertEqual(connection.read_head().status, 200, session)
            self.assertEqual(connection.read_chunk(), b"data: first\n")
        self.join("c")
        one.wait_for_metric("those that move", lambda m: m.total("limpet_streams_let_go_total", reason="moved") > 0)
        self.etcd.delete(MEMBERS + "c")
        self.wait_for_commit_of("ab")
        for name in "ab":
            self.members[name].release()
        for session, connection in streams.items():
            self.assertEqual(connection.read_chunk(), b"\n", session)  # where one that goes would end
        for name in "ab":
            self.members[name].finish()
        for session, connection in streams.items():
            self.assertEqual(connection.read_chunk(), b"data: second\n\n", session)

    def test_what_the_end_of_a_stream_sets_off_at_its_member_has_its_time(self):
        one = self.serve("a")
        events = self.begin("alice", proxy=one, target="/events")["alice"]
        events.read_head(), events.read_chunk()
        asked = time.monotonic()
        wait_until(lambda: time.monotonic() > asked + 2.1, "what the request itself has set off")  # work_max is 2 s
        self.join("a", incarnation="2")
        self.assertEqual(events.read_chunk(), b"")
        wait_until(lambda: self.view()["state"] == "COMMITTED" and self.view()["members"][0][1] == "2", "the commit")
        one.wait_for_metric("the hand-off", lambda m: m.total("limpet_handoffs_total") > 1)
        self.assertGreaterEqual(one.metrics().total("limpet_handoff_last_seconds"), 2)

    def test_a_request_that_the_fence_cut_short_leaves_its_connection_to_nobody(self):
        one = self.serve("a", {"lease_ttl": "1h"})
        client = self.connect(one.address)
        client.send_request("POST", "/endless", [("X-User-Id", "alice"), ("Content-Length", "5")])
        client.send("ad")
        self.assertEqual(client.read_head().status, 200)
        self.assertEqual(client.read_exactly(5), b"begun")
        self.etcd.process.send_signal(signal.SIGSTOP)
        one.process.wait_for_output("nobody is served: for")
        client.send("ded")  # is not passed on
        self.etcd.process.send_signal(signal.SIGCONT)
        self.wait_until_served(one)
        self.members["a"].release()
        self.assertEqual(client.read_exactly(6), b", done")
        for _ in range(16):  # by each worker
            self.assertEqual(self.ask(one, "alice").status, 200)
        self.assertEqual({request.method for request in self.members["a"].requests}, {"GET", "POST"})

    def test_tunnels_of_moved_sessions_are_let_go_and_others_stay(self):
        one = self.serve("ab", rebalance={"per_second": 1000})
        tunnels = {s: self.open_websocket(one.address, headers=[("X-User-Id", s)]) for s in SESSIONS}
        self.join("c")
        self.wait_for_commit_of("abc")
        wait_until(lambda: "c" in self.owners(one).values(), "sessions of the joiner")
        after = self.owners(one)
        for session, tunnel in tunnels.items():
            if after[session] == "c":
                self.assertEqual(tunnel.read_frame().close_code, 1012, session)
            else:
                self.assertEqual(tunnel.ask("still there"), f"{after[session]}: still there")
