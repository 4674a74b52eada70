"""A hundred reloads, each of them a change, with a hundred WebSockets held: nobody notices."""

import json
import unittest

from harness.case import IntegrationTest
from harness.limpet import merge, static_config

RELOADS = 100
TUNNELS = 100
WARM_UP = 20  # reloads after which memory should have found its size
GROWTH_BYTES_MAX = 2 << 20  # of the reloads after that: 25 KiB each, where a whole snapshot left behind would be more


class HundredReloads(IntegrationTest):
    def setUp(self):
        self.members = self.start_members("a", "b", "c")
        self.proxy = self.start_limpet(self.config(0))
        self.sockets = []
        for number in range(TUNNELS):
            socket = self.open_websocket(self.proxy.address, headers=[("X-User-Id", f"user-{number}")])
            self.sockets.append((socket, self.member_of(socket)))
        self.client = self.connect(self.proxy.address)
        self.events = self.connect(self.proxy.address)
        self.events.send_request("GET", "/events?interval=20", [("X-User-Id", "listener")])
        self.assertEqual(self.events.read_head().status, 200)

    def config(self, turn):
        """Members come and go, so that owners change; so do route, limits, times and the signing key. Some are no use."""
        sections = {
            "limits": {"header_count": 50 + turn},
            "timeouts": {"header": f"{5 + turn}s"},
            "signing": {"keys": [{"id": f"k{turn}", "secret": f"a secret that is long enough, number {turn}"}]},
        }
        # It is the reloads that shall close nothing; owners that change would.
        stay = {"on_remove": {"action": "keep"}, "rebalance": {"per_second": 0}}
        pool = {"timeouts": {"answer": f"{10 + turn}s"}, **stay}
        config = static_config(self.members[: 1 + turn % 3], pool=pool, route={"name": f"turn-{turn}"}, **sections)
        return merge(config, {"routs": []}) if self.is_bad(turn) else config

    @staticmethod
    def is_bad(turn):
        return turn % 10 == 7

    @staticmethod
    def member_of(socket):
        who = json.loads(socket.ask("whoami"))
        return who["member"], who["session"]

    def test_none_of_them_is_closed(self):
        self.assertEqual({member for _, (member, _) in self.sockets}, {"a"}, "who owns them is about to change")
        for turn in range(1, RELOADS + 1):
            self.proxy.reload(self.config(turn))
            well = self.proxy.metrics().total("limpet_config_last_reload_successful")
            self.assertEqual(well, 0 if self.is_bad(turn) else 1)
            for socket, _ in self.sockets[turn % 10 :: 10]:
                self.assertEqual(socket.ask(f"turn {turn}"), f"turn {turn}")
            self.assertEqual(self.client.request("GET", "/", [("X-User-Id", "client")]).status, 200)
            self.assertTrue(self.events.read_chunk())
            if turn == WARM_UP:
                before = self.resources()
        self.assert_not_grown(before, self.resources())

        for socket, member in self.sockets:
            self.assertEqual(self.member_of(socket), member)
        metrics = self.proxy.metrics()
        self.assertEqual(metrics.total("limpet_tunnels"), TUNNELS)
        self.assertEqual(metrics.total("limpet_tunnels_opened_total"), TUNNELS)

    def resources(self):
        return self.proxy.process.resident_bytes(), self.proxy.process.open_files()

    def assert_not_grown(self, before, after):
        print(f"\n  resident {before[0] >> 10} KiB, then {after[0] >> 10} KiB; files {before[1]}, then {after[1]}")
        self.assertLess(after[0] - before[0], GROWTH_BYTES_MAX)
        # One connection a member may be kept by each of the two workers, and comes and goes.
        self.assertLessEqual(after[1] - before[1], 2 * len(self.members))


if __name__ == "__main__":
    unittest.main()
