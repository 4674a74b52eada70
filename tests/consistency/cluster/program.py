"""A program on a host, with its output in a file of the cell's folder."""

import os
import signal
import subprocess

from harness.waiting import wait_until


class Program:
    """Ends at the latest together with the runner, even when that is killed. Start it from the runner's main thread: the
    kernel takes the end of the thread for that of the parent (PR_SET_PDEATHSIG)."""

    def __init__(self, network, host, command, log, stdin=subprocess.DEVNULL, stdout=None):
        self.host, self.log = host, log
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *network.inside(host), *command],
                stdin=stdin,
                stdout=stdout or output,
                stderr=output,
            )

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process.poll() is None

    def output(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_for_output(self, text):
        def is_there():
            if not self.is_running():
                raise AssertionError(f"{self.log}: ended with {self.process.returncode}: {self.output()[-2000:]}")
            return text in self.output()

        wait_until(is_there, f"{text!r} in {self.log}")

    def kill(self):
        """As a crash of the machine would; returns once it is reaped."""
        self.process.kill()
        self.process.wait()

    def freeze(self):
        """Until `thaw`; returns once all of its threads have stopped."""
        self.process.send_signal(signal.SIGSTOP)

        def has_stopped():
            folder = f"/proc/{self.pid}/task"
            states = set()
            for task in os.listdir(folder):
                with open(f"{folder}/{task}/stat", encoding="ascii") as stat:
                    states.add(stat.read().rpartition(")")[2].split()[0])
            return states == {"T"}

        wait_until(has_stopped, f"{self.host} being frozen")

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)
