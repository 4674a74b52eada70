"""Members from a real etcd: seen at once, kept when the store is away."""

import json
import unittest

from harness.case import IntegrationTest
from harness.etcd import Etcd
from harness.limpet import static_config
from harness.waiting import wait_until

PREFIX = "/limpet/app/members/"


class FromEtcd(IntegrationTest):
    def setUp(self):
        self.etcd = Etcd(self)

    def register(self, member, **more):
        value = {"address": member.address, "incarnation": member.incarnation, "weight": 1, "state": "ready", **more}
        self.etcd.put(PREFIX + member.id, json.dumps(value))

    def config(self, **sections):
        config = static_config([], pool={"members": None}, etcd={"endpoints": [self.etcd.url], "relist": "1s"}, **sections)
        config["pools"]["app"]["members"] = {"etcd": {}}
        return config

    def start(self, name="limpet", **sections):
        return self.start_limpet(self.config(**sections), name=name)

    def owners(self, proxy, count=60):
        client = self.connect(proxy.address)
        owners = []
        for number in range(count):
            response = client.request("GET", "/", [("X-User-Id", f"user-{number}")])
            owners.append(response.member if response.status == 200 else response.status)
        client.close()
        return owners

    def wait_for_members(self, proxy, ids, unavailable=False):
        wanted = {503} if unavailable else set(ids)
        wait_until(lambda: set(self.owners(proxy)) == wanted, f"members {ids}")
        return self.owners(proxy)

    def test_members_come_and_go(self):
        a, b = self.start_members("a", "b")
        self.register(a)
        proxy = self.start()
        self.wait_for_members(proxy, "a")
        self.register(b)
        both = self.wait_for_members(proxy, "ab")
        self.etcd.delete(PREFIX + "b")
        self.wait_for_members(proxy, "a")
        self.register(b)
        self.assertEqual(self.wait_for_members(proxy, "ab"), both)

    def test_proxies_agree(self):
        for member in self.start_members("a", "b", "c"):
            self.register(member)
        proxies = [self.start(f"proxy {number}") for number in (1, 2)]
        first, second = (self.wait_for_members(proxy, "abc") for proxy in proxies)
        self.assertEqual(first, second)
        for name in ("limpet_view_checksum", "limpet_membership_revision"):
            values = [proxy.metrics().total(name, pool="app") for proxy in proxies]
            self.assertEqual(values[0], values[1], name)

    def test_no_members_yet(self):
        proxy = self.start()
        self.wait_for_members(proxy, "", unavailable=True)
        member = self.start_member("a")
        self.register(member)
        self.wait_for_members(proxy, "a")

    def test_draining_and_weights(self):
        a, b = self.start_members("a", "b")
        self.register(a)
        self.register(b, weight=3)
        proxy = self.start()
        owners = self.wait_for_members(proxy, "ab")
        self.assertGreater(owners.count("b"), owners.count("a"))
        self.register(b, state="draining")
        self.wait_for_members(proxy, "a")

    def test_a_bad_value_takes_nobody_down(self):
        a, b = self.start_members("a", "b")
        self.register(a)
        self.register(b)
        proxy = self.start()
        before = self.wait_for_members(proxy, "ab")
        for bad in ("not json", "[]", '{"address": 5}', '{"address":"x"}', "", '{"weight":-1}', "\\xff"):
            self.etcd.put(PREFIX + "b", bad)
            self.etcd.put(PREFIX + "new", bad)
        proxy.wait_for_metric("counted values", lambda m: m.total("limpet_membership_invalid_values_total") >= 2)
        self.assertEqual(self.owners(proxy), before, "b as it last was, new not at all")

    def test_a_foreign_prefix_is_not_ours(self):
        a, b = self.start_members("a", "b")
        self.register(a)
        self.etcd.put("/limpet/app2/members/b", json.dumps({"address": b.address}))
        self.etcd.put("/limpet/app/membersb", json.dumps({"address": b.address}))
        self.etcd.put("/limpet/app/members/x/y", json.dumps({"address": b.address}))
        proxy = self.start()
        self.wait_for_members(proxy, "a")

    def test_etcd_goes_away_and_the_view_stays(self):
        a, b = self.start_members("a", "b")
        self.register(a)
        self.register(b)
        proxy = self.start()
        before = self.wait_for_members(proxy, "ab")
        self.etcd.kill()
        proxy.wait_for_metric("a stale view", lambda m: m.total("limpet_membership_stale", pool="app") == 1)
        self.assertEqual(self.owners(proxy), before)
        self.assertEqual(proxy.ask_admin("/readyz").status, 200)
        self.etcd.start()
        self.etcd.delete(PREFIX + "b")
        self.wait_for_members(proxy, "a")
        proxy.wait_for_metric("a fresh view", lambda m: m.total("limpet_membership_stale", pool="app") == 0)

    def test_a_compaction_under_the_watch(self):
        a, b = self.start_members("a", "b")
        self.register(a)
        proxy = self.start()
        self.wait_for_members(proxy, "a")
        for number in range(20):
            self.etcd.put("/elsewhere", str(number))
        revision = json.loads(self.etcd.control("get", "/elsewhere", "-w", "json"))["header"]["revision"]
        self.etcd.control("compact", str(revision))
        self.register(b)
        self.wait_for_members(proxy, "ab")

    def test_etcd_starts_after_the_proxy(self):
        member = self.start_member("a")
        self.register(member)
        self.etcd.kill()
        proxy = self.start()
        self.assertEqual(self.fetch(proxy.address).status, 503)
        self.assertEqual(proxy.ask_admin("/readyz").status, 503, "no view was ever had")
        self.etcd.start()
        self.wait_for_members(proxy, "a")
        self.assertEqual(proxy.ask_admin("/readyz").status, 200)

    def test_a_cold_start_from_the_snapshot(self):
        member = self.start_member("a")
        self.register(member)
        folder = self.folder()
        settings = {"endpoints": [self.etcd.url], "snapshot": folder}
        config = {**self.config(), "etcd": settings}
        first = self.start_limpet(config, name="first")
        self.wait_for_members(first, "a")
        first.process.stop()
        self.etcd.kill()
        second = self.start_limpet(config, name="second")
        self.wait_for_members(second, "a")
        second.wait_for_metric("which says so", lambda m: m.total("limpet_membership_stale", pool="app") == 1)


if __name__ == "__main__":
    unittest.main()
