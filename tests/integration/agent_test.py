"""`limpet agent` beside a real member and a real etcd."""

import json
import os
import signal
import subprocess
import sys
import unittest

from harness.case import IntegrationTest, program
from harness.etcd import Etcd
from harness.waiting import read_when_there, wait_until

KEY = "/limpet/app/members/a"

# A backend that exits with 7 when it is told to end.
CHILD = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print("child runs", flush=True)
signal.pause()
"""


class Agent(IntegrationTest):
    def setUp(self):
        self.etcd = Etcd(self)

    def start_agent(self, address, command=(), check=None, **settings):
        config = {
            "etcd": {"endpoints": [self.etcd.url]},
            "agent": {
                "lease_ttl": "2s",
                "drain": "200ms",
                "check": {"interval": "50ms", "timeout": "1s", **(check or {})},
                **settings,
            },
        }
        path = os.path.join(self.folder(), "agent.yaml")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        arguments = ["agent", "--pool", "app", "--id", "a", "--address", address, "-c", path]
        return self.start_program("agent", [program("LIMPET"), *arguments, *(["--", *command] if command else [])])

    def value(self):
        text = self.etcd.get(KEY)
        return json.loads(text) if text else None

    def wait_for_value(self, **wanted):
        """Until the registration is there and says so."""

        def there():
            value = self.value()
            return value if value and all(value.get(name) == want for name, want in wanted.items()) else None

        return wait_until(there, f"a registration with {wanted}")

    def wait_for_none(self):
        wait_until(lambda: self.value() is None, "no registration")

    def test_registers_under_a_lease_and_deregisters(self):
        member = self.start_member("a")
        agent = self.start_agent(member.address, check={"path": "/healthz"}, weight=3, zone="east")
        value = self.wait_for_value(state="ready")
        self.assertEqual((value["address"], value["weight"], value["zone"]), (member.address, 3, "east"))
        self.assertTrue(value["incarnation"])
        shown = json.loads(self.etcd.control("get", KEY, "-w", "json"))
        self.assertGreater(shown["kvs"][0]["lease"], 0)
        agent.stop()
        self.assertIsNone(self.value())

    def test_drains_before_it_goes(self):
        agent = self.start_agent(self.start_member("a").address, drain="2s")
        self.wait_for_value(state="ready")
        agent.send_signal(signal.SIGTERM)
        self.wait_for_value(state="draining")
        self.assertEqual(agent.wait(), 0)
        self.assertIsNone(self.value())

    def test_a_killed_agents_registration_runs_out(self):
        agent = self.start_agent(self.start_member("a").address)
        self.wait_for_value(state="ready")
        agent.kill()
        self.wait_for_none()

    def test_an_unhealthy_member_is_taken_out_and_comes_back_as_another(self):
        member = self.start_member("a")
        self.start_agent(member.address, check={"path": "/healthz"})
        before = self.wait_for_value(state="ready")["incarnation"]
        member.kill()
        self.wait_for_none()
        member.restart()
        self.assertNotEqual(self.wait_for_value(state="ready")["incarnation"], before)

    def test_a_member_that_is_not_up_yet_is_not_registered(self):
        member = self.start_member("a")
        member.kill()
        agent = self.start_agent(member.address, check={"path": "/healthz"})
        agent.wait_for_output("unhealthy")
        self.assertIsNone(self.value())
        member.restart()
        self.wait_for_value(state="ready")

    def test_a_lost_registration_is_put_again_with_the_same_incarnation(self):
        self.start_agent(self.start_member("a").address)
        before = self.wait_for_value(state="ready")["incarnation"]
        lease = json.loads(self.etcd.control("get", KEY, "-w", "json"))["kvs"][0]["lease"]
        self.etcd.control("lease", "revoke", f"{lease:x}")
        self.assertEqual(self.wait_for_value(state="ready")["incarnation"], before)

    def test_etcd_away_and_back(self):
        agent = self.start_agent(self.start_member("a").address)
        before = self.wait_for_value(state="ready")["incarnation"]
        self.etcd.kill()
        self.etcd.start()
        self.assertEqual(self.wait_for_value(state="ready")["incarnation"], before)
        agent.assert_running()
        agent.stop()  # before the etcd that was started after it

    def test_starts_a_backend_and_gives_back_its_exit_code(self):
        ready = os.path.join(self.folder(), "ready.json")
        probe = self.start_member("a")
        probe.kill()
        command = [program("LIMPET_DEMO_MEMBER"), "--id", "a", "--address", probe.address, "--ready-file", ready]
        agent = self.start_agent(probe.address, command, check={"path": "/healthz"})
        read_when_there(ready, agent)
        self.wait_for_value(state="ready")
        agent.stop()
        self.assertIsNone(self.value())

        agent = self.start_agent(probe.address, [sys.executable, "-c", CHILD])
        agent.wait_for_output("child runs")
        agent.send_signal(signal.SIGTERM)
        self.assertEqual(agent.wait(), 7)

    def test_a_backend_that_ends_takes_its_registration_along(self):
        ready = os.path.join(self.folder(), "ready.json")
        probe = self.start_member("a")
        probe.kill()
        command = [program("LIMPET_DEMO_MEMBER"), "--id", "a", "--address", probe.address, "--ready-file", ready]
        agent = self.start_agent(probe.address, command)
        pid = json.loads(read_when_there(ready, agent))["pid"]
        self.wait_for_value(state="ready")
        os.kill(pid, signal.SIGKILL)
        self.assertEqual(agent.wait(), 128 + signal.SIGKILL)
        self.assertIsNone(self.value())

    def test_flags_are_checked_as_the_files_keys_are(self):
        good = {"--pool": "app", "--id": "a", "--address": "127.0.0.1:1", "--etcd": self.etcd.url}
        for flag, value in (
            ("--etcd", "garbage"),
            ("--prefix", "no slash/"),
            ("--pool", "a b"),
            ("--id", "a/b"),
            ("--address", "h:0"),
            ("--address", "unix:/x\ny"),
            ("--weight", "0"),
            ("--zone", "z" * 300 + "\n"),
            ("--check-path", "noslash x"),
        ):
            with self.subTest(flag=flag, value=value):
                words = [word for pair in {**good, flag: value}.items() for word in pair]
                ended = subprocess.run(
                    [program("LIMPET"), "agent", *words], capture_output=True, text=True, timeout=20, check=False
                )
                self.assertEqual(ended.returncode, 1, ended.stderr)
                self.assertIn(f"error: {flag}: ", ended.stderr)


if __name__ == "__main__":
    unittest.main()
