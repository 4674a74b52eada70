"""What goes wrong with the store, while sessions are used all the time. The table in README.md is made from these."""

import os
import threading
import unittest

from harness.fault_case import FaultTest
from harness.fault_report import report
from harness.relay import Relay
from harness.waiting import wait_until

# How long etcd stays away; the whole minute takes tests/full.sh.
AWAY_S = float(os.environ.get("LIMPET_FAULT_SECONDS", "8"))


class StoreFaults(FaultTest):
    def wait_for_stale(self, proxies, stale):
        for proxy in proxies:
            proxy.wait_for_metric(f"stale {stale}", lambda m: m.total("limpet_membership_stale") == stale)

    def start_all(self):
        """Two proxies before three members that agents have registered, and a load."""
        self.start_agents("a", "b", "c")
        proxies = self.start_proxies(2)
        self.wait_for_view(proxies, "abc")
        return proxies, self.start_load(proxies)

    def finish(self, fault, load, note=""):
        load.finish()
        report(fault, load, note=note)
        self.assertEqual(load.complaints, [])
        self.assertEqual(load.lost, 0)

    def test_etcd_is_gone_for_a_while(self):
        proxies, load = self.start_all()
        self.etcd.kill()
        threading.Event().wait(AWAY_S)  # what is tried is that it lasts
        self.wait_for_stale(proxies, 1)
        self.etcd.start()
        self.wait_for_stale(proxies, 0)
        self.wait_for_view(proxies, "abc")
        self.go_on(load)
        self.finish(f"etcd is gone for {AWAY_S:.0f} s", load)
        self.assertEqual(load.moves(), 0)

    def test_etcd_comes_back_empty(self):
        proxies, load = self.start_all()
        self.etcd.lose_data()
        self.wait_for_stale(proxies, 0)
        self.wait_until_registered("abc")
        self.wait_for_view(proxies, "abc")
        self.go_on(load)
        self.finish("etcd comes back empty", load, "the guard holds until the agents have put their members again")
        self.assertEqual(load.moves(), 0)

    def test_all_leases_are_revoked_at_once(self):
        proxies, load = self.start_all()
        leases = [line.strip() for line in self.etcd.control("lease", "list").splitlines()[1:]]
        self.assertEqual(len(leases), 3)
        for lease in leases:
            self.etcd.control("lease", "revoke", lease)
        self.wait_until_registered("abc")
        for proxy in proxies:
            proxy.wait_for_metric("nothing held", lambda m: m.total("limpet_membership_held_removals") == 0)
        self.wait_for_view(proxies, "abc")
        self.go_on(load)
        self.finish("all leases are revoked at once", load, "one after the other, within the guard's window")

    def wait_until_registered(self, ids):
        for one in ids:
            wait_until(lambda: self.etcd.get(f"/limpet/app/members/{one}"), f"{one} to be registered again")

    def test_a_member_flaps(self):
        members = self.start_members("a", "b", "c")
        for member in members:
            self.register(member)
        damping = {"flaps": 3, "window": "60s", "steady": "30s"}
        proxies = self.start_proxies(2, pool={"rails": {"damping": damping}})
        self.wait_for_view(proxies, "abc")
        load = self.start_load(proxies)
        flaps = 0
        while not all(proxy.metrics().total("limpet_membership_damped") for proxy in proxies):
            self.flap(members[2])
            flaps += 1
            self.assertLessEqual(flaps, 10)
        before = load.moves()
        self.wait_for_view(proxies, "ab")
        self.go_on(load)
        load.forget_moves()
        for _ in range(5):
            self.flap(members[2])
            self.go_on(load, 50)
        after = load.moves()
        self.assertEqual(after, 0)
        load.finish()
        report("a member flaps", load, note=f"{before} moves in {flaps} flaps, then it stays out: none in 5 more")
        self.assertEqual(load.complaints, [])

    def flap(self, member):
        """Gone, and there again; as fast as etcd and the proxies follow."""
        self.unregister(member.id)
        self.register(member)

    def test_one_of_three_proxies_is_cut_off(self):
        a, b, c = self.start_members("a", "b", "c")
        self.register(a)
        self.register(b)
        relay = Relay(self, self.etcd)
        proxies = self.start_proxies(2)
        cut_off = self.start_limpet(self.fault_config(url=relay.url), name="proxy 3")
        self.wait_for_view([*proxies, cut_off], "ab")
        load = self.start_load([*proxies, cut_off])
        relay.cut()
        self.wait_for_stale([cut_off], 1)
        self.register(c)
        self.wait_for_view(proxies, "abc")
        self.wait_for_view([cut_off], "ab")
        self.go_on(load)
        relay.mend()
        self.wait_for_view([cut_off], "abc")
        self.wait_for_stale([cut_off], 0)
        checksums = {proxy.metrics().total("limpet_view_checksum") for proxy in [*proxies, cut_off]}
        self.assertEqual(len(checksums), 1)
        load.finish()
        report("one of three proxies is cut off from etcd", load, note="a member joins meanwhile: only its sessions move")
        self.assertEqual(load.complaints, [])


if __name__ == "__main__":
    unittest.main()
