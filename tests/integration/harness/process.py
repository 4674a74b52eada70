"""A program that a test started, with its output kept for when the test fails."""

import os
import pathlib
import signal
import subprocess
import tempfile

from .waiting import DEADLINE_S, wait_until

OUTPUT_BYTES_SHOWN = 64 * 1024


class Process:
    """Runs `command` with its output in a file. `stop` ends it and checks how it ended."""

    _judged = False  # whether a test asked for its end, and so saw how it ended

    def __init__(self, name, command, env=None, cwd=None, ends_with=0):
        self.name = name
        self._ends_with = ends_with  # the exit code that SIGTERM should give
        self.command = command
        self._output = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT, env=env, cwd=cwd
        )

    @property
    def pid(self):
        return self._process.pid

    @property
    def returncode(self):
        return self._process.poll()

    def running(self):
        return self._process.poll() is None

    def assert_running(self):
        if not self.running():
            raise AssertionError(f"{self.name} ended with {self._process.returncode}")

    def output(self):
        """What it wrote so far, stdout and stderr together; at most the last 64 KiB."""
        return self.output_since(max(0, self.output_bytes() - OUTPUT_BYTES_SHOWN))

    def output_bytes(self):
        """How much it wrote so far: where `output_since` goes on from."""
        return os.fstat(self._output.fileno()).st_size

    def output_since(self, position):
        # Not with seek and read: the program writes where the file's offset stands, and has it in common with us.
        data = os.pread(self._output.fileno(), self.output_bytes() - position, position)
        return data.decode("utf-8", "replace")

    def wait_for_output(self, text):
        wait_until(lambda: text in self.output(), f"{text!r} in the output of {self.name}")

    def send_signal(self, number):
        self._process.send_signal(number)

    def freeze(self):
        """Until SIGCONT; returns once all of its threads have stopped."""
        self.send_signal(signal.SIGSTOP)

        def stopped():
            tasks = pathlib.Path(f"/proc/{self.pid}/task").iterdir()
            return {(task / "stat").read_text().rpartition(")")[2].split()[0] for task in tasks} == {"T"}

        wait_until(stopped, f"{self.name} being frozen")

    def wait(self, seconds=DEADLINE_S):
        """Its exit code; fails when it does not end in time."""
        self._judged = True
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"{self.name} did not end within {seconds} s") from error

    def kill(self):
        """As a crash of the machine would: no farewell."""
        self._judged = True
        if self.running():
            self._process.kill()
        self._process.wait()

    def stop(self, expected=0, number=signal.SIGTERM):
        """Ends it in order. A sanitizer's report, a crash or a hang shows in the exit code and fails the test."""
        if self.running():
            self.send_signal(number)
        try:
            code = self.wait()
        except AssertionError:
            self.kill()
            raise
        if code != expected:
            raise AssertionError(f"{self.name} ended with {code}, not {expected}")

    def clean_up(self):
        """Ends it unless the test did. One that ended on its own did so by mistake."""
        if not self._judged:
            self.stop(self._ends_with)

    def peak_resident_bytes(self):
        """The most memory that it had resident so far (VmHWM, proc(5))."""
        return self._memory_bytes("VmHWM")

    def resident_bytes(self):
        """The memory that it has resident (VmRSS, proc(5))."""
        return self._memory_bytes("VmRSS")

    def _memory_bytes(self, what):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith(f"{what}:"):
                    return int(line.split()[1]) * 1024
        raise AssertionError(f"no {what} of {self.name}")

    def open_files(self):
        """How many file descriptors it has."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def cpu_seconds(self):
        """User and system time so far (proc(5))."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def close(self):
        self._output.close()
