"""What goes wrong with members, and what is done to them, with sessions and tunnels in use. See README.md."""

import signal
import time
import unittest

from harness.crowd import Crowd
from harness.fault_case import FaultTest
from harness.fault_report import report
from harness.limpet import merge
from harness.load import Load
from harness.waiting import wait_until

RELOADS = 100


class MemberFaults(FaultTest):
    def test_a_member_is_killed_with_500_tunnels_open(self):
        agents = self.start_agents("a", "b", "c")
        proxies = self.start_proxies(2)
        self.wait_for_view(proxies, "abc")
        crowd = Crowd(self, proxies, 500)
        its_own = crowd.of("b")
        self.assertGreater(len(its_own), 100)
        agents[1].kill_backend()
        crowd.wait_for_ended(its_own)
        self.wait_for_view(proxies, "ac")
        agents[1].wait_for_agent(128 + signal.SIGKILL)
        crowd.listen()
        crowd.assert_open_ones_answer()
        report("a member is killed with 500 tunnels open", crowd=crowd, note="lost: those of the member that died")
        self.assertEqual(len(crowd.open()), 500 - len(its_own))

    def test_a_member_joins_with_1000_tunnels_open(self):
        members = self.start_members("a", "b", "c", "d")
        for member in members[:3]:
            self.register(member)
        per_second = 100
        pool = {"rebalance": {"per_second": per_second}}
        proxies = self.start_proxies(2, pool=pool)
        self.wait_for_view(proxies, "abc")
        crowd = Crowd(self, proxies, 1000)
        began = time.monotonic()
        self.register(members[3])
        self.wait_for_view(proxies, "abcd")
        moving = [held for held in crowd.tunnels if self.owner(proxies[0], held.session) == "d"]
        self.assertTrue(150 < len(moving) < 350, len(moving))
        crowd.wait_for_ended(moving)
        took = time.monotonic() - began
        self.assertEqual({held.ended for held in moving}, {1012})
        crowd.assert_open_ones_answer()
        # Each proxy has the pace for itself. A pace has a lower bound in time, however slow the machine.
        self.assertGreater(took, 0.8 * len(moving) / 2 / per_second)
        again = Crowd(self, proxies, len(moving), name="moved")
        again.assert_open_ones_answer()
        report(
            "a member joins with 1,000 tunnels open",
            crowd=crowd,
            note=f"{len(moving) / 10:.1f} % move, in {took:.1f} s at 2 × {per_second} a second; each other answers as before",
        )

    def owner(self, proxy, session):
        if not hasattr(self, "client"):
            self.client = self.connect(proxy.address)
        return self.client.request("GET", "/", [("X-User-Id", session)]).member

    def test_a_hundred_reloads_with_500_tunnels_open(self):
        for member in self.start_members("a", "b", "c"):
            self.register(member)
        proxies = self.start_proxies(2)
        self.wait_for_view(proxies, "abc")
        crowd = Crowd(self, proxies, 500)
        load = self.start_load(proxies)
        for turn in range(RELOADS):
            changed = self.fault_config(limits={"header_count": 50 + turn}, pool={"timeouts": {"answer": f"{10 + turn}s"}})
            for proxy in proxies:
                proxy.reload(merge(changed, {"routs": []}) if turn % 10 == 7 else changed)
        crowd.listen()
        crowd.assert_open_ones_answer()
        load.finish()
        report("a hundred reloads with 500 tunnels open", load, crowd, note="a tenth of them refused")
        self.assertEqual((len(crowd.open()), load.complaints, load.moves(), load.lost), (500, [], 0, 0))

    def test_a_member_accepts_and_never_answers(self):
        good = self.start_members("a", "b")
        silent = self.start_origin(lambda peer: peer.wait_for_end())
        silent.id, silent.incarnation = "c", "1"
        for member in [*good, silent]:
            self.register(member)
        pool = {
            "timeouts": {"answer": "1s"},
            "ejection": {"consecutive_failures": 3, "base": "60s"},
        }
        proxies = self.start_proxies(2, pool=pool)
        self.wait_for_view(proxies, "abc")
        load = Load(self, proxies, sessions=60).start()
        for proxy in proxies:
            proxy.wait_for_metric("an ejection", lambda m: m.total("limpet_member_ejected", member="c") == 1)
        for proxy in proxies:  # what was under way at that moment fails yet
            proxy.wait_for_metric("no more to come", lambda m: m.total("limpet_live_streams", member="c") == 0)
        self.go_on(load, 60)
        failed = load.failed
        self.go_on(load, 1000)
        load.finish()
        report("a member accepts and never answers", load, note="failed: 504 until three in a row have ejected it")
        self.assertEqual(load.failed, failed, load.complaints)
        self.assertTrue(all(" 504 " in complaint for complaint in load.complaints), load.complaints)

    def rolling_restart(self, fault, **options):
        """With tunnels open, each of which has to be let go before its backend ends: over two seconds, half of the deadline."""
        agents = self.start_agents("a", "b", "c")
        proxies = self.start_proxies(2, **merge({"pool": {"on_remove": {"deadline": "4s"}}}, options))
        self.wait_for_view(proxies, "abc")
        crowd = Crowd(self, proxies, 60)
        load = self.start_load(proxies)
        ended = []
        for agent in agents:
            agent.agent.send_signal(signal.SIGTERM)
            ended += crowd.of(agent.id)
            crowd.wait_for_ended(ended)
            agent.wait_for_agent(0)
            agent.start()
            self.wait_for_view(proxies, "abc")
        self.go_on(load)
        load.finish()
        report(fault, load, crowd, note="each drains for a second")
        self.assertEqual((load.complaints, len(crowd.ended(1012))), ([], 60))

    def test_a_rolling_restart_by_the_agent(self):
        self.rolling_restart("a rolling restart of all members by the agent")

    def test_a_rolling_restart_with_pins(self):
        """Pinned sessions come until the member has left the view, and its backend must not be gone before."""
        pool = {"session": {"key": [{"cookie": "limpet", "issue": {}, "pin": True}]}}
        self.rolling_restart("the same where cookies pin sessions", pool=pool)


if __name__ == "__main__":
    unittest.main()
