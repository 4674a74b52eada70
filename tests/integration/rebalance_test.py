"""Tunnels and event streams follow their session to another owner: those that have one, and no others."""

import json
import time
import unittest

from harness.etcd import Etcd
from harness.following import AT_ONCE, Following, member_entry
from harness.limpet import static_config
from harness.waiting import wait_until


class Rebalance(Following):
    """Of sessions whose owner is asked for by a request, as their client's next one would."""

    def owners(self, sessions):
        client = self.connect(self.proxy.address)
        return {one: client.request("GET", "/", [("X-User-Id", one)]).member for one in sessions}

    def start_with(self, *ids, rebalance=None):
        self.members = {one.id: one for one in self.start_members(*ids)}
        pool = {"rebalance": AT_ONCE if rebalance is None else rebalance}
        return self.start([member_entry(one) for one in self.members.values()], pool=pool)

    def expect_moved(self, sockets, owners):
        """Those whose session has another owner, and no others; returns them."""
        moved = {session for session, (_, member) in sockets.items() if owners[session] != member}
        for session, (socket, _) in sockets.items():
            if session in moved:
                self.expect_farewell(socket, "the session has moved")
            else:
                self.expect_still_there(socket)
        self.wait_for_total(0, "limpet_streams_waiting")
        self.assertEqual(self.total("limpet_streams_let_go_total", reason="moved"), len(moved))
        self.assertEqual(self.total("limpet_streams_let_go_total"), len(moved))
        return moved


class Joiners(Rebalance):
    def test_a_joiner_takes_its_share_and_nothing_else_moves(self):
        self.start_with("a", "b", "c")
        sockets = self.open_sessions(120)
        self.assertEqual({one: member for one, (_, member) in sockets.items()}, self.owners(sockets))
        keyless = [self.open_websocket(self.proxy.address) for _ in range(20)]
        self.file.add(member_entry(self.start_member("d")))
        owners = self.owners(sockets)
        moved = self.expect_moved(sockets, owners)
        self.assertEqual({owners[session] for session in moved}, {"d"})
        self.assertTrue(15 <= len(moved) <= 45, f"{len(moved)} of 120, of which a quarter is 30")
        for socket in keyless:
            self.expect_still_there(socket)
        self.wait_for_why("rebalanced", len(moved))
        for session in moved:
            self.assertEqual(self.open_sessions_of(session).response.member, "d")

    def open_sessions_of(self, session):
        return self.open_websocket(self.proxy.address, headers=[("X-User-Id", session)])

    def test_a_changed_weight_moves_sessions(self):
        self.start_with("a", "b", "c")
        sockets = self.open_sessions(60)
        self.file.change("c", weight=4)
        # Ids and states are what they were: it is the answers that tell of the new view.
        before = {one: member for one, (_, member) in sockets.items()}
        wait_until(lambda: self.owners(sockets) != before, "the new weight")
        owners = self.owners(sockets)
        self.assertEqual({owners[session] for session in self.expect_moved(sockets, owners)}, {"c"})

    def test_event_streams_end_between_two_events_and_requests_are_left_alone(self):
        self.start_with("a")
        events, slow = self.connect(self.proxy.address), self.connect(self.proxy.address)
        sessions = (f"user-{number}" for number in range(1000))
        joiner = self.start_member("b")
        probe = self.start_limpet(static_config([*self.members.values(), joiner]))  # who will own whom
        session = next(
            one for one in sessions if self.fetch(probe.address, headers=[("X-User-Id", one)]).member == "b"
        )
        events.send_request("GET", "/events?interval=10", [("X-User-Id", session)])
        self.assertEqual(events.read_head().member, "a")
        slow.send_request("GET", "/slow?ms=1500", [("X-User-Id", session)])
        self.wait_for_total(1, "limpet_live_streams", kind="request")
        self.file.add(member_entry(joiner))
        received = b""
        while chunk := events.read_chunk():
            received += chunk
        self.assertTrue(received.endswith(b"\n\n"), received[-50:])
        events.read_trailers()
        self.assertEqual(slow.read_response().member, "a")
        self.assertEqual(events.request("GET", "/", [("X-User-Id", session)]).member, "b")

    def test_the_pace_is_kept_over_all_workers(self):
        self.start_with("a", "b", "c", rebalance={"per_second": 20, "jitter_percent": 0})
        sockets = self.open_sessions(80)
        began = time.monotonic()
        self.file.add(member_entry(self.start_member("d")))
        owners = self.owners(sockets)
        moved = sum(owners[session] != member for session, (_, member) in sockets.items())
        while (gone := self.total("limpet_streams_let_go_total", reason="moved")) < moved:
            # A slow machine makes it fewer.
            self.assertLessEqual(gone, 20 * (time.monotonic() - began) + 1)
        self.expect_moved(sockets, owners)

    def test_without_rebalance_all_stay(self):
        """What waits for nothing has no moment to be looked at; so a second change is let go of."""
        self.start_with("a", "b", rebalance={"per_second": 0})
        sockets = self.open_sessions(40)
        self.file.add(member_entry(self.start_member("c")))
        self.assertIn("c", self.owners(sockets).values())
        self.file.remove("b")
        for socket, member in sockets.values():
            if member == "b":
                self.expect_farewell(socket, "the member was removed")
        for socket, member in sockets.values():
            if member == "a":
                self.expect_still_there(socket)
        self.assertEqual(self.total("limpet_streams_let_go_total", reason="moved"), 0)

    def test_pinned_sessions_stay(self):
        members = [member_entry(one) for one in self.start_members("a", "b")]
        session = {"key": [{"header": "X-User-Id"}, {"cookie": "limpet", "issue": {}, "pin": True}]}
        signing = {"keys": [{"id": "k1", "secret": "long enough for a test of this"}]}
        self.start(members, pool={"session": session, "rebalance": AT_ONCE}, signing=signing)
        pinned = [self.open_websocket(self.proxy.address) for _ in range(40)]
        sockets = self.open_sessions(40)
        self.file.add(member_entry(self.start_member("c")))
        self.assertTrue(self.expect_moved(sockets, self.owners(sockets)), "a key of the application is no pin")
        for socket in pinned:
            self.expect_still_there(socket)


class Failback(Rebalance):
    def test_a_tunnel_that_had_failed_over_goes_back_when_its_owner_answers(self):
        self.start_with("a", "b", "c")
        sessions = [f"user-{number}" for number in range(30)]
        owners = self.owners(sessions)
        self.members["a"].kill()
        sockets = self.open_sessions(30)
        self.assertNotIn("a", {member for _, member in sockets.values()})
        self.members["a"].restart()
        of_a = [session for session in sessions if owners[session] == "a"]
        wait_until(lambda: set(self.owners(of_a).values()) == {"a"}, "its sessions to be back")
        moved = self.expect_moved(sockets, owners)
        self.assertEqual(moved, set(of_a))

    def test_a_joiner_that_cannot_be_reached_draws_nobody(self):
        self.start_with("a", "b")
        gone = self.start_member("c")
        gone.process.stop()
        client = self.connect(self.proxy.address)
        sessions = [f"user-{number}" for number in range(40)]
        entries = self.file.entries
        # It joins, and is found to be down by a request, before there are tunnels that it could draw.
        self.file.add(member_entry(gone))
        for session in sessions:
            self.assertEqual(client.request("GET", "/", [("X-User-Id", session)]).status, 200)
        self.wait_for_total(0, "limpet_member_up", member="c")
        sockets = self.open_sessions(40)
        # Another change of the view has all of them looked at again.
        self.file.write([{**entry, "weight": 2} for entry in entries] + [member_entry(gone, weight=2)])
        wait_until(lambda: self.proxy.members()["pools"][0]["members"][0]["weight"] == 2, "the new weights")
        for socket, _ in sockets.values():
            self.expect_still_there(socket)
        self.assertEqual(self.total("limpet_streams_let_go_total"), 0)


class FromEtcd(Rebalance):
    def test_tunnels_follow_what_etcd_says(self):
        etcd = Etcd(self)
        members = self.start_members("a", "b", "c")

        def register(member, **more):
            value = {"address": member.address, "incarnation": member.incarnation, **more}
            etcd.put(f"/limpet/app/members/{member.id}", json.dumps(value))

        for member in members[:2]:
            register(member)
        config = static_config([], pool={"members": {"static": None, "etcd": {}}, "on_remove": AT_ONCE, "rebalance": AT_ONCE})
        self.proxy = self.start_limpet({**config, "etcd": {"endpoints": [etcd.url]}})
        self.wait_for_total(2, "limpet_view_members", pool="app")
        sockets = self.open_sessions(40)
        register(members[2])
        self.wait_for_total(3, "limpet_view_members", pool="app")
        moved = self.expect_moved(sockets, self.owners(sockets))
        self.assertTrue(moved)
        stayed = {session: held for session, held in sockets.items() if session not in moved}

        register(members[1], state="draining")
        for socket, member in stayed.values():
            if member == "b":
                self.expect_farewell(socket, "the member is draining")
        etcd.delete("/limpet/app/members/b")
        self.wait_for_total(2, "limpet_view_members", pool="app")
        for socket, member in stayed.values():
            if member == "a":
                self.expect_still_there(socket)


if __name__ == "__main__":
    unittest.main()
