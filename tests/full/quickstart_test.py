"""`deploy/quickstart.sh` from a fresh clone of what is committed: it builds once, keeps its promises, and leaves nothing."""

import json
import os
import re
import signal
import socket
import unittest

from fresh_clone import MarkedRun, make_clone
from harness.case import IntegrationTest
from harness.client import Connection
from harness.etcd import Etcd
from harness.waiting import wait_until

BUILD_S = 3600.0  # of a whole release, on a slow machine
RUN_S = 300.0
BINARIES = ("limpet", "limpet-demo-member")
CHECKS = 6  # ready, write-and-read, moved-from, same-as-before, joined, websocket


def setUpModule():
    global clone  # pylint: disable=global-statement
    clone = make_clone()


class QuickstartTest(IntegrationTest):
    def setUp(self):
        self.marked = MarkedRun()
        self.addCleanup(self.end_what_is_left)

    def start(self, *options):
        # As in a terminal: a session of its own, and SIGINT not ignored, which a shell does for what runs in its background.
        # The compiler cache may know the sources from another folder.
        return self.start_program(
            "quickstart",
            ["env", "--default-signal=INT", "setsid", f"{clone}/deploy/quickstart.sh", *options],
            env={**self.marked.environment, "CCACHE_BASEDIR": clone},
            ends_with=128 + signal.SIGTERM,
        )

    def run_to_end(self, *options, seconds=RUN_S):
        process = self.start(*options)
        code = process.wait(seconds)
        self.assertEqual(code, 0, process.output())
        return process.output()

    def left(self):
        return self.marked.processes()

    def end_what_is_left(self):
        for pid, _ in self.left():
            os.kill(pid, signal.SIGKILL)

    def built(self):
        states = [os.stat(f"{clone}/build/release/{name}") for name in BINARIES]
        return [(state.st_ino, state.st_mtime_ns) for state in states]


class Check(QuickstartTest):
    def test_it_builds_once_and_all_checks_pass(self):
        output = self.run_to_end("--check", seconds=BUILD_S)
        self.assertIn("All checks passed.", output)
        self.assertEqual(output.count("\nok "), CHECKS, output)
        self.assertEqual(self.left(), [])

        before = self.built()
        for options in (["--check"], ["--static", "--check"]):
            with self.subTest(options=options):
                output = self.run_to_end(*options)
                self.assertIn("no work to do", output)
                self.assertIn("All checks passed.", output)
                self.assertEqual(output.count("\nok "), CHECKS, output)
                self.assertEqual("etcd on" in output, "--static" not in options)
                self.assertEqual(self.left(), [])
                self.assertEqual(self.built(), before)


class CtrlC(QuickstartTest):
    """What else runs on the machine: programs of the same names, and somebody on a port that the quickstart would like."""

    def setUp(self):
        super().setUp()
        self.bystanders = [self.start_member("a").process, Etcd(self).process]
        self.neighbour = socket.socket()
        self.addCleanup(self.neighbour.close)
        self.neighbour.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self.neighbour.bind(("127.0.0.1", 8080))
            self.neighbour.listen()
        except OSError:
            pass  # there is one already, which is as good

    def start_and_wait(self, *options, text="Ctrl-C ends everything"):
        """Until it has written `text`; the build, if there is anything to build, included."""
        process = self.start(*options)

        def there():
            process.assert_running()
            return text in process.output()

        wait_until(there, f"{text!r} of the quickstart", BUILD_S)
        return process

    def assert_all_ended(self, process, code):
        self.assertEqual(process.wait(RUN_S), code, process.output())
        self.assertEqual(self.left(), [])
        for bystander in self.bystanders:
            bystander.assert_running()

    def test_it_ends_all_and_nothing_else(self):
        for options in ([], ["--static"]):
            for everyone in (False, True):
                with self.subTest(options=options, everyone=everyone):
                    process = self.start_and_wait(*options)
                    self.assert_it_runs(process)
                    if everyone:
                        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
                    else:
                        process.send_signal(signal.SIGINT)
                    self.assert_all_ended(process, 130)

    def assert_it_runs(self, process):
        addresses = re.findall(r"proxy \d on http://([\d.:]+), admin", process.output())
        self.assertEqual(len(addresses), 2)
        self.assertNotIn("127.0.0.1:8080", addresses, "that one is taken")
        owners = set()
        for address in addresses:
            with Connection(address) as connection:
                owners.add(connection.request("GET", "/", [("X-User-Id", "alice")]).member)
        self.assertEqual(len(owners), 1)
        self.assertGreaterEqual(len(self.left()), 1 + 3 + 2)  # itself, members, proxies

    def test_also_in_the_middle_of_its_start(self):
        for text in ("etcd on", "member b on", "member c on", "proxy 1 on"):
            with self.subTest(text):
                process = self.start_and_wait(text=text)
                os.killpg(process.pid, signal.SIGINT)
                self.assert_all_ended(process, 130)

    def test_also_in_the_middle_of_its_checks(self):
        for text in ("Killing member b", "Starting member b again", "A fourth member joins"):
            with self.subTest(text):
                process = self.start_and_wait("--check", text=text)
                os.killpg(process.pid, signal.SIGINT)
                self.assert_all_ended(process, 130)

    def test_also_after_a_member_was_killed_by_hand(self):
        process = self.start_and_wait()
        with open(f"{clone}/.quickstart/member-b.json", encoding="utf-8") as file:
            os.kill(json.load(file)["pid"], signal.SIGKILL)
        process.send_signal(signal.SIGINT)
        self.assert_all_ended(process, 130)

    def test_a_second_one_does_not_disturb_the_first(self):
        process = self.start_and_wait("--static")
        second = self.start("--static")
        self.assertEqual(second.wait(RUN_S), 1)
        self.assertIn("running already", second.output())
        process.assert_running()
        self.assert_it_runs(process)
        process.send_signal(signal.SIGINT)
        self.assert_all_ended(process, 130)


if __name__ == "__main__":
    unittest.main()
