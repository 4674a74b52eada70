"""What a cell has shown: the checker's verdict, and how often sessions moved."""

import glob
import json
import os
import subprocess


def moves(folder):
    """How often a session was executed by another owner than just before, over all sessions."""
    begun = []
    for log in glob.glob(os.path.join(folder, "member-*.log")):
        with open(log, encoding="ascii") as file:
            for line in file:
                fields = line.split()
                if len(fields) == 6 and fields[0] == "B":
                    begun.append((fields[2], int(fields[5]), fields[1]))
    begun.sort()
    return sum(a[0] == b[0] and a[2] != b[2] for a, b in zip(begun, begun[1:]))


def judge(checker, folder):
    """The checker's report as an object; None where there is no checker."""
    if not os.path.exists(checker):
        return None
    done = subprocess.run([checker, folder, "--json"], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise AssertionError(f"the checker ended with {done.returncode}: {done.stderr}{done.stdout[-500:]}")
    return json.loads(done.stdout)
