"""Where data lies that no one asks for later: in memory, and gone with the runner, or with the next one."""

import os
import re
import shutil
import tempfile

FOLDER = "/dev/shm"
PREFIX = "limpet-matrix-"


def make():
    for name in os.listdir(FOLDER):
        found = re.match(PREFIX + r"(\d+)-", name)
        if found and not os.path.exists(f"/proc/{found.group(1)}"):
            shutil.rmtree(os.path.join(FOLDER, name), ignore_errors=True)
    return tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=FOLDER)
