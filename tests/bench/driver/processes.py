"""The programs that a run starts: pinned to a core, with their output kept, and all ended by it, by pid."""

import os
import signal
import subprocess
import tempfile
import time

END_SECONDS = 5


class Failed(Exception):
    """A work cannot be measured; the others can."""


def wait_until(condition, what, seconds=20, pause=0.002):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(pause)


def process_ids():
    """(pid, parent) of all processes."""
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                yield int(name), int(stat.read().rpartition(")")[2].split()[1])
        except OSError:
            pass


class Process:
    """One program on one core, in a process group of its own, so that a Ctrl-C reaches only the driver, which ends all."""

    def __init__(self, command, core, folder=None, env=None):
        self.command = [str(part) for part in command]
        self.errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            ["taskset", "--cpu-list", str(core), *self.command],
            cwd=folder,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            process_group=0,
        )
        self.pid = self._process.pid

    @property
    def name(self):
        return os.path.basename(self.command[0])

    def family(self):
        """Its pid and its children's (nginx has a worker)."""
        return [self.pid] + [pid for pid, parent in process_ids() if parent == self.pid]

    def running(self):
        return self._process.poll() is None

    def complaint(self):
        self.errors.seek(0)
        return self.errors.read().decode("utf-8", "replace").strip()[-2000:]

    def check(self):
        if not self.running():
            raise Failed(f"{self.name} ended with {self._process.returncode}: {self.complaint()}")

    def line(self):
        """The next line of its output."""
        text = self._process.stdout.readline().decode()
        if not text:
            self._process.wait(END_SECONDS)
            self.check()
        return text.strip()

    def write_line(self):
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()

    def output(self, seconds):
        """All it wrote, once it has ended by itself and well."""
        try:
            text, _ = self._process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"{self.name} did not end within {seconds:.0f} s") from error
        if self._process.returncode != 0:
            raise Failed(f"{self.name} ended with {self._process.returncode}: {self.complaint()}")
        return text.decode("utf-8", "replace")

    def end(self):
        """Children that outlive their parent are ended too."""
        family = self.family() if self.running() else []
        if self.running():
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for pid in family[1:]:
            end_orphan(pid)
        self._process.stdin.close()
        self._process.stdout.close()
        self.errors.close()


def end_orphan(pid):
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + END_SECONDS
        while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
            time.sleep(0.01)


class Processes:
    """With `with`: ends what was started, the last first."""

    def __init__(self):
        self._all = []

    def start(self, command, core, **options):
        process = Process(command, core, **options)
        self._all.append(process)
        return process

    def __enter__(self):
        return self

    def __exit__(self, *_):
        while self._all:
            self._all.pop().end()
