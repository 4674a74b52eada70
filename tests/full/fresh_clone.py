"""What the tests of scripts share that a newcomer runs: a fresh clone of what is committed, and the processes of a run."""

import os
import shutil
import subprocess
import tempfile
import unittest
import uuid

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MARK = "LIMPET_FRESH_CLONE_TEST"


def make_clone():
    """Its folder; it goes with the test's module. To be called from setUpModule."""
    folder = tempfile.mkdtemp(prefix="limpet-clone-")
    unittest.addModuleCleanup(shutil.rmtree, folder, ignore_errors=True)
    clone = os.path.join(folder, "limpet")
    subprocess.run(["git", "clone", "--quiet", REPOSITORY, clone], check=True)
    status = subprocess.run(["git", "-C", REPOSITORY, "status", "--short"], check=True, capture_output=True, text=True)
    if status.stdout:
        print("  not committed, and so not tried:", " ".join(status.stdout.split()))
    return clone


class MarkedRun:
    """`environment` marks all processes that come from the script that is started with it."""

    def __init__(self):
        self._mark = uuid.uuid4().hex
        self.environment = {**os.environ, MARK: self._mark}

    def processes(self):
        """Those that run: (pid, command line) each."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as environment, open(f"/proc/{pid}/cmdline", "rb") as command:
                    if f"{MARK}={self._mark}".encode() in environment.read().split(b"\0"):
                        found.append((int(pid), command.read().replace(b"\0", b" ").decode()))
            except OSError:
                pass  # ended meanwhile, or not ours to look at
        return found
