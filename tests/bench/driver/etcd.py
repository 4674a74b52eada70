"""From a write to a real etcd to the first request that goes where it says."""

import base64
import json
import tempfile
import time
from dataclasses import dataclass

from .alone import NO_RAILS, start_limpet
from .client import Client
from .contenders import Origin
from .machine import free_port
from .processes import Failed, Processes, wait_until

PREFIX = "/bench/app/members/"


def base64_of(text):
    return base64.b64encode(text.encode()).decode()


class Etcd:
    """One member on free ports. Its writes are not flushed to the disk: the disk is not what is measured."""

    def __init__(self, bench, processes):
        self.port = free_port()
        client, peer = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{free_port()}"
        command = ["etcd", "--name", "e", "--data-dir", tempfile.mkdtemp(dir=bench.folder), "--unsafe-no-fsync"]
        command += ["--logger", "zap", "--log-level", "error"]
        command += ["--listen-client-urls", client, "--advertise-client-urls", client]
        command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"e={peer}"]
        self.process = processes.start(command, bench.load_core)
        wait_until(self._healthy, "a healthy etcd")
        self.client = Client(self.port)

    def _healthy(self):
        self.process.check()
        try:
            with Client(self.port) as client:
                return b'"true"' in client.request("GET", "/health").body
        except OSError:
            return False

    def send_put(self, id, port):
        value = json.dumps({"address": f"127.0.0.1:{port}"})
        body = json.dumps({"key": base64_of(PREFIX + id), "value": base64_of(value)})
        self.client.send("POST", "/v3/kv/put", body.encode())

    def send_delete(self, id):
        self.client.send("POST", "/v3/kv/deleterange", json.dumps({"key": base64_of(PREFIX + id)}).encode())

    def receive(self):
        answer = self.client.receive()
        if answer.status != 200:
            raise Failed(f"etcd says {answer.status}: {answer.body[:200]!r}")


@dataclass
class EtcdToRouted:
    name: str = "etcd"
    title: str = "From an etcd write to the first request routed by it"
    contenders: tuple = ("limpet",)
    metric: str = "joined_p99_ms"
    columns: tuple = ("joined_p50_ms", "joined_p99_ms", "left_p50_ms", "left_p99_ms")
    changes: int = 100

    def prepare(self, bench):
        pass

    def sample(self, bench, _):
        with Processes() as processes:
            origin, etcd = Origin(bench, processes), Etcd(bench, processes)
            for id, port in zip("abc", origin.ports):
                etcd.send_put(id, port)
                etcd.receive()
            config = {
                "listeners": [{"name": "public", "address": "127.0.0.1:0"}],
                "routes": [{"pool": "app"}],
                "pools": {"app": {"members": {"etcd": {}}, "session": {"key": [{"header": "X-User-Id"}]}, "rails": NO_RAILS}},
                "etcd": {"endpoints": [f"http://127.0.0.1:{etcd.port}"], "prefix": "/bench"},
                "workers": 1,
            }
            proxy = start_limpet(bench, processes, tempfile.mkdtemp(dir=bench.folder), config)
            joined, left = [], []
            with Client(proxy.port) as client, etcd.client:
                wait_until(lambda: client.request("GET", "/", X_User_Id="user-0").status == 200, "members")
                key = next(k for k in map("user-{}".format, range(1000)) if owner(client, k) == "c")
                for _ in range(self.changes):
                    left.append(time_of(etcd, lambda: etcd.send_delete("c"), lambda: owner(client, key) != "c"))
                    joined.append(
                        time_of(etcd, lambda: etcd.send_put("c", origin.ports[2]), lambda: owner(client, key) == "c")
                    )
        return {
            "joined_p50_ms": percentile(joined, 0.50),
            "joined_p99_ms": percentile(joined, 0.99),
            "left_p50_ms": percentile(left, 0.50),
            "left_p99_ms": percentile(left, 0.99),
            "joined_max_ms": max(joined),
        }


def owner(client, key):
    return client.request("GET", "/", X_User_Id=key).member


def time_of(etcd, write, is_routed):
    """ms from the moment the write is sent, so etcd's own part is in it. Requests are sent meanwhile, one after another."""
    began = time.monotonic()
    write()
    wait_until(is_routed, "a request routed by the change", pause=0)
    taken = (time.monotonic() - began) * 1e3
    etcd.receive()
    return taken


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
