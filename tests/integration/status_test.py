"""`limpet status`: how a proxy is, and whether several agree."""

import json
import unittest

from harness.cli import limpet
from harness.etcd_case import MEMBERS, EtcdTest
from harness.limpet import static_config
from harness.origin import answering
from harness.waiting import wait_until


class Status(EtcdTest):
    def status(self, *proxies, json_too=False):
        admins = [word for proxy in proxies for word in ("--admin", getattr(proxy, "admin", proxy))]
        return limpet("status", *admins, *(["--json"] if json_too else []))

    def test_one_proxy(self):
        a, b = self.start_members("a", "b")
        self.register(a, weight=3)
        self.register(b, state="draining")
        proxy = self.start()
        self.wait_for_members(proxy, "ab")
        told = self.status(proxy)
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        lines = told.stdout.splitlines()
        self.assertRegex(lines[0], rf"^{proxy.admin}: limpet \d+\.\d+\.\d+, up \d+s, 2 workers, ready$")
        self.assertRegex(lines[2], r"^pool app: etcd, epoch \d+, checksum \d+$")
        self.assertRegex(lines[4], rf"^  a +ready +3 .*{a.address}$")
        self.assertRegex(lines[5], rf"^  b +draining +1 .*{b.address}$")
        self.assertTrue(all(len(line) <= 80 for line in lines), told.stdout)

        same = json.loads(self.status(proxy, json_too=True).stdout)
        self.assertEqual(same["agree"], True)
        shown = same["proxies"][0]["status"]["pools"]
        self.assertEqual([one["id"] for one in shown[0]["members"]], ["a", "b"])

    def test_what_is_wrong_is_said(self):
        self.register(self.start_member("a"))
        proxy = self.start()
        self.wait_for_members(proxy, "a")
        self.etcd.kill()
        proxy.wait_for_metric("a stale view", lambda m: m.total("limpet_membership_stale", pool="app") == 1)
        told = self.status(proxy)
        self.assertEqual(told.returncode, 0)
        self.assertIn(", STALE\n", told.stdout)
        proxy.write_config({"listeners": "nonsense"})
        proxy.reload()
        self.assertIn("the last reload was refused", self.status(proxy).stdout)

    def test_proxies_with_different_histories_agree(self):
        """One has seen all, one reloaded in the middle, one started late and does not know what was removed."""
        a, b, c = self.start_members("a", "b", "c")
        self.register(a)
        self.register(b)
        first, reloaded = self.start("first"), self.start("reloaded")
        for proxy in (first, reloaded):
            self.wait_for_members(proxy, "ab")
        self.register(c, weight=2)
        self.wait_for_members(reloaded, "abc")
        reloaded.reload({**self.config(), "limits": {"connections": 500}})
        self.etcd.delete(MEMBERS + "b")
        late = self.start("late")
        proxies = (first, reloaded, late)
        for proxy in proxies:
            self.wait_for_members(proxy, "ac")

        checksums = {proxy.metrics().total("limpet_view_checksum", pool="app") for proxy in proxies}
        self.assertEqual(len(checksums), 1)
        epochs = {proxy.metrics().total("limpet_epoch", pool="app") for proxy in proxies}
        self.assertEqual(len(epochs), 2, "whoever came late has not seen the removal")
        told = self.status(*proxies)
        self.assertEqual(told.returncode, 0, told.stdout)
        self.assertIn("pool app: the same 2 members, checksum ", told.stdout)
        self.assertIn("What may differ without harm:\n  pool app: the members are the same; epoch ", told.stdout)

    def test_proxies_that_differ(self):
        a, b = self.start_members("a", "b")
        one = self.start_limpet(static_config([a, b]), name="one")
        other = self.start_limpet(static_config([a.entry(weight=5)]), name="other")
        same = self.start_limpet(static_config([b, a]), name="same")
        told = self.status(one, other, same)
        self.assertEqual(told.returncode, 1)
        self.assertIn("They differ:", told.stdout)
        self.assertIn(f"  pool app, member b: missing at {other.admin}\n", told.stdout)
        self.assertIn(f"  pool app, member a: weight 1 at {one.admin} and {same.admin}, 5 at {other.admin}\n", told.stdout)
        self.assertEqual(self.status(one, same).returncode, 0)
        as_json = self.status(one, other, json_too=True)
        self.assertEqual((as_json.returncode, json.loads(as_json.stdout)["agree"]), (1, False))

    def test_a_pool_that_one_of_them_does_not_have(self):
        (a,) = self.start_members("a")
        one = self.start_limpet(static_config([a]), name="one")
        other = self.start_limpet(
            static_config([a], pools={"more": {"members": {"static": [a.entry()]}}}, routes=None)
            | {"routes": [{"path": "/", "pool": "app"}, {"path": "/more", "pool": "more"}]},
            name="other",
        )
        told = self.status(one, other)
        self.assertEqual(told.returncode, 1)
        self.assertIn(f"  pool more: missing at {one.admin}\n", told.stdout)

    def test_one_that_cannot_be_asked(self):
        proxy = self.start_limpet(static_config(self.start_members("a")))
        told = self.status(proxy, "127.0.0.1:1")
        self.assertEqual(told.returncode, 2)
        self.assertIn("Not all could be asked.", told.stdout)
        self.assertEqual(self.status("127.0.0.1:1").returncode, 2)
        as_json = json.loads(self.status(proxy, "127.0.0.1:1", json_too=True).stdout)
        self.assertIn("problem", as_json["proxies"][1])
        self.assertEqual(as_json["agree"], False)

    def test_what_is_no_admin_server(self):
        """Any server may say 200, an application to all that it is asked."""
        commands = (["explain", "--url", "/"], ["membership"], ["membership", "suspend"], ["drain", "--member", "a"])
        for content in (b"{}", b"[]", b"<html></html>", b""):
            with self.subTest(content):
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\n\r\n".encode()
                origin = self.start_origin(answering(head + content))
                said = f"what answers at {origin.address} is no admin server of Limpet\n"
                told = self.status(origin.address)
                self.assertEqual((told.returncode, told.stdout), (2, f"{origin.address}: {said}"))
                for words in commands:
                    done = limpet(*words, "--admin", origin.address)
                    self.assertEqual((done.returncode, done.stdout, done.stderr), (1, "", f"limpet: {said}"), words)

    def test_what_is_refused_is_told_in_words(self):
        proxy = self.start_limpet(static_config(self.start_members("a")))
        self.assertIn(' says 400: there is no pool "x"\n', proxy.command("explain", "--pool", "x", code=1))
        origin = self.start_origin(answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n\x1b[31mno\r\n"))
        for command in ("status", "membership"):
            said = limpet(command, "--admin", origin.address)
            self.assertIn(" says 404: ?[31mno\n", said.stdout + said.stderr)

    def test_a_draining_proxy_and_the_token(self):
        members = self.start_members("a")
        admin = {"address": "127.0.0.1:0", "token": "open-sesame-for-this-admin"}
        config = static_config(members, admin=admin, shutdown={"delay": "20s", "drain": "1s"})
        proxy = self.start_limpet(config)
        self.assertEqual(self.status(proxy).returncode, 2)
        proxy.process.send_signal(15)
        env = {"LIMPET_ADMIN_TOKEN": "open-sesame-for-this-admin"}
        wait_until(
            lambda: ", DRAINING" in limpet("status", "--admin", proxy.admin, env=env).stdout, "a proxy that drains"
        )
        proxy.process.send_signal(15)
        self.assertEqual(proxy.process.wait(), 2)


if __name__ == "__main__":
    unittest.main()
