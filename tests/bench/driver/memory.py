"""Works that hold connections: what one adds to the proxy's resident memory, in a fresh process."""

import time
from dataclasses import dataclass

from .client import Client
from .contenders import Origin, start
from .measure import resident_bytes
from .processes import Failed, Processes

SETTLE_SECONDS = 0.3


@dataclass
class Memory:
    name: str
    title: str
    kind: str  # what bench_hold opens
    count: int = 4000
    contenders: tuple = ("limpet", "nginx", "haproxy", "floor")
    metric: str = "bytes"
    columns: tuple = ("bytes",)

    def prepare(self, bench):
        pass  # bench_hold checks each answer

    def sample(self, bench, name):
        with Processes() as processes:
            proxy = start(name, bench, processes, Origin(bench, processes))
            with Client(proxy.port) as client:  # so that what the first request makes is not counted
                client.request("GET", "/", X_User_Id="user-0")
            time.sleep(SETTLE_SECONDS)
            pids = proxy.pids()
            before = resident_bytes(pids)
            hold = processes.start([bench.tool("bench_hold"), proxy.port, self.count, self.kind], bench.load_core)
            if hold.line() != f"held {self.count}":
                raise Failed("bench_hold holds something else")
            time.sleep(SETTLE_SECONDS)
            after = resident_bytes(pids)
            hold.write_line()
            still_open = hold.line()
        if still_open != f"open {self.count}":
            raise Failed(f"of {self.count} connections, there is {still_open}")
        return {"bytes": (after - before) / self.count, "before_bytes": before}
