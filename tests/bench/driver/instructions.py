"""Instructions a request by callgrind, which counts them exactly where a clock only sees noise; with one worker and with two."""

import os
import re
import tempfile
from dataclasses import dataclass

from .alone import start_limpet
from .client import Client
from .contenders import Origin
from .etcd import PREFIX as MEMBERS
from .etcd import Etcd
from .processes import Failed, Processes, wait_until

CONNECTIONS = 32
PREFIX = MEMBERS.removesuffix("/app/members/")
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
        one, two = per_request(bench, of_file(1)), per_request(bench, of_file(2))
        return {"one_worker": one, "two_workers": two, "two_to_one": two / one}


@dataclass
class BarrierInstructions:
    """What `handoff: barrier` costs a request while nothing is handed over, beside `available`."""

    name: str = "instructions-barrier"
    title: str = "Instructions a request: handoff: barrier beside available"
    contenders: tuple = ("limpet",)
    metric: str = "barrier_to_available"
    columns: tuple = ("available", "barrier", "barrier_to_available")

    def prepare(self, bench):
        pass

    def sample(self, bench, _):
        available, barrier = (per_request(bench, in_etcd(bench, handoff)) for handoff in ("available", "barrier"))
        return {"available": available, "barrier": barrier, "barrier_to_available": barrier / available}


def of_file(workers):
    """Members in the configuration; a setting to measure with."""
    return lambda processes, origin: config_with({"static": entries_of(origin)}, workers)


def in_etcd(bench, handoff):
    """Members in etcd. What reading oneself there costs goes by time and not by requests, and time is what callgrind stretches:
    the window is so long that it is left out."""

    def prepare(processes, origin):
        etcd = Etcd(bench, processes)
        for entry in entries_of(origin):
            etcd.send_put(entry["id"], entry["address"].rpartition(":")[2])
            etcd.receive()
        config = config_with({"etcd": {}}, 1)
        config["etcd"] = {"endpoints": [f"http://127.0.0.1:{etcd.port}"], "prefix": PREFIX}
        pool = {"handoff": handoff, "fail_over": "refuse", "timeouts": {"answer": "3s"}}
        if handoff == "barrier":
            pool["barrier"] = {"window": "1h", "lease_ttl": "1h"}
        config["pools"]["app"].update(pool)
        return config

    return prepare


def per_request(bench, setting):
    counted = [instructions(bench, setting, requests) for requests in (FEW, MANY)]
    return (counted[1] - counted[0]) / (MANY - FEW)


def instructions(bench, setting, requests):
    folder = tempfile.mkdtemp(dir=bench.folder)
    counts = os.path.join(folder, "callgrind.out")
    with Processes() as processes:
        origin = Origin(bench, processes)
        valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counts}"]
        proxy = start_limpet(bench, processes, folder, setting(processes, origin), prefix=valgrind)
        with Client(proxy.port) as client:
            wait_until(lambda: client.request("GET", "/", X_User_Id="user-1").status == 200, "members")
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


def entries_of(origin):
    return [{"id": name[-1].lower(), "address": f"127.0.0.1:{port}"} for name, port in origin.names().items()]


def config_with(members, workers):
    """As configs/limpet.yaml: all limits and metrics on."""
    return {
        "listeners": [{"name": "public", "address": "127.0.0.1:0"}],
        "routes": [{"pool": "app"}],
        "pools": {"app": {"members": members, "session": {"key": [{"header": "X-User-Id"}]}}},
        "workers": workers,
    }
