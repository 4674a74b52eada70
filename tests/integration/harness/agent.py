"""`limpet agent` with a demo member as the backend that it starts, registered in etcd."""

import json
import os
import signal

from .waiting import read_when_there, wait_until


class AgentMember:
    def __init__(self, case, etcd, pool="app", member_id="a", host="127.0.0.2", **settings):
        """On a loopback address that clients do not have, so that no connection takes the port while the member is down."""
        self._case, self._etcd, self.id = case, etcd, member_id
        self._pool, self._settings = pool, settings
        probe = case.start_member(member_id, f"{host}:0")
        probe.process.stop()
        self.address = probe.address
        self.start()

    def start(self):
        """Also after its end: the same id and address, another incarnation. Returns once it is registered."""
        from .case import program

        before = self._registration()  # what a crash left behind
        folder = self._case.folder()
        ready_file = os.path.join(folder, "ready.json")
        config_file = os.path.join(folder, "agent.yaml")
        with open(config_file, "w", encoding="utf-8") as file:
            check = {"path": "/healthz", "interval": "100ms"}
            agent = {"lease_ttl": "3s", "drain": "1s", "check": check, **self._settings}
            json.dump({"etcd": {"endpoints": [self._etcd.url]}, "agent": agent}, file)
        identity = ["--id", self.id, "--address", self.address]
        self.agent = self._case.start_program(
            f"agent of {self.id}",
            [program("LIMPET"), "agent", "-c", config_file, "--pool", self._pool, *identity]
            + ["--", program("LIMPET_DEMO_MEMBER"), *identity, "--ready-file", ready_file],
        )
        ready = json.loads(read_when_there(ready_file, self.agent))
        self.pid, self.incarnation = ready["pid"], ready["incarnation"]
        wait_until(lambda: self._registration() not in (None, before), f"the registration of {self.id}")

    def _registration(self):
        return self._etcd.get(f"/limpet/{self._pool}/members/{self.id}")

    def kill_backend(self):
        """SIGKILL; returns once its connections are closed, which is before the agent has told etcd."""
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # without its agent it ends by itself
        wait_until(lambda: not os.path.exists(f"/proc/{self.pid}"), f"the end of {self.id}")

    def crash(self):
        """As when its machine goes: the agent too, so that the registration stays until its lease has run out."""
        self.agent.kill()
        self.kill_backend()

    def wait_for_agent(self, expected):
        code = self.agent.wait()
        if code != expected:
            raise AssertionError(f"{self.agent.name} ended with {code}, not {expected}")
