"""Works that only Limpet does (placement, views, etcd), and how long each needs to start."""

import json
import os
import statistics
import tempfile
import time
from dataclasses import dataclass

from .client import Client
from .contenders import CONTENDERS, Limpet, Origin
from .measure import resident_bytes, thread_cpu_ns
from .processes import Failed, Processes, wait_until

STARTS = 10


@dataclass
class Placement:
    """Google Benchmark does the measuring."""

    name: str = "placement"
    title: str = "placement of one key, and a view of 10,000 members"
    contenders: tuple = ("limpet",)
    metric: str = "place_3_ns"
    columns: tuple = ("place_3_ns", "place_100_ns", "place_1000_ns", "place_10000_ns", "build_view_ms")
    sizes = (3, 100, 1000, 10_000)

    def prepare(self, bench):
        if not os.path.exists(bench.tool("placement_bench")):
            raise Failed("placement_bench is not built: Google Benchmark is not there")

    def sample(self, bench, _):
        with Processes() as processes:
            command = [bench.tool("placement_bench"), "--benchmark_format=json"]
            command += ["--benchmark_filter=^(place_key/|build_view/members:10000$)"]
            command += [f"--benchmark_min_time={min(0.5, bench.seconds / 4)}"]
            output = json.loads(processes.start(command, bench.proxy_core).output(120))
        factor = {"ns": 1, "us": 1e3, "ms": 1e6}
        found = {one["name"]: one["cpu_time"] * factor[one["time_unit"]] for one in output["benchmarks"]}
        sample = {f"place_{n}_ns": found[f"place_key/members:{n}"] for n in self.sizes}
        return {**sample, "build_view_ms": found["build_view/members:10000"] / 1e6}


@dataclass
class View:
    """A members file of 10,000 in place of one of 3, as the running process takes it."""

    name: str = "view"
    title: str = "10,000 members applied by a running proxy"
    contenders: tuple = ("limpet",)
    metric: str = "worker_ms"
    columns: tuple = ("worker_ms", "all_threads_ms", "to_routed_ms", "grown_mb", "bytes_per_member")
    members: int = 10_000

    def prepare(self, bench):
        pass

    def sample(self, bench, _):
        with Processes() as processes:
            origin = Origin(bench, processes)
            folder = tempfile.mkdtemp(dir=bench.folder)
            members = os.path.join(folder, "members.json")
            write_members(members, [("a", origin.ports[0])])
            config = {
                "listeners": [{"name": "public", "address": "127.0.0.1:0"}],
                "routes": [{"pool": "bench"}],
                "pools": {"bench": {"members": {"file": {"path": members}},
                                    "session": {"key": [{"header": "X-User-Id"}]}}},
                "workers": 1,
            }
            proxy = start_limpet(bench, processes, folder, config)
            pid = proxy.process.pid
            workers = [int(tid) for tid in os.listdir(f"/proc/{pid}/task") if int(tid) != pid]
            with Client(proxy.port) as client:
                ask = lambda: client.request("GET", "/", X_User_Id="user-0").member
                wait_until(lambda: ask() == "a", "a first answer")
                before, resident = threads_ns(pid, workers), resident_bytes([pid])
                replaced_at = time.monotonic()
                write_members(members, [(f"backend-{i}", origin.ports[1]) for i in range(self.members)])
                # The worker's own share is to be seen, so it is left alone until the control thread is done.
                wait_until(lambda: is_calm(pid), "an end of the work", pause=0)
                worker_ns, all_ns = (after - b for after, b in zip(threads_ns(pid, workers), before))
                if ask() != "b":
                    raise Failed("the new members are not in use")
                grown = resident_bytes([pid]) - resident
                write_members(members, [("a", origin.ports[0])])
                wait_until(lambda: ask() == "a", "the old members", pause=0)
                replaced_at = time.monotonic()
                write_members(members, [(f"backend-{i}", origin.ports[1]) for i in range(self.members)])
                wait_until(lambda: ask() == "b", "the new members", pause=0)
                to_routed = time.monotonic() - replaced_at
        return {
            "worker_ms": worker_ns / 1e6,
            "all_threads_ms": all_ns / 1e6,
            "to_routed_ms": to_routed * 1e3,
            "grown_mb": grown / 1e6,
            "bytes_per_member": grown / self.members,
        }


def is_calm(pid, seconds=0.3):
    """No thread ran for a while, but for the proxy's ticks, after it had to."""
    before = total_ns(pid)
    time.sleep(seconds)
    return total_ns(pid) - before < 3_000_000


def total_ns(pid):
    return sum(thread_cpu_ns(pid, tid) for tid in os.listdir(f"/proc/{pid}/task"))


def threads_ns(pid, workers):
    return sum(thread_cpu_ns(pid, tid) for tid in workers), total_ns(pid)


def write_members(path, members):
    """In one step, as a configuration tool does."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump({"members": [{"id": id, "address": f"127.0.0.1:{port}"} for id, port in members]}, file)
    os.rename(path + ".new", path)


def start_limpet(bench, processes, folder, config):
    """With a configuration of the work's own; JSON is YAML."""
    path = os.path.join(folder, "limpet.yaml")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file)
    limpet = Limpet()
    return limpet.await_ready(limpet.launch_with(bench, processes, path))


@dataclass
class Start:
    name: str = "start"
    title: str = "from exec to ready (Limpet: its ready file; the others: the port accepts)"
    contenders: tuple = ("limpet", "nginx", "haproxy")
    metric: str = "ready_ms"
    columns: tuple = ("ready_ms",)

    def prepare(self, bench):
        pass

    def sample(self, bench, name):
        times = []
        with Processes() as processes:
            origin = Origin(bench, processes)
            for _ in range(STARTS):
                contender = CONTENDERS[name]()
                with Processes() as started:
                    began = time.monotonic()
                    contender.await_ready(contender.launch(bench, started, origin), pause=0.0002)
                    times.append((time.monotonic() - began) * 1e3)
        return {"ready_ms": statistics.median(times)}
