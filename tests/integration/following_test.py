"""What is under way with a member that leaves or drains is let go, gently, and nothing else is touched."""

import threading
import time
import unittest

from harness.following import AT_ONCE, SERVICE_RESTART, Following, member_entry
from harness.limpet import merge, static_config
from harness.member_file import MemberFile
from harness.origin import OK, answering
from harness.waiting import wait_until
from harness.websocket import CLOSE, CONTINUATION, TEXT, accept_for, encode_frame, handshake_fields, read_frame

EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def upgraded(peer, request):
    """The member's side of a good handshake."""
    accept = accept_for(request.fields.get("Sec-WebSocket-Key")).encode()
    peer.send(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


class Removed(Following):
    def start_members_of_a_file(self, *ids, **options):
        return self.start([member_entry(member) for member in self.start_members(*ids)], **options)

    def test_websockets_of_the_member_are_told_and_no_others(self):
        self.start_members_of_a_file("a", "b", "c")
        sockets = self.open_sessions(40)
        gone = {session for session, (_, member) in sockets.items() if member == "c"}
        self.assertTrue(0 < len(gone) < 40)
        self.file.remove("c")
        for session in gone:
            self.expect_farewell(sockets[session][0], "the member was removed")
        for session in sockets.keys() - gone:
            self.expect_still_there(sockets[session][0])
        self.assertEqual(self.total("limpet_streams_let_go_total", reason="removed"), len(gone))
        self.assertEqual(self.total("limpet_streams_cut_total"), 0)
        self.wait_for_total(40 - len(gone), "limpet_live_streams", kind="tunnel")
        self.wait_for_why("member_removed", len(gone))
        for session in gone:  # they come back to the members that are left
            self.assertIn(self.open_websocket(self.proxy.address, headers=[("X-User-Id", session)]).response.member, "ab")

    def test_a_restarted_member_is_another_one(self):
        a, b = self.start_members("a", "b")
        self.start([member_entry(a, incarnation="1"), member_entry(b, incarnation="1")])
        sockets = self.open_sessions(20)
        self.file.change("b", incarnation="2")
        for socket, member in sockets.values():
            if member == "b":
                self.expect_farewell(socket, "the member was removed")
            else:
                self.expect_still_there(socket)

    def test_a_message_is_finished_before_the_close_frame_in_each_direction(self):
        finish, heard = threading.Event(), []

        def script(peer):
            upgraded(peer, peer.read_request())
            peer.send(encode_frame(TEXT, b"one ", final=False, mask=None))
            peer.send(encode_frame(CONTINUATION, b"two", mask=None)[:3])  # half a frame, at that
            finish.wait(20)
            peer.send(encode_frame(CONTINUATION, b"two", mask=None)[3:])
            heard.extend(read_frame(peer) for _ in range(3))
            peer.wait_for_end()

        origin = self.start_origin(script)
        self.start([member_entry(origin, "a")])
        socket = self.open_websocket(self.proxy.address)
        self.assertEqual(socket.read_frame().payload, b"one ")
        socket.send_frame(TEXT, b"eins ", final=False)
        self.file.write([member_entry(origin, "b")])  # somebody else
        self.wait_for_total(1, "limpet_streams_let_go_total")
        socket.send_frame(CONTINUATION, b"zwei")
        finish.set()
        self.assertEqual(socket.read_frame().payload, b"two")
        self.expect_farewell(socket, "the member was removed")
        wait_until(lambda: len(heard) == 3, "what the member heard")
        self.assertEqual([frame.payload for frame in heard[:2]], [b"eins ", b"zwei"])
        self.assertEqual((heard[2].opcode, heard[2].close_code), (CLOSE, SERVICE_RESTART))

    def test_a_handshake_under_way_is_finished_and_then_let_go(self):
        go_on = threading.Event()

        def script(peer):
            request = peer.read_request()
            go_on.wait(20)
            upgraded(peer, request)
            peer.wait_for_end()

        origin = self.start_origin(script)
        self.start([member_entry(origin, "a")])
        socket = self.connect(self.proxy.address)
        socket.send_request("GET", "/", handshake_fields())
        origin.wait_for_requests(1)
        self.file.write([member_entry(origin, "b")])
        self.assertEqual(self.total("limpet_streams_waiting"), 0)
        go_on.set()
        self.assertEqual(socket.read_response().status, 101)
        self.assertEqual(read_frame(socket).close_code, SERVICE_RESTART)

    def test_an_event_stream_ends_between_two_events(self):
        go_on = threading.Event()

        def script(peer):
            peer.read_request()
            peer.send(EVENTS + b"9\r\ndata: 1\n\n\r\n6\r\ndata: \r\n")
            go_on.wait(20)
            peer.send(b"3\r\n2\n\n\r\n")
            peer.wait_for_end()

        origin, other = self.start_origin(script), self.start_origin(answering(OK))
        self.start([member_entry(origin, "a")])
        client = self.connect(self.proxy.address)
        client.send_request("GET", "/")
        client.read_head()
        received = b""
        while received != b"data: 1\n\ndata: ":  # however it is cut into chunks
            received += client.read_chunk()
        self.file.write([member_entry(other, "b")])
        self.wait_for_total(1, "limpet_streams_let_go_total", reason="removed")
        go_on.set()
        self.assertEqual(client.read_chunk(), b"2\n\n", "the event is sent to its end")
        self.assertEqual(client.read_chunk(), b"", "the end of the content, not of the connection")
        client.read_trailers()
        self.assertEqual(client.request("GET", "/").text(), "ok", "and the same connection serves on, elsewhere")
        self.wait_for_why("member_removed")

    def test_a_request_in_flight_is_finished(self):
        go_on = threading.Event()

        def script(peer):
            peer.read_request()
            go_on.wait(20)
            peer.send(OK)

        origin = self.start_origin(script)
        self.start([member_entry(origin, "a")])
        client = self.connect(self.proxy.address)
        client.send_request("GET", "/")
        origin.wait_for_requests(1)
        self.file.write([member_entry(origin, "b")])
        self.assertEqual(self.total("limpet_live_streams", kind="request", member="a"), 1)
        go_on.set()
        self.assertEqual(client.read_response().text(), "ok")
        self.wait_for_total(0, "limpet_live_streams")
        self.assertEqual(self.total("limpet_streams_let_go_total") + self.total("limpet_streams_cut_total"), 0)

    def start_one_of_each(self, **options):
        """A tunnel of another protocol, a request without an answer, one in the middle of its answer, half an event."""

        def script(peer):
            target = peer.read_request().target
            if target == "/tunnel":
                peer.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n")
            elif target == "/begun":
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it")
            elif target == "/events":
                peer.send(EVENTS + b"6\r\ndata: \r\n")
            peer.wait_for_end()

        origin = self.start_origin(script)
        self.start([member_entry(origin, "a")], route={"upgrades": ["other"]}, **options)
        clients = {}
        for target in ("/tunnel", "/silent", "/begun", "/events"):
            clients[target] = client = self.connect(self.proxy.address)
            fields = [("Upgrade", "other"), ("Connection", "Upgrade")] if target == "/tunnel" else []
            client.send_request("GET", target, fields)
            if target != "/silent":
                client.read_head()
        self.assertEqual(clients["/events"].read_chunk(), b"data: ")
        self.assertEqual(clients["/begun"].read_exactly(10), b"half of it")
        origin.wait_for_requests(4)
        self.file.write([member_entry(origin, "b")])
        return clients

    def expect_refusal(self, client):
        response = client.read_response()
        self.assertEqual((response.status, response.fields.get("Retry-After") is not None), (503, True))

    def expect_all_cut(self, clients):
        self.expect_refusal(clients["/silent"])
        for target in ("/tunnel", "/begun", "/events"):
            clients[target].assert_closed()
        self.wait_for_total(0, "limpet_live_streams")
        self.wait_for_total(1, "limpet_refusals_total", reason="member_removed")

    def test_what_is_left_at_the_deadline_is_cut(self):
        clients = self.start_one_of_each(pool={"on_remove": {**AT_ONCE, "deadline": "300ms"}})
        self.expect_all_cut(clients)
        self.wait_for_total(4, "limpet_streams_cut_total", reason="removed")
        self.wait_for_why("member_removed", 4)

    def test_close_does_not_wait_for_requests(self):
        clients = self.start_one_of_each(pool={"on_remove": {"action": "close", "deadline": "1h"}})

        def requests_are_cut_and_the_others_have_their_grace(metrics):
            left = [metrics.total("limpet_live_streams", kind=kind) for kind in ("request", "event_stream", "tunnel")]
            return metrics.total("limpet_streams_cut_total") == 2 and left == [0, 1, 1]

        self.proxy.wait_for_metric("the requests' end", requests_are_cut_and_the_others_have_their_grace)
        self.expect_all_cut(clients)

    def test_close_tells_websockets(self):
        self.start_members_of_a_file("a", "b", pool={"on_remove": {"action": "close"}})
        sockets = self.open_sessions(10)
        self.file.remove("b")
        for socket, member in sockets.values():
            if member == "b":
                self.expect_farewell(socket, "the member was removed")
            else:
                self.expect_still_there(socket)

    def test_a_message_without_an_end_does_not_hold_up_the_deadline(self):
        self.start_members_of_a_file("a", pool={"on_remove": {**AT_ONCE, "deadline": "300ms"}})
        socket = self.open_websocket(self.proxy.address)
        socket.send_frame(TEXT, b"to be continued", final=False)
        self.file.change("a", id="b")
        self.assertEqual(socket.read_frame().close_code, SERVICE_RESTART)
        socket.assert_closed()
        self.wait_for_total(1, "limpet_streams_cut_total", reason="removed")

    def test_what_shall_be_kept_stays(self):
        """Beside a pool of the same members that lets them go."""
        members = [member_entry(member) for member in self.start_members("a", "b")]
        self.file = MemberFile(self, members)
        pool = {"members": {"file": {"path": self.file.path}}, "session": {"key": [{"header": "X-User-Id"}]}}
        pools = {
            "app": {**pool, "on_remove": {"action": "keep", "deadline": "1ms"}},
            "other": {**pool, "on_remove": AT_ONCE},
        }
        config = static_config([], routes=[{"path": "/", "pool": "app"}, {"path": "/events", "pool": "other"}])
        self.proxy = self.start_limpet({**config, "pools": pools})
        self.file.followed_by(self.proxy, "app", "other")
        kept = self.open_sessions(10)
        told = self.connect(self.proxy.address)
        told.send_request("GET", "/events?interval=10", [("X-User-Id", "user-0")])
        self.file.remove(told.read_head().member)
        while told.read_chunk():
            pass
        for socket, _ in kept.values():
            self.expect_still_there(socket)
        self.assertEqual(self.total("limpet_streams_let_go_total", pool="app"), 0)
        self.assertEqual(self.total("limpet_streams_cut_total"), 0)

    def test_a_pool_that_a_reload_takes_away_lets_go(self):
        a = self.start_member("a")
        config = static_config([a], pool={"on_remove": AT_ONCE})
        self.proxy = self.start_limpet(config)
        socket = self.open_websocket(self.proxy.address)
        renamed = {"other": config["pools"]["app"]}
        self.proxy.reload({**config, "pools": renamed, "routes": [{"path": "/", "pool": "other"}]})
        self.expect_farewell(socket, "the member was removed")

    def test_a_reload_tells_what_is_under_way_too(self):
        """Kept so far, and told of as left; let go from the reload on."""
        self.start_members_of_a_file("a", "b", pool={"on_remove": {"action": "keep"}})
        sockets = self.open_sessions(20)
        gone = [socket for socket, member in sockets.values() if member == "b"]
        self.file.remove("b")
        for socket, _ in sockets.values():
            self.expect_still_there(socket)
        left = {"id": "b", "incarnation": "", "live": {"requests": 0, "event_streams": 0, "tunnels": len(gone)}}
        self.assertEqual(self.proxy.members()["pools"][0]["left"], [left])
        self.proxy.reload(merge(self.proxy.config, {"pools": {"app": {"on_remove": {"action": "drain", **AT_ONCE}}}}))
        for socket in gone:
            self.expect_farewell(socket, "the member was removed")
        self.assertEqual(self.total("limpet_streams_cut_total"), 0)
        self.proxy.wait_for_metric("nothing left", lambda _: not self.proxy.members()["pools"][0]["left"])

    def test_a_member_that_comes_back_in_time_keeps_its_tunnels(self):
        self.start_members_of_a_file("a", "b", pool={"on_remove": {"deadline": "1h", "jitter_percent": 0}})
        sockets = self.open_sessions(40)
        entries = self.file.entries
        on_b = sum(member == "b" for _, member in sockets.values())
        began = time.monotonic()
        self.file.remove("b")
        self.file.write(entries)
        self.wait_for_total(0, "limpet_streams_waiting")
        gone_at_most = 2 * int(time.monotonic() - began)  # one a second and worker: none, unless all this took so long
        still_there = sum(self.is_still_there(socket) for socket, _ in sockets.values())
        self.assertGreater(on_b, gone_at_most)
        self.assertGreaterEqual(still_there, 40 - gone_at_most)
        self.assertEqual(self.total("limpet_streams_let_go_total"), 40 - still_there)


class Draining(Following):
    def test_sessions_go_elsewhere_but_for_the_pinned(self):
        members = self.start_members("a", "b")
        session = {"key": [{"header": "X-User-Id"}, {"cookie": "limpet", "issue": {}, "pin": True}]}
        signing = {"keys": [{"id": "k1", "secret": "long enough for a test of this"}]}
        self.start([member_entry(member) for member in members], pool={"session": session}, signing=signing)
        sockets = self.open_sessions(20)
        pinned = [self.open_websocket(self.proxy.address) for _ in range(20)]
        self.file.change("b", state="draining")
        told = [socket for socket, member in sockets.values() if member == "b"]
        for socket in told:
            self.expect_farewell(socket, "the member is draining")
        for socket, member in sockets.values():
            if member == "a":
                self.expect_still_there(socket)
        for socket in pinned:
            self.expect_still_there(socket)
        self.assertEqual(self.total("limpet_streams_let_go_total", reason="draining"), len(told))
        self.wait_for_why("member_draining", len(told))

        left = sum(socket.response.member == "b" for socket in pinned)
        self.assertGreater(left, 0)
        shown = {member["id"]: member["live"] for member in self.proxy.members()["pools"][0]["members"]}
        self.assertEqual(shown["b"], {"requests": 0, "event_streams": 0, "tunnels": left})
        self.file.remove("b")
        for socket in pinned:
            if socket.response.member == "b":
                self.expect_farewell(socket, "the member was removed")

    def test_a_request_at_a_draining_member_is_finished(self):
        go_on = threading.Event()
        origin = self.start_origin(lambda peer: (peer.read_request(), go_on.wait(20), peer.send(OK)))
        other = self.start_origin(answering(OK))
        self.start([member_entry(origin, "a")], pool={"on_remove": {"action": "close"}})
        client = self.connect(self.proxy.address)
        client.send_request("GET", "/")
        origin.wait_for_requests(1)
        self.file.write([member_entry(origin, "a", state="draining"), member_entry(other, "b")])
        go_on.set()
        self.assertEqual(client.read_response().text(), "ok")

    def test_a_member_that_nobody_can_replace_keeps_its_own(self):
        self.start([member_entry(self.start_member("a"))])
        socket = self.open_websocket(self.proxy.address)
        self.file.change("a", state="draining")
        self.expect_still_there(socket)
        self.file.add(member_entry(self.start_member("b")))
        self.expect_farewell(socket, "the member is draining")


if __name__ == "__main__":
    unittest.main()
