"""10,000 members in place of one, as a running proxy takes them from a file."""

import json
import os
import tempfile
import time
from dataclasses import dataclass

from .alone import NO_RAILS, start_limpet
from .client import Client
from .contenders import Origin
from .measure import resident_bytes, thread_cpu_ns
from .processes import Failed, Processes, wait_until

IDLE_SECONDS = 0.5


@dataclass
class View:
    """The CPU time that the worker spends on it is a bound to how long it can stall: it does nothing else meanwhile."""

    name: str = "view"
    title: str = "10,000 members applied by a running proxy, from a file"
    contenders: tuple = ("limpet",)
    metric: str = "worker_ms"
    columns: tuple = ("worker_ms", "control_ms", "to_routed_ms", "grown_mb", "bytes_per_member")
    members: int = 10_000

    def prepare(self, bench):
        pass

    def sample(self, bench, _):
        with Processes() as processes:
            origin = Origin(bench, processes)
            file = MembersFile(os.path.join(tempfile.mkdtemp(dir=bench.folder), "members.json"))
            few = [("a", origin.ports[0])]
            many = [(f"backend-{i}", origin.ports[1]) for i in range(self.members)]
            file.write(few)
            proxy = start_limpet(bench, processes, os.path.dirname(file.path), config_with(file.path))
            with Client(proxy.port) as client:
                to = lambda name: wait_until(lambda: owner(client) == name, f"routed to {name}", pause=0)
                to("a")
                sample = applied(proxy.process.pid, lambda: file.write(many))
                if owner(client) != "b":
                    raise Failed("the new members are not in use")
                file.write(few)
                to("a")
                began = time.monotonic()
                file.write(many)
                to("b")
                sample["to_routed_ms"] = (time.monotonic() - began) * 1e3
        return {**sample, "bytes_per_member": sample["grown_mb"] * 1e6 / self.members}


def owner(client):
    return client.request("GET", "/", X_User_Id="user-0").member


def applied(pid, change):
    """What the change costs the worker and the control thread, above what they do when idle, and what it leaves in memory."""
    time.sleep(IDLE_SECONDS)
    first = Threads(pid)
    time.sleep(IDLE_SECONDS)
    before, resident = Threads(pid), resident_bytes([pid])
    change()
    began = time.monotonic()
    latest = before
    while True:  # no thread does more than its ticks
        time.sleep(IDLE_SECONDS)
        previous, latest = latest, Threads(pid)
        if latest.all_ns - previous.all_ns < 2 * (before.all_ns - first.all_ns) + 1_000_000:
            break
        if time.monotonic() - began > 30:
            raise Failed("the proxy does not come to rest")
    idle_times = (latest.time - before.time) / (before.time - first.time)
    worker_ns = latest.worker_ns - before.worker_ns - idle_times * (before.worker_ns - first.worker_ns)
    all_ns = latest.all_ns - before.all_ns - idle_times * (before.all_ns - first.all_ns)
    return {
        "worker_ms": max(0.0, worker_ns / 1e6),
        "control_ms": (all_ns - worker_ns) / 1e6,
        "grown_mb": (resident_bytes([pid]) - resident) / 1e6,
    }


class Threads:
    """CPU time so far. The control thread is the process's first; with one worker the other one is that."""

    def __init__(self, pid):
        tids = [int(tid) for tid in os.listdir(f"/proc/{pid}/task")]
        self.time = time.monotonic()
        self.worker_ns = sum(thread_cpu_ns(pid, tid) for tid in tids if tid != pid)
        self.all_ns = self.worker_ns + thread_cpu_ns(pid, pid)


class MembersFile:
    def __init__(self, path):
        self.path = path

    def write(self, members):
        """In one step, as a configuration tool does."""
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            json.dump({"members": [{"id": id, "address": f"127.0.0.1:{port}"} for id, port in members]}, file)
        os.rename(self.path + ".new", self.path)


def config_with(members_path):
    pool = {"members": {"file": {"path": members_path}}, "session": {"key": [{"header": "X-User-Id"}]}, "rails": NO_RAILS}
    return {
        "listeners": [{"name": "public", "address": "127.0.0.1:0"}],
        "routes": [{"pool": "bench"}],
        "pools": {"bench": pool},
        "workers": 1,
    }
