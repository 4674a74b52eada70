"""Those that are measured: how each is configured and started, fresh for every sample."""

import json
import mmap
import os
import socket
import struct
import tempfile

from .machine import free_port
from .processes import Failed, wait_until

CONFIGS = os.path.join(os.path.dirname(__file__), "..", "configs")


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def write_config(name, folder, values):
    """A template of configs/ with its @NAME@s replaced, in `folder`."""
    with open(os.path.join(CONFIGS, name), encoding="utf-8") as template:
        text = template.read()
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


class Origin:
    """The three members, in one process, with a count of all that they answered."""

    def __init__(self, bench, processes):
        path = os.path.join(tempfile.mkdtemp(dir=bench.folder), "count")
        self.process = processes.start([bench.tool("bench_origin"), path], bench.load_core)
        self.ports = [int(port) for port in self.process.line().split()]
        with open(path, "r+b") as file:
            self._count = mmap.mmap(file.fileno(), 8)

    def count(self):
        return struct.unpack_from("=Q", self._count)[0]

    def names(self):
        return dict(zip(("PORT_A", "PORT_B", "PORT_C"), self.ports))


class Running:
    """A contender that runs: where, and as which process."""

    def __init__(self, process, port, ready=None):
        self.process = process
        self.port = port
        self.ready = ready or {}

    def pids(self):
        return self.process.family()


class Limpet:
    name, label, routes = "limpet", "Limpet", True
    keys = {"header": "{header: X-User-Id}", "cookie": "{cookie: limpet, issue: {max_age: 1d}, pin: true}"}

    def launch(self, bench, processes, origin, session="header", core=None):
        """Starts it; `await_ready` tells when and where it listens."""
        folder = tempfile.mkdtemp(dir=bench.folder)
        config = write_config("limpet.yaml", folder, {**origin.names(), "KEY": self.keys[session]})
        return self.launch_with(bench, processes, config, core)

    def launch_with(self, bench, processes, config, core=None, prefix=()):
        self._ready_file = config + ".ready"
        command = [*prefix, bench.limpet, "serve", "-c", config, "--ready-file", self._ready_file]
        return processes.start(command, bench.proxy_core if core is None else core)

    def await_ready(self, process, pause=0.002):
        def there():
            process.check()
            return os.path.exists(self._ready_file)

        wait_until(there, "Limpet's ready file", pause=pause)
        with open(self._ready_file, encoding="utf-8") as file:
            ready = json.load(file)
        return Running(process, int(ready["listeners"]["public"].rpartition(":")[2]), ready)


class Peer:
    """One that says nothing when it is ready, and is told its port."""

    routes = True

    def await_ready(self, process, pause=0.002):
        def there():
            process.check()
            return accepts(self._port)

        wait_until(there, f"{self.label} listens", pause=pause)
        return Running(process, self._port)


class Nginx(Peer):
    name, label = "nginx", "nginx"
    keys = {"header": "$http_x_user_id", "cookie": "$cookie_limpet"}

    def launch(self, bench, processes, origin, session="header"):
        folder = tempfile.mkdtemp(dir=bench.folder)
        self._port = free_port()
        values = {**origin.names(), "PORT": self._port, "KEY": self.keys[session]}
        config = write_config("nginx.conf", folder, values)
        return processes.start(["nginx", "-e", "stderr", "-p", folder, "-c", config], bench.proxy_core)


class Haproxy(Peer):
    name, label = "haproxy", "HAProxy"
    keys = {
        "header": "  balance hdr(X-User-Id)\n  hash-type consistent",
        "cookie": "  balance roundrobin\n  cookie SRV insert indirect nocache",
    }

    def launch(self, bench, processes, origin, session="header"):
        folder = tempfile.mkdtemp(dir=bench.folder)
        self._port = free_port()
        values = {**origin.names(), "PORT": self._port, "STICKINESS": self.keys[session]}
        config = write_config("haproxy.cfg", folder, values)
        return processes.start(["haproxy", "-db", "-f", config], bench.proxy_core)


class Floor:
    name, label, routes = "floor", "byte copy", False

    def launch(self, bench, processes, origin, session="header"):
        del session  # it looks at nothing
        return processes.start([bench.tool("bench_floor"), *origin.ports], bench.proxy_core)

    def await_ready(self, process, pause=None):
        del pause
        return Running(process, int(process.line()))


CONTENDERS = {one.name: one for one in (Limpet, Nginx, Haproxy, Floor)}
LABELS = {name: one.label for name, one in CONTENDERS.items()}
PEERS = ("nginx", "haproxy")


def start(name, bench, processes, origin, session="header", attempts=3):
    """A fresh one that listens. A port that was taken meanwhile is another attempt."""
    for attempt in range(attempts):
        contender = CONTENDERS[name]()
        process = contender.launch(bench, processes, origin, session)
        try:
            return contender.await_ready(process)
        except Failed:
            if attempt + 1 == attempts:
                raise
    raise AssertionError("no attempt was made")
