"""How long each needs to start; and placement, which only Limpet does."""

import json
import os
import statistics
import time
from dataclasses import dataclass

from .contenders import CONTENDERS, Limpet, Origin
from .processes import Failed, Processes

STARTS = 10
# Of a pool: how soon a change is taken is what is measured, and rails make it wait.
NO_RAILS = {"max_removal_percent": 100, "damping": {"flaps": 0}}


@dataclass
class Placement:
    """Google Benchmark does the measuring."""

    name: str = "placement"
    title: str = "Placement of one key, and a view of 10,000 members"
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


def start_limpet(bench, processes, folder, config, prefix=()):
    """With a configuration of the work's own; JSON is YAML. `prefix`: a program that runs it."""
    path = os.path.join(folder, "limpet.yaml")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file)
    limpet = Limpet()
    return limpet.await_ready(limpet.launch_with(bench, processes, path, prefix=prefix))


@dataclass
class Start:
    """To Limpet's ready file, which it writes once all is there; to the others' first accepted connection."""

    name: str = "start"
    title: str = "From exec to ready"
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
