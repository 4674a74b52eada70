"""`deploy/examples/*/run.sh` from a fresh clone of what is committed: real servers and clients, as npm has them.

The same without stickiness must fail, or the clients would not look at what they say.
"""

import os
import re
import subprocess
import unittest

from fresh_clone import MarkedRun, make_clone
from harness.case import IntegrationTest, program

RUN_S = 600.0  # of which most is the registry's


def setUpModule():
    global clone  # pylint: disable=global-statement
    clone = make_clone()


class ExamplesTest(IntegrationTest):
    def run_example(self, name, status, config=None):
        """Its output, once it ended with this status and nothing of it is left."""
        run = MarkedRun()
        env = {**run.environment, "LIMPET": program("LIMPET")}
        if config:
            env["CONFIG"] = config
        process = self.start_program(name, [f"{clone}/deploy/examples/{name}/run.sh"], env=env, ends_with=status)
        self.assertEqual(process.wait(RUN_S), status, process.output())
        self.assertEqual(run.processes(), [])
        return process.output()

    def without_stickiness(self, name):
        """The example's own configuration, without its session keys."""
        with open(f"{clone}/deploy/examples/{name}/limpet.yaml", encoding="utf-8") as file:
            text = file.read()
        text, keys = re.subn(r"(?ms)^    session:\n(?: {6}.*?\n)+", "    session: {key: []}\n", text)
        text, bounds = re.subn(r"(?m)^    bounded_load: .*\n", "", text)
        self.assertEqual((keys, bounds), (1, 1))
        path = os.path.join(self.folder(), "limpet.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def check(self, name, *wanted):
        output = self.run_example(name, 0)
        for line in wanted:
            self.assertRegex(output, line)
        output = self.run_example(name, 1, self.without_stickiness(name))
        self.assertIn("that is not as it should be", output)
        status = subprocess.run(["git", "-C", clone, "status", "--short"], check=True, capture_output=True, text=True)
        self.assertEqual(status.stdout, "", "it writes nothing into the tree that is not ignored")

    def test_mcp(self):
        self.check(
            "mcp",
            r"30 sessions began: \d+ on a, \d+ on b, \d+ on c\n",
            r"by 2 proxies in turn: each session read what it wrote\n",
            r"180 notifications came",
            r"was refused with 400\n",
            r"server [abc] was killed: its \d+ sessions got 404 and began anew",
            r"sessions were not touched\n",
        )

    def test_socketio(self):
        self.check(
            "socketio",
            r"12 connections by polling: each found what it left\n",
            r"12 connections by polling, then websocket: each found what it left\n",
            r"12 connections by websocket: each found what it left\n",
            r"no request came to a server that did not know its connection",
        )


if __name__ == "__main__":
    unittest.main()
