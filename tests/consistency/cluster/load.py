"""The clients of a cell: one program on a host of its own, for as long as the cell needs it."""

import json
import os
import subprocess

from harness.waiting import wait_until

from .program import Program
from .proxies import public_address

SECONDS_MAX = 400
UNDER_WAY_BYTES = 100_000  # of the history: a thousand operations or so


class Load:
    def __init__(self, cell, hosts, operations, give_up_share=0.0, more=("--sessions", "80", "--clients", "100")):
        self._log = cell.file("client-1.log")
        command = [cell.programs.clients, "--proxies", ",".join(public_address(one) for one in hosts)]
        command += ["--log", self._log, "--operations", str(operations), "--until-stdin-ends"]
        command += ["--seconds", str(SECONDS_MAX), "--give-up-share", str(give_up_share), "--seed", str(cell.seed)]
        command += more
        self._program = Program(
            cell.network, "c", command, cell.file("output-clients.log"), subprocess.PIPE, subprocess.PIPE
        )

    def wait_until_under_way(self):
        wait_until(lambda: os.path.exists(self._log) and os.path.getsize(self._log) > UNDER_WAY_BYTES, "operations")

    def finish(self):
        """Goes on to the operations that it was to do, and tells what came of all."""
        self._program.process.stdin.close()
        line = self._program.process.stdout.read().decode()
        if self._program.process.wait() != 0:
            raise AssertionError(f"the clients failed: {self._program.output()}")
        return json.loads(line)

    def kill(self):
        if self._program.is_running():
            self._program.kill()
