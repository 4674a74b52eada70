"""Instructions a request by callgrind, which counts them exactly where a clock only sees noise; with one worker and with two."""

import os
import re
import tempfile
from dataclasses import dataclass

from .alone import start_limpet
from .contenders import Origin
from .processes import Failed, Processes

CONNECTIONS = 32
FEW, MANY = 4_000, 20_000  # requests; the difference leaves out what starting and connecting cost


@dataclass
class Instructions:
    """What each worker does for a request must not depend on how many workers there are."""

    name: str = "instructions"
    title: str = "Instructions a request in user space"
    contenders: tuple = ("limpet",)
    metric: str = "one_worker"
    columns: tuple = ("one_worker", "two_workers", "two_to_one")

    def prepare(self, bench):
        pass

    def sample(self, bench, _):
        one, two = per_request(bench, 1), per_request(bench, 2)
        return {"one_worker": one, "two_workers": two, "two_to_one": two / one}


def per_request(bench, workers):
    counted = [instructions(bench, workers, requests) for requests in (FEW, MANY)]
    return (counted[1] - counted[0]) / (MANY - FEW)


def instructions(bench, workers, requests):
    folder = tempfile.mkdtemp(dir=bench.folder)
    counts = os.path.join(folder, "callgrind.out")
    with Processes() as processes:
        origin = Origin(bench, processes)
        valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counts}"]
        proxy = start_limpet(bench, processes, folder, config_with(origin, workers), prefix=valgrind)
        load(bench, processes, proxy.port, requests)
    # It writes them when it ends.
    with open(counts, encoding="utf-8") as file:
        return int(re.search(r"^totals: (\d+)$", file.read(), re.MULTILINE)[1])


def load(bench, processes, port, requests):
    command = ["h2load", "--h1", "--clients", CONNECTIONS, "--requests", requests]
    command += ["--header", "X-User-Id: user-1", f"http://127.0.0.1:{port}/"]
    output = processes.start(command, bench.load_core).output(120)
    if f"{requests} succeeded" not in output:
        raise Failed(f"not all requests succeeded: {output[-500:]}")


def config_with(origin, workers):
    """As configs/limpet.yaml: all limits and metrics on."""
    members = [{"id": name[-1].lower(), "address": f"127.0.0.1:{port}"} for name, port in origin.names().items()]
    pool = {"members": {"static": members}, "session": {"key": [{"header": "X-User-Id"}]}}
    return {
        "listeners": [{"name": "public", "address": "127.0.0.1:0"}],
        "routes": [{"pool": "bench"}],
        "pools": {"bench": pool},
        "workers": workers,
    }
