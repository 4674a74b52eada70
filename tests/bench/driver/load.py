"""What drives the traffic: each starts its generator and tells afterwards how it went for the client."""

import json
import os
import tempfile

from .processes import Failed

SCRIPT = os.path.join(os.path.dirname(__file__), "load.lua")
SESSIONS = 256
SLACK_SECONDS = 30  # to connect at first and to end at last


def seconds_text(seconds):
    """wrk takes whole seconds only."""
    return str(max(1, int(seconds + 0.999)))


class Wrk:
    """As many requests as come back, over kept connections or, with `closes`, a new one for each."""

    def __init__(self, connections, path="/", body_bytes=0, cookies=0, closes=False):
        self.connections = connections
        self.path = path
        self.body_bytes = body_bytes
        self.cookies = cookies  # so many; each thread keeps one, as a client does
        self.closes = closes

    def start(self, bench, processes, port, seconds, cookies=()):
        if cookies:
            threads, script = len(cookies), ["thread", "Cookie", 0, *cookies]
        elif self.body_bytes:
            # One request a thread, since each one is copied when it varies.
            threads = min(4, self.connections)
            script = ["thread", "X-User-Id", self.body_bytes, *(f"user-{i}" for i in range(threads))]
        else:
            threads, script = 1, ["request", "X-User-Id", 0, *(f"user-{i}" for i in range(SESSIONS))]
        command = ["wrk", "--connections", self.connections, "--threads", threads, "--script", SCRIPT]
        command += ["--duration", seconds_text(seconds), "--timeout", "10s", f"http://127.0.0.1:{port}{self.path}", "--"]
        env = {"BENCH_CLOSE": "1"} if self.closes else {}
        process = processes.start(command + script, bench.load_core, env=env)
        return JsonRun(process, seconds)


class JsonRun:
    """A program under way that ends by itself, with its result as the last line that it prints."""

    def __init__(self, process, seconds):
        self.pids = [process.pid]
        self._process = process
        self._seconds = seconds

    def result(self):
        lines = self._process.output(self._seconds + SLACK_SECONDS).strip().split("\n")
        return json.loads(lines[-1])


class H2load:
    """The same offered load for all: a share of what the slowest can do, found by `bench` beforehand."""

    PROCESSES = 4  # one header's value each; h2load cannot vary it

    def __init__(self, connections):
        self.connections = connections
        self.rate = None

    def start(self, bench, processes, port, seconds, cookies=()):
        del cookies
        folder = tempfile.mkdtemp(dir=bench.folder)
        clients = self.connections // self.PROCESSES
        started = []
        for i in range(self.PROCESSES):
            log = os.path.join(folder, f"log-{i}")
            command = ["h2load", "--h1", "--clients", clients, "--duration", seconds_text(seconds)]
            command += ["--rps", f"{self.rate / self.connections:.2f}", "--log-file", log]
            command += ["--header", f"X-User-Id: user-{i}", f"http://127.0.0.1:{port}/"]
            started.append((processes.start(command, bench.load_core), log))
        return H2loadRun(started, seconds)


class H2loadRun:
    """h2load itself prints no percentiles, but it logs each request: start, status, duration, in µs."""

    def __init__(self, started, seconds):
        self.pids = [process.pid for process, _ in started]
        self._started = started
        self._seconds = seconds

    def result(self):
        rows = []
        for process, log in self._started:
            process.output(self._seconds + SLACK_SECONDS)
            with open(log, encoding="ascii") as file:
                rows += [tuple(map(int, line.split("\t")[:3])) for line in file if line.count("\t") >= 2]
        if not rows:
            raise Failed("h2load made no request")
        begin = min(row[0] for row in rows) + 300_000  # connecting is not what is asked for
        times = sorted(row[2] for row in rows if row[0] >= begin and row[1] == 200)
        if not times:
            raise Failed("h2load got no answer")
        return {
            "p50_us": times[len(times) // 2],
            "p99_us": times[len(times) * 99 // 100],
            "requests": len(rows),
            "errors": sum(row[1] != 200 for row in rows),
        }


class WebSockets:
    """Round trips through tunnels, one at a time each."""

    def __init__(self, tunnels, message_bytes):
        self.tunnels = tunnels
        self.message_bytes = message_bytes

    def start(self, bench, processes, port, seconds, cookies=()):
        del cookies
        command = [bench.tool("bench_ws"), port, self.tunnels, self.message_bytes, int(seconds * 1000)]
        return WebSocketRun(processes.start(command, bench.load_core), seconds)


class WebSocketRun(JsonRun):
    def result(self):
        result = super().result()
        return {**result, "requests": result["round_trips"], "errors": 0}
