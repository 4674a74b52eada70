"""The systemd service of deploy/systemd: systemd understands it, and it is locked down."""

import os
import re
import subprocess
import tempfile
import unittest

SERVICE = os.path.join(os.path.dirname(__file__), "..", "..", "deploy", "systemd", "limpet.service")
EXPOSURE_MAX = 2.0  # of 10


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60)


class Service(unittest.TestCase):
    def setUp(self):
        """A copy whose program is there, since it need not be installed here."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "limpet.service")
        with open(SERVICE, encoding="utf-8") as original, open(self.path, "w", encoding="utf-8") as copy:
            copy.write(original.read().replace("/usr/bin/limpet", "/bin/true"))

    def test_systemd_has_nothing_to_say_against_it(self):
        said = analyze("verify", "--man=no", self.path)
        self.assertEqual((said.returncode, said.stderr), (0, ""))

    def test_it_is_locked_down(self):
        said = analyze("security", "--offline=true", self.path)
        exposure = re.search(r"Overall exposure level for limpet\.service: ([0-9.]+)", said.stdout)
        self.assertIsNotNone(exposure, said.stdout + said.stderr)
        self.assertLess(float(exposure.group(1)), EXPOSURE_MAX)


if __name__ == "__main__":
    unittest.main()
