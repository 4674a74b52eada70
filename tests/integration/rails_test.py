"""What a source says is not believed blindly: mass removals are held back, flapping members left out, an operator asked."""

import json
import os
import signal
import threading
import unittest

from harness.agent import AgentMember
from harness.case import IntegrationTest
from harness.client import Connection
from harness.etcd import Etcd
from harness.limpet import merge, static_config
from harness.waiting import wait_until

PREFIX = "/limpet/app/members/"
USERS = [f"user-{number}" for number in range(40)]


class Visitors:
    """Ask all the time, each for a session of its own, and note what failed and which session moved."""

    def __init__(self, case, proxy):
        self._proxy = proxy
        self._owners = {}
        self._stop = threading.Event()
        self.rounds = 0
        self.failed = []
        self.moved = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        case.addCleanup(self.stop)

    def _run(self):
        with Connection(self._proxy.address) as client:
            while not self._stop.is_set():
                for user in USERS:
                    response = client.request("GET", "/", [("X-User-Id", user)])
                    if response.status != 200:
                        self.failed.append((user, response.status))
                    elif self._owners.setdefault(user, response.member) != response.member:
                        self.moved.append((user, self._owners[user], response.member))
                        self._owners[user] = response.member
                self.rounds += 1

    def wait_for_rounds(self, count=3):
        """Until all that was asked before is answered, and some more."""
        end = self.rounds + count
        wait_until(lambda: self.rounds >= end or not self._thread.is_alive(), "the visitors")
        if not self._thread.is_alive():
            raise AssertionError("the visitors' connection broke")

    def stop(self):
        self._stop.set()
        self._thread.join()


class RailsTest(IntegrationTest):
    def config(self, members, rails=None, **sections):
        pool = {"members": None, **({"rails": rails} if rails else {})}
        config = static_config([], pool=pool, **sections)
        config["pools"]["app"]["members"] = members
        return config

    def ids(self, proxy):
        return "".join(one["id"] for one in proxy.members()["pools"][0]["members"])

    def wait_for_view(self, proxy, ids):
        wait_until(lambda: self.ids(proxy) == ids, f"a view of {ids!r}")

    def wait_for_told(self, proxy, count):
        wait_until(lambda: proxy.membership()["members_told"] == count, f"a source with {count} members")

    def wait_for_held(self, proxy, ids):
        wait_until(lambda: "".join(one["id"] for one in proxy.membership()["held"]) == ids, f"{ids} held")

    def assert_nothing_moved(self, visitors):
        visitors.wait_for_rounds()
        self.assertEqual((visitors.failed, visitors.moved), ([], []))


class WithEtcd(RailsTest):
    def setUp(self):
        self.etcd = Etcd(self)

    def register(self, *members):
        for member in members:
            value = {"address": member.address, "incarnation": member.incarnation}
            self.etcd.put(PREFIX + member.id, json.dumps(value))

    def start(self, name="limpet", rails=None, **etcd):
        settings = {"endpoints": [self.etcd.url], "relist": "1s", **etcd}
        return self.start_limpet(self.config({"etcd": {}}, rails=rails, etcd=settings), name=name)

    def test_an_etcd_that_lost_its_data_empties_no_pool(self):
        members = self.start_members("a", "b", "c", "d")
        self.register(*members)
        proxies = [self.start(f"proxy {number}") for number in (1, 2)]
        for proxy in proxies:
            self.wait_for_view(proxy, "abcd")
        before = proxies[0].metrics().total("limpet_view_checksum", pool="app")
        visitors = [Visitors(self, proxy) for proxy in proxies]
        visitors[0].wait_for_rounds()

        self.etcd.lose_data()
        for proxy in proxies:
            self.wait_for_held(proxy, "abcd")
            metrics = proxy.metrics()
            self.assertEqual(metrics.total("limpet_membership_held_removals", pool="app"), 4)
            self.assertEqual(metrics.total("limpet_membership_guard_trips_total", pool="app"), 1)
            self.assertEqual(metrics.total("limpet_membership_restores_total", pool="app"), 1)
            self.assertEqual(metrics.total("limpet_membership_stale", pool="app"), 0)
            self.assertEqual(metrics.total("limpet_view_checksum", pool="app"), before, "the members are the same")
            self.assertTrue(all(one["held"] for one in proxy.members()["pools"][0]["members"]))
            self.assertEqual(proxy.ask_admin("/readyz").status, 200)
            self.assertEqual(proxy.process.output().count("members left within 10s, more than 50 %"), 1, "told once")
        for watching in visitors:
            self.assert_nothing_moved(watching)

        # Two of them register again and were never away; the rest goes when an operator says so.
        self.register(*members[:2])
        for proxy, watching in zip(proxies, visitors):
            self.wait_for_held(proxy, "cd")
            self.assert_nothing_moved(watching)
            said = proxy.command("membership", "apply", "--pool", "app")
            self.assertIn("applied: 2 members left the view, came in or changed", said)
            self.assertIn("2 members in the view, 2 in the source", said, "the answer shows the view that came of it")
            self.assertEqual(self.ids(proxy), "ab")
            watching.wait_for_rounds()
            self.assertEqual(watching.failed, [])
            self.assertEqual({before for _, before, _ in watching.moved}, {"c", "d"}, "only theirs moved")

    def test_what_nobody_takes_back_is_applied_after_hold(self):
        self.register(*self.start_members("a", "b"))
        proxy = self.start(rails={"hold": "100ms"})
        self.wait_for_view(proxy, "ab")
        self.etcd.lose_data()
        self.wait_for_view(proxy, "")
        self.assertEqual(self.fetch(proxy.address).status, 503)
        self.assertIn("2 members held back in vain, and leave the view now: a, b", proxy.process.output())

    def test_leases_that_are_revoked_all_at_once_move_nothing(self):
        agents = [AgentMember(self, self.etcd, member_id=one) for one in "abcd"]
        proxy = self.start(rails={"settle": "5s"})
        self.wait_for_view(proxy, "abcd")
        checksum = proxy.metrics().total("limpet_view_checksum", pool="app")
        visitors = Visitors(self, proxy)
        visitors.wait_for_rounds()
        for one in agents:
            one.agent.send_signal(signal.SIGSTOP)  # or some would be back before the others are gone
        self.assertEqual(self.etcd.revoke_all_leases(), 4)
        self.wait_for_held(proxy, "abcd")
        self.assert_nothing_moved(visitors)
        for one in agents:
            one.agent.send_signal(signal.SIGCONT)
        self.wait_for_told(proxy, 4)
        self.assert_nothing_moved(visitors)
        membership = proxy.membership()
        self.assertEqual((membership["held"], membership["leaving"], membership["flaps"]), ([], [], 0))
        self.assertEqual(proxy.metrics().total("limpet_view_checksum", pool="app"), checksum, "the same incarnations")

    def test_a_member_that_flaps_is_left_out_and_moves_nothing_more(self):
        members = self.start_members("a", "b", "c")
        self.register(*members)
        rails = {"settle": 0, "damping": {"window": "10m", "steady": "10m"}}
        proxy = self.start(rails=rails)
        self.wait_for_view(proxy, "abc")
        for _ in range(3):
            self.etcd.delete(PREFIX + "c")
            self.wait_for_view(proxy, "ab")
            self.register(members[2])
            self.wait_for_view(proxy, "abc")
        self.etcd.delete(PREFIX + "c")
        self.wait_for_view(proxy, "ab")
        self.register(members[2])
        proxy.wait_for_metric("a damped member", lambda m: m.total("limpet_membership_damped", pool="app") == 1)
        self.assertIn("1 member comes and goes too often", proxy.process.output())

        visitors = Visitors(self, proxy)
        for _ in range(5):
            self.etcd.delete(PREFIX + "c")
            self.wait_for_told(proxy, 2)
            self.register(members[2])
            self.wait_for_told(proxy, 3)
            self.assertEqual(self.ids(proxy), "ab")
        self.assert_nothing_moved(visitors)
        damped = proxy.membership()["damped"]
        self.assertEqual([(one["id"], one["flaps"], one["there"]) for one in damped], [("c", 9, True)])
        self.assertEqual(proxy.metrics().total("limpet_membership_flaps_total", pool="app"), 9)

        # A reload with other rails forgets nothing, and counts from when it came back last.
        proxy.reload(merge(proxy.config, {"pools": {"app": {"rails": {"damping": {"steady": "1ms"}}}}}))
        self.wait_for_view(proxy, "abc")
        self.assertIn("1 member in the view again: c", proxy.process.output())

    def test_a_crash_loop_is_left_out(self):
        members = self.start_members("a", "b", "c")
        self.register(*members)
        proxy = self.start()
        self.wait_for_view(proxy, "abc")
        for number in range(4):
            members[2].incarnation = f"crashed-{number}"
            self.register(members[2])
            proxy.wait_for_metric(
                "a flap", lambda m, n=number: m.total("limpet_membership_flaps_total", pool="app") == n + 1
            )
        self.wait_for_view(proxy, "ab")

    def test_a_suspended_pool_stays_as_it_is(self):
        a, b, c, d = self.start_members("a", "b", "c", "d")
        self.register(a, b, c)
        proxy = self.start(rails={"settle": "1ms"})
        self.wait_for_view(proxy, "abc")
        visitors = Visitors(self, proxy)
        said = proxy.command("membership", "suspend", "--pool", "app")
        self.assertIn("suspended since ", said)
        self.etcd.delete(PREFIX + "a")
        self.register(d)
        wait_until(lambda: proxy.membership()["pending"]["joined"] == ["d"], "d to be told")
        self.assertEqual(proxy.membership()["pending"], {"joined": ["d"], "left": ["a"], "changed": []})
        self.assertIn("to come: 1 joins (d), 1 leaves (a)", proxy.command("membership"))
        self.assertTrue(proxy.members()["pools"][0]["suspended"])
        self.assertEqual(proxy.metrics().total("limpet_membership_suspended", pool="app"), 1)
        self.assertEqual(self.ids(proxy), "abc")
        self.assert_nothing_moved(visitors)
        said = proxy.command("membership", "apply")
        self.assertIn("applied: 2 members left the view, came in or changed", said)
        self.assertEqual(self.ids(proxy), "bcd")
        self.etcd.delete(PREFIX + "b")
        proxy.command("membership", "resume")
        self.wait_for_view(proxy, "cd")
        self.assertEqual(proxy.metrics().total("limpet_membership_suspended", pool="app"), 0)
        visitors.wait_for_rounds()
        self.assertEqual(visitors.failed, [])

    def test_a_cold_start_and_then_an_empty_etcd(self):
        members = self.start_members("a", "b", "c")
        self.register(*members)
        folder = self.folder()
        first = self.start("first", snapshot=folder)
        self.wait_for_view(first, "abc")
        first.process.stop()
        self.etcd.kill()
        second = self.start("second", snapshot=folder)
        self.wait_for_view(second, "abc")
        visitors = Visitors(self, second)
        self.etcd.lose_data()
        self.wait_for_held(second, "abc")
        self.assertEqual(second.metrics().total("limpet_membership_stale", pool="app"), 0)
        self.register(*members)
        self.wait_for_held(second, "")
        self.assert_nothing_moved(visitors)

    def test_a_restart_during_a_hold_while_etcd_is_away(self):
        self.register(*self.start_members("a", "b", "c"))
        folder = self.folder()
        first = self.start("first", snapshot=folder)
        self.wait_for_view(first, "abc")
        self.etcd.lose_data()
        self.wait_for_held(first, "abc")
        first.process.stop()
        self.etcd.kill()
        second = self.start("second", snapshot=folder)
        self.wait_for_view(second, "abc")
        second.wait_for_metric("a stale view", lambda m: m.total("limpet_membership_stale", pool="app") == 1)
        self.assertEqual(self.fetch(second.address).status, 200)

    def test_a_start_with_an_empty_etcd_is_believed(self):
        proxy = self.start()
        wait_until(lambda: proxy.ask_admin("/readyz").status == 200, "a list")
        self.assertEqual(proxy.membership()["held"], [])
        self.assertEqual(self.fetch(proxy.address).status, 503)


class WithFiles(RailsTest):
    def setUp(self):
        self.path = os.path.join(self.folder(), "members.json")
        self.all = self.start_members("a", "b", "c", "d")

    def write(self, *members, path=None):
        path = path or self.path
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump({"members": [one.entry() for one in members]}, file)
        os.rename(path + ".new", path)

    def start(self, rails=None):
        self.write(*self.all)
        proxy = self.start_limpet(self.config({"file": {"path": self.path}}, rails=rails))
        self.wait_for_view(proxy, "abcd")
        return proxy

    def test_a_file_that_lost_most_of_its_members_is_not_believed_at_once(self):
        proxy = self.start()
        visitors = Visitors(self, proxy)
        visitors.wait_for_rounds()
        self.write(self.all[0])
        self.wait_for_held(proxy, "bcd")
        why = {one["why"] for one in proxy.membership()["held"]}
        self.assertEqual(why, {"3 of 4 members left within 10s, more than 50 %"})
        self.assert_nothing_moved(visitors)
        self.write(*self.all)
        self.wait_for_held(proxy, "")
        self.assert_nothing_moved(visitors)

    def test_a_reload_that_switches_the_guard_off_lets_go(self):
        proxy = self.start()
        self.write(self.all[0])
        self.wait_for_held(proxy, "bcd")
        proxy.reload(merge(proxy.config, {"pools": {"app": {"rails": {"max_removal_percent": 100}}}}))
        self.wait_for_view(proxy, "a")

    def test_a_reload_keeps_what_is_held_and_what_is_suspended(self):
        proxy = self.start()
        self.write(self.all[0])
        self.wait_for_held(proxy, "bcd")
        held = proxy.membership()["held"]
        proxy.command("membership", "suspend")
        proxy.reload(merge(proxy.config, {"pools": {"app": {"rails": {"hold": "5m"}, "fail_over": "refuse"}}}))
        now = proxy.membership()
        self.assertTrue(now["suspended"])
        self.assertEqual([one["since"] for one in now["held"]], [one["since"] for one in held])
        self.assertEqual(self.ids(proxy), "abcd")

    def test_a_reload_with_another_source_begins_anew(self):
        proxy = self.start()
        self.write(self.all[0])
        self.wait_for_held(proxy, "bcd")
        proxy.command("membership", "suspend")
        other = os.path.join(self.folder(), "other.json")
        self.write(*self.all[2:], path=other)
        proxy.reload(merge(proxy.config, {"pools": {"app": {"members": {"file": {"path": other}}}}}))
        self.wait_for_view(proxy, "cd")
        self.assertFalse(proxy.membership()["suspended"])
        self.assertIn("its view is no longer suspended", proxy.process.output())


class Operator(RailsTest):
    """What `limpet membership` and the admin pages say."""

    def start(self):
        path = os.path.join(self.folder(), "members.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"members": [self.start_member("a").entry()]}, file)
        config = self.config({"file": {"path": path}})
        config["pools"]["fixed"] = {"members": {"static": [self.start_member("x").entry()]}}
        config["routes"].append({"path": "/fixed", "pool": "fixed"})
        return self.start_limpet(config)

    def test_a_quiet_proxy(self):
        said = self.start().command("membership")
        self.assertEqual(
            said,
            "pool app: file, epoch 1, 1 member in the view, 1 in the source\n"
            "  so far: 0 mass removals, 0 flaps, 0 restores\n"
            "pool fixed: static, epoch 1, 1 member in the view; no rails\n",
        )

    def test_one_pool_and_json(self):
        proxy = self.start()
        self.assertNotIn("fixed", proxy.command("membership", "show", "--pool", "app"))
        told = json.loads(proxy.command("membership", "--json"))
        self.assertEqual([one["name"] for one in told["pools"]], ["app", "fixed"])

    def test_a_pool_that_there_is_not(self):
        proxy = self.start()
        for action in ("suspend", "resume", "apply"):
            said = proxy.command("membership", action, "--pool", "ap", code=1)
            self.assertTrue(said.endswith('says 404: no pool is named "ap"; there are: app, fixed\n'), said)
        said = proxy.command("membership", "--pool", "ap", code=1)
        self.assertIn("no pool is named 'ap'", said)

    def test_static_members_have_no_rails(self):
        proxy = self.start()
        said = proxy.command("membership", "suspend", "--pool", "fixed", code=1)
        self.assertTrue(said.endswith("says 409: pool fixed has no rails: its members are static\n"), said)
        proxy.command("membership", "suspend")
        self.assertTrue(proxy.membership("app")["suspended"], "all pools are those that have some")

    def test_what_changes_something_is_a_post(self):
        proxy = self.start()
        self.assertEqual(proxy.ask_admin("/membership/apply").status, 405)
        self.assertEqual(proxy.ask_admin("/membership", "POST").status, 405)
        self.assertEqual(proxy.ask_admin("/membership/apply?pol=app", "POST").status, 400)
        self.assertEqual(proxy.ask_admin("/membership/apply?pool=app", "POST").status, 200)


if __name__ == "__main__":
    unittest.main()
