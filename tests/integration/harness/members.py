"""The demo member of deploy/demo/, as a process."""

import json
import os

from .client import Connection
from .waiting import read_when_there


class DemoMember:
    def __init__(self, case, member_id="a", address="127.0.0.1:0"):
        from .case import program

        self._case = case
        self.id = member_id
        self._start(address, program("LIMPET_DEMO_MEMBER"))

    def _start(self, address, path):
        ready_file = os.path.join(self._case.folder(), "ready.json")
        self._path = path
        self.process = self._case.start_program(
            f"member {self.id}", [path, "--id", self.id, "--address", address, "--ready-file", ready_file]
        )
        ready = json.loads(read_when_there(ready_file, self.process))
        self.address, self.incarnation = ready["address"], ready["incarnation"]

    def entry(self, **more):
        """As a static member of the configuration."""
        return {"id": self.id, "address": self.address, **more}

    def kill(self):
        self.process.kill()

    def restart(self):
        """A new process at the same address: the same id, and nothing of the state."""
        self._start(self.address, self._path)

    def ask(self, target="/", method="GET", headers=()):
        """One request straight to the member, past the proxy."""
        with Connection(self.address) as connection:
            return connection.request(method, target, headers)
