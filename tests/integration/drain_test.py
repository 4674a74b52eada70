"""Members that drain: by an operator, by their agent, by their own value, by a file, by the configuration."""

import json
import os
import signal
import unittest

from harness.agent import AgentMember
from harness.case import program
from harness.cli import limpet
from harness.client import Connection
from harness.etcd_case import DRAINS, KEYS, MEMBERS, EtcdTest
from harness.limpet import static_config
from harness.relay import Relay
from harness.waiting import wait_until

USERS = [f"user-{number}" for number in range(60)]


class DrainTest(EtcdTest):
    def state(self, proxy, member):
        return self.known(proxy)[member]["state"]

    def wait_for_state(self, member, state, *proxies):
        for proxy in proxies:
            wait_until(lambda one=proxy: self.state(one, member) == state, f"{member} {state}")

    def drains(self, proxy):
        return proxy.ask_admin("/drains").json()["pools"][0]["drains"]

    def owners(self, proxy):
        """Of sessions that are placed by their key."""
        with Connection(proxy.address) as client:
            return {user: client.request("GET", "/", [("X-User-Id", user)]).member for user in USERS}

    def start_with_members(self, *ids, proxies=1):
        self.members = {one.id: one for one in self.start_members(*ids)}
        for member in self.members.values():
            self.register(member)
        started = [self.start(f"proxy {number}") for number in range(1, proxies + 1)]
        for proxy in started:
            self.wait_for_members(proxy, ids)
        return started


class Operators(DrainTest):
    """`drains/<id>` in etcd, by the admin server."""

    def test_all_proxies_see_it_and_see_it_undone(self):
        one, other = self.start_with_members("a", "b", "c", proxies=2)
        before = self.owners(one)
        answer = one.ask_admin("/drains?pool=app&member=a&by=alice", "POST")
        self.assertEqual((answer.status, answer.json()["drain"]), (200, "begun"))
        self.wait_for_state("a", "draining", one, other)
        told = self.drains(other)
        self.assertEqual([(one["member"], one["by"], one["member_is_there"]) for one in told], [("a", "alice", True)])
        self.assertRegex(told[0]["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(other.members()["pools"][0]["drains"], told)
        for proxy in (one, other):
            for user, owner in self.owners(proxy).items():
                self.assertEqual(owner, before[user] if before[user] != "a" else owner)
                self.assertNotEqual(owner, "a")

        again = other.ask_admin("/drains?member=a&by=bob", "POST")
        self.assertEqual((again.status, again.json()["drain"]), (200, "begun earlier"))
        self.assertEqual(self.drains(one)[0]["by"], "alice")
        undone = other.ask_admin("/drains?member=a", "DELETE")
        self.assertEqual((undone.status, undone.json()["drain"]), (200, "undone"))
        self.wait_for_state("a", "ready", one, other)
        self.assertEqual(self.owners(one), before)
        self.assertEqual(one.ask_admin("/drains?member=a", "DELETE").status, 404)
        self.assertEqual(one.ask_admin("/readyz").status, 200, "the proxies themselves do not drain")

    def test_what_is_unknown_is_told_with_what_there_is(self):
        (proxy,) = self.start_with_members("a", "b")
        unknown = proxy.ask_admin("/drains?member=z", "POST")
        self.assertEqual(unknown.status, 404)
        self.assertEqual(unknown.json()["pools"], [{"name": "app", "members": ["a", "b"]}])
        self.assertEqual(proxy.ask_admin("/drains?pool=nowhere&member=a", "POST").status, 404)
        self.assertEqual(proxy.ask_admin("/drains", "POST").status, 400)
        self.assertIsNone(self.etcd.get(DRAINS + "z"))

    def test_a_drain_of_nobody_is_shown_and_in_force_when_somebody_comes(self):
        (proxy,) = self.start_with_members("a")
        self.etcd.put(DRAINS + "b", "for later")
        wait_until(lambda: self.drains(proxy) == [{"member": "b", "member_is_there": False}], "the drain")
        status = limpet("status", "--admin", proxy.admin)
        self.assertEqual(status.returncode, 0)
        self.assertIn("drained by an operator: b (no such member now)", status.stdout)
        self.register(self.start_member("b"))
        self.wait_for_members(proxy, "ab")
        self.assertEqual(self.state(proxy, "b"), "draining")
        self.assertEqual(set(self.owners(proxy).values()), {"a"})
        self.assertEqual(proxy.ask_admin("/drains?member=b", "DELETE").status, 200)
        self.wait_for_state("b", "ready", proxy)

    def test_the_agents_own_writes_do_not_end_it(self):
        members = [AgentMember(self, self.etcd, member_id=one) for one in "ab"]
        proxy = self.start()
        self.wait_for_members(proxy, "ab")
        proxy.ask_admin("/drains?member=a&by=alice", "POST")
        self.wait_for_state("a", "draining", proxy)
        note = self.etcd.get(DRAINS + "a")

        lease = json.loads(self.etcd.control("get", MEMBERS + "a", "-w", "json"))["kvs"][0]["lease"]
        revision = self.etcd.control("get", MEMBERS + "a", "-w", "fields")
        self.etcd.control("lease", "revoke", f"{lease:x}")
        wait_until(lambda: self.etcd.control("get", MEMBERS + "a", "-w", "fields") not in ("", revision), "another put")
        wait_until(lambda: self.etcd.get(MEMBERS + "a"), "the registration")
        self.wait_for_members(proxy, "ab")
        self.assertEqual(self.state(proxy, "a"), "draining", "under another lease")

        before = self.known(proxy)["a"]["incarnation"]
        members[0].agent.stop()
        self.wait_for_members(proxy, "b")
        self.assertEqual(self.drains(proxy)[0]["member_is_there"], False)
        members[0].start()
        self.wait_for_members(proxy, "ab")
        self.assertNotEqual(self.known(proxy)["a"]["incarnation"], before)
        self.assertEqual(self.state(proxy, "a"), "draining", "as another incarnation")
        self.assertEqual(self.etcd.get(DRAINS + "a"), note)
        self.assertIn('"state":"ready"', self.etcd.get(MEMBERS + "a"), "the agent knows nothing of it")
        proxy.ask_admin("/drains?member=a", "DELETE")
        self.wait_for_state("a", "ready", proxy)

    def test_etcd_away_is_told_and_nothing_is_half_done(self):
        relay = Relay(self, self.etcd)
        member = self.start_member("a")
        self.register(member)
        proxy = self.start(url=relay.url, etcd={"timeout": "500ms"})
        self.wait_for_members(proxy, "a")
        for trouble in (relay.cut, relay.silence):
            trouble()
            for method in ("POST", "DELETE"):
                answer = proxy.ask_admin("/drains?member=a", method)
                self.assertEqual(answer.status, 503, answer.text())
                self.assertTrue(answer.json()["error"])
            relay.mend()
        self.assertEqual(self.fetch(proxy.address).status, 200)
        self.assertIsNone(self.etcd.get(DRAINS + "a"))
        self.assertEqual(proxy.ask_admin("/drains?member=a", "POST").status, 200)
        self.wait_for_state("a", "draining", proxy)

    def test_a_drain_wants_the_token_as_all_that_changes_something(self):
        self.register(self.start_member("a"))
        proxy = self.start(admin={"address": "127.0.0.1:0", "token": "open-sesame-for-this-admin"})
        refused = proxy.ask_admin("/drains?member=a", "POST")
        self.assertEqual(refused.status, 401)
        self.assertEqual(limpet("drain", "--member", "a", "--admin", proxy.admin).returncode, 1)
        self.assertIsNone(self.etcd.get(DRAINS + "a"))
        env = {"LIMPET_ADMIN_TOKEN": "open-sesame-for-this-admin"}
        wait_until(
            lambda: limpet("drain", "--member", "a", "--admin", proxy.admin, env=env).returncode == 0, "its members"
        )
        self.assertIsNotNone(self.etcd.get(DRAINS + "a"))

    def test_it_outlives_etcd_and_the_proxies(self):
        (proxy,) = self.start_with_members("a", "b")
        proxy.ask_admin("/drains?member=a", "POST")
        self.wait_for_state("a", "draining", proxy)
        self.etcd.kill()
        self.assertEqual(self.state(proxy, "a"), "draining")
        self.etcd.start()
        late = self.start("late proxy")
        self.wait_for_members(late, "ab")
        self.assertEqual(self.state(late, "a"), "draining")


class EverySide(DrainTest):
    """Whoever says it: pinned sessions stay, others move, and no new ones come."""

    def check(self, proxy, drain, undo=None):
        """`drain` has member a drain; b and c are there besides."""
        self.wait_for_members(proxy, "abc")
        pinned = [self.cookie_of(proxy, "a") for _ in range(10)]
        before = self.owners(proxy)
        drain()
        self.wait_for_state("a", "draining", proxy)
        for cookie in pinned:
            response, kept = self.visit(proxy, cookie)
            self.assertEqual((response.member, kept), ("a", cookie), "a pinned session stays")
        after = self.owners(proxy)
        for user, owner in before.items():
            if owner == "a":
                self.assertIn(after[user], "bc", "an unpinned one moves")
            else:
                self.assertEqual(after[user], owner, "and no other does")
        self.assertNotIn("a", {self.visit(proxy)[0].member for _ in range(40)}, "no new one comes")
        if undo:
            undo()
            self.wait_for_state("a", "ready", proxy)
            self.assertEqual(self.owners(proxy), before)

    def test_an_operator(self):
        (proxy,) = self.start_with_members("a", "b", "c")
        self.check(
            proxy,
            lambda: limpet("drain", "--member", "a", "--admin", proxy.admin),
            lambda: limpet("drain", "--member", "a", "--undo", "--admin", proxy.admin),
        )

    def test_the_members_own_value(self):
        (proxy,) = self.start_with_members("a", "b", "c")
        a = self.members["a"]
        self.check(proxy, lambda: self.register(a, state="draining"), lambda: self.register(a))

    def test_the_agents_sigterm(self):
        a, *_ = [AgentMember(self, self.etcd, member_id=one, drain=time) for one, time in zip("abc", ("10m", "1s", "1s"))]
        proxy = self.start()
        self.check(proxy, lambda: a.agent.send_signal(signal.SIGTERM))
        a.agent.send_signal(signal.SIGTERM)  # enough of draining
        self.wait_for_members(proxy, "bc")
        a.agent.wait()

    def test_a_file(self):
        path = os.path.join(self.folder(), "members.yaml")

        def write(**more):
            entries = [one.entry(**(more if one.id == "a" else {})) for one in members]
            with open(path + ".new", "w", encoding="utf-8") as file:
                json.dump({"members": entries}, file)
            os.rename(path + ".new", path)

        members = self.start_members("a", "b", "c")
        write()
        config = self.config()
        config["pools"]["app"]["members"] = {"file": {"path": path}}
        proxy = self.start_limpet(config)
        self.check(proxy, lambda: write(state="draining"), write)
        refused = proxy.ask_admin("/drains?member=a", "POST")
        self.assertEqual(refused.status, 409)
        self.assertIn(path, refused.json()["error"])

    def test_the_configuration(self):
        members = self.start_members("a", "b", "c")

        def config(**more):
            entries = [one.entry(**(more if one.id == "a" else {})) for one in members]
            return {**self.config(), "pools": {"app": {**pool, "members": {"static": entries}}}}

        pool = self.config()["pools"]["app"]
        proxy = self.start_limpet(config())
        self.check(proxy, lambda: proxy.reload(config(state="draining")), lambda: proxy.reload(config()))
        refused = proxy.ask_admin("/drains?member=a", "POST")
        self.assertEqual(refused.status, 409)
        self.assertIn("reload", refused.json()["error"])


class CommandLine(DrainTest):
    def test_drain_and_undo(self):
        one, other = self.start_with_members("a", "b", proxies=2)
        done = limpet("drain", "--member", "a", "--admin", one.admin, env={"USER": "alice"})
        self.assertEqual((done.returncode, done.stdout), (0, "member a of pool app: drain begun\n"), done.stderr)
        self.wait_for_state("a", "draining", one, other)
        self.assertEqual(self.drains(other)[0]["by"], "alice")
        again = limpet("drain", "--pool", "app", "--member", "a", "--admin", other.admin)
        self.assertEqual((again.returncode, again.stdout), (0, "member a of pool app: drain begun earlier\n"))
        undone = limpet("drain", "--member", "a", "--undo", "--admin", other.admin)
        self.assertEqual((undone.returncode, undone.stdout), (0, "member a of pool app: drain undone\n"))
        self.wait_for_state("a", "ready", one, other)

    def test_what_cannot_be_done(self):
        (proxy,) = self.start_with_members("a", "b")
        for words, said in (
            (["--member", "z", "--admin", proxy.admin], 'pool app has ["a","b"]'),
            (["--member", "a", "--undo", "--admin", proxy.admin], "has no drain of member a"),
            (["--member", "a", "--pool", "x", "--admin", proxy.admin], "there is no pool x"),
            (["--member", "a", "--admin", "127.0.0.1:1"], "127.0.0.1:1"),
            (["--member", "a", "--admin", proxy.admin, "--undo", "--wait"], "--wait"),
            (["--member", "a", "--admin", proxy.admin, "--timeout", "5m"], "--wait"),
            (["--member", "a", "--admin", proxy.admin, "--wait", "--timeout", "soon"], "--timeout"),
            (["--admin", proxy.admin], "--member"),
        ):
            with self.subTest(words):
                ended = limpet("drain", *words)
                self.assertEqual(ended.returncode, 1, ended.stdout)
                self.assertIn(said, ended.stderr)
        self.assertIsNone(self.etcd.get(DRAINS + "a"))


class Waiting(DrainTest):
    """`limpet drain --wait`: until nothing is left, at each of the proxies."""

    def start_drain(self, *proxies, words=()):
        admins = [word for proxy in proxies for word in ("--admin", proxy.admin)]
        return self.start_program("drain", [program("LIMPET"), "drain", "--member", "a", "--wait", *words, *admins])

    def test_it_ends_when_the_last_of_all_kinds_has_gone(self):
        one, other = self.start_with_members("a", "b", proxies=2)
        cookie = [("Cookie", f"limpet={self.cookie_of(one, 'a')}")]
        tunnel = self.open_websocket(one.address, headers=cookie)
        events, request = self.connect(one.address), self.connect(other.address)
        events.send_request("GET", "/events", cookie)
        self.assertEqual(events.read_head().status, 200)
        request.send_request("GET", "/slow?ms=600000", cookie)
        wait_until(lambda: self.known(other)["a"]["live"]["requests"] == 1, "the request")
        drain = self.start_drain(one, other)
        drain.wait_for_output(f"{one.admin}: draining, 1 event stream and 1 tunnel left")
        drain.wait_for_output(f"{other.admin}: draining, 1 request left")
        tunnel.close()
        drain.wait_for_output(f"{one.admin}: draining, 1 event stream left")
        drain.assert_running()
        events.close()
        drain.wait_for_output(f"{one.admin}: draining, nothing left")
        drain.assert_running()
        request.close()
        self.assertEqual(drain.wait(), 0, drain.output())
        self.assertIn("nothing is left\n", drain.output())

    def test_the_time_is_over(self):
        (proxy,) = self.start_with_members("a", "b")
        socket = self.open_websocket(proxy.address, headers=[("Cookie", f"limpet={self.cookie_of(proxy, 'a')}")])
        ended = limpet("drain", "--member", "a", "--wait", "--timeout", "300ms", "--admin", proxy.admin)
        self.assertEqual(ended.returncode, 3)
        self.assertIn("1 tunnel left", ended.stdout)
        self.assertIn("pinned", ended.stderr)
        self.assertEqual(socket.ask("still there"), "still there")
        self.assertEqual(self.state(proxy, "a"), "draining", "the drain stays")

    def test_a_drain_that_is_undone_is_no_longer_waited_for(self):
        one, other = self.start_with_members("a", "b", proxies=2)
        self.open_websocket(one.address, headers=[("Cookie", f"limpet={self.cookie_of(one, 'a')}")])
        drain = self.start_drain(one, other)
        drain.wait_for_output("1 tunnel left")
        drain.wait_for_output(f"{other.admin}: draining, nothing left")
        self.assertEqual(limpet("drain", "--member", "a", "--undo", "--admin", other.admin).returncode, 0)
        self.assertEqual(drain.wait(), 1, drain.output())
        self.assertIn("the member takes sessions again: its drain was undone\n", drain.output())

    def test_a_proxy_that_is_suspended_does_not_see_the_drain(self):
        one, other = self.start_with_members("a", "b", proxies=2)
        other.command("membership", "suspend")
        words = ("--member", "a", "--wait", "--timeout", "300ms", "--admin", one.admin, "--admin", other.admin)
        ended = limpet("drain", *words)
        self.assertEqual(ended.returncode, 3)
        self.assertIn(f"{other.admin}: not draining", ended.stdout)
        self.assertIn("not all proxies see the drain", ended.stderr)

    def test_a_time_longer_than_any_clock_counts_is_waited_for(self):
        (proxy,) = self.start_with_members("a", "b")
        tunnel = self.open_websocket(proxy.address, headers=[("Cookie", f"limpet={self.cookie_of(proxy, 'a')}")])
        drain = self.start_drain(proxy, words=("--timeout", "3000000h"))
        drain.wait_for_output("1 tunnel left")
        tunnel.close()
        self.assertEqual(drain.wait(), 0, drain.output())

    def test_a_proxy_that_does_not_answer_is_waited_for(self):
        (proxy,) = self.start_with_members("a", "b")
        words = ("--member", "a", "--wait", "--timeout", "300ms", "--admin", proxy.admin, "--admin", "127.0.0.1:1")
        ended = limpet("drain", *words)
        self.assertEqual(ended.returncode, 3)
        self.assertIn("127.0.0.1:1: cannot", ended.stdout)
        self.assertIn("not all proxies could be asked", ended.stderr)

    def test_a_member_that_leaves_is_no_longer_waited_for(self):
        (proxy,) = self.start_with_members("a", "b")
        self.open_websocket(proxy.address, headers=[("Cookie", f"limpet={self.cookie_of(proxy, 'a')}")])
        drain = self.start_drain(proxy)
        drain.wait_for_output("1 tunnel left")
        self.etcd.delete(MEMBERS + "a")
        self.assertEqual(drain.wait(), 0)
        self.assertIn("not in its view", drain.output())

    def test_what_is_left_of_an_earlier_incarnation_is_not_waited_for(self):
        a, b = self.start_members("a", "b")
        self.register(a)
        self.register(b)
        proxy = self.start(pool={"on_remove": {"action": "keep"}})
        self.wait_for_members(proxy, "ab")
        old = self.open_websocket(proxy.address, headers=[("Cookie", f"limpet={self.cookie_of(proxy, 'a')}")])
        self.register(a, incarnation="the next")
        wait_until(lambda: self.known(proxy)["a"]["incarnation"] == "the next", "the next incarnation")
        new = self.open_websocket(proxy.address, headers=[("Cookie", f"limpet={self.cookie_of(proxy, 'a')}")])
        shown = limpet("status", "--admin", proxy.admin).stdout.splitlines()
        self.assertRegex("\n".join(shown), r"\n  a +ready .* 1  127.*\n  b +ready .*\n  a +left +0 +0 +1$")

        drain = self.start_drain(proxy)
        drain.wait_for_output("draining, 1 tunnel left")
        self.etcd.delete(MEMBERS + "a")
        drain.wait_for_output("not in its view, 1 tunnel left")
        drain.assert_running()
        new.close()
        self.assertEqual(drain.wait(), 0)
        self.assertEqual(old.ask("still there"), "still there")

    def test_a_drain_that_stands_in_the_configuration_can_be_waited_for(self):
        members = self.start_members("a", "b")
        ready = self.start_limpet(static_config(members, **KEYS), name="ready")
        refused = limpet("drain", "--member", "a", "--wait", "--admin", ready.admin)
        self.assertEqual(refused.returncode, 1)
        draining = self.start_limpet(static_config([members[0].entry(state="draining"), members[1]]), name="draining")
        done = limpet("drain", "--member", "a", "--wait", "--admin", draining.admin)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("draining already", done.stdout)


if __name__ == "__main__":
    unittest.main()
