"""The proxy under test."""

import json
import os
import signal
import subprocess

from .client import Connection
from .metrics import Metrics
from .waiting import DEADLINE_S, read_when_there, wait_until


def merge(base, change):
    """`base` with `change` laid over it, section by section; None takes a key away."""
    merged = dict(base)
    for key, value in change.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def static_config(members, pool=None, route=None, **sections):
    """One listener, one route and one pool of static members, whose sessions X-User-Id names.

    `members` are entries or things that have one (`entry()` or `address`); `pool` and `route` are laid over the only pool
    and route, the rest over the whole.
    """
    entries = []
    for index, one in enumerate(members):
        if hasattr(one, "entry"):
            one = one.entry()
        elif hasattr(one, "address"):
            one = {"id": chr(ord("a") + index), "address": one.address}
        entries.append(one)
    base = {
        "listeners": [{"name": "public", "address": "127.0.0.1:0"}],
        "routes": [merge({"path": "/", "pool": "app"}, route or {})],
        "pools": {
            "app": merge(
                {"members": {"static": entries}, "session": {"key": [{"header": "X-User-Id"}]}}, pool or {}
            )
        },
        "admin": {"address": "127.0.0.1:0"},
        "shutdown": {"drain": "5s"},
        "workers": 2,
    }
    return merge(base, sections)


class Limpet:
    """`limpet serve` with a configuration of its own, on free ports.

    The configuration is a dict; JSON is YAML. `address` is the first listener's, `admin` the admin's. `under` is a command
    that becomes the proxy, such as prlimit(1) with its options.
    """

    def __init__(self, case, config, name="limpet", arguments=(), env=None, under=()):
        from .case import program

        folder = case.folder()
        self.config_file = os.path.join(folder, "limpet.yaml")
        self.write_config(config)
        ready_file = os.path.join(folder, "ready.json")
        command = [*under, program("LIMPET"), "serve", "-c", self.config_file, "--ready-file", ready_file, *arguments]
        self.process = case.start_program(name, command, env=env)
        ready = json.loads(read_when_there(ready_file, self.process))
        self.listeners = ready["listeners"]
        self.address = next(iter(self.listeners.values()))
        self.admin = ready.get("admin")

    def write_config(self, config):
        """In one step, as an editor or a configuration tool does."""
        self.config = config
        unfinished = self.config_file + ".unfinished"
        with open(unfinished, "w", encoding="utf-8") as file:
            json.dump(config, file, indent=2)
        os.rename(unfinished, self.config_file)

    def reload(self, config=None):
        """SIGHUP, with a new file where one is given; returns once it was read, well or not."""
        before = self.process.output_bytes()
        if config is not None:
            self.write_config(config)
        self.process.send_signal(signal.SIGHUP)

        def told():
            output = self.process.output_since(before)
            return "reloaded " in output or "reload refused" in output

        wait_until(told, "a reload")

    def ask_admin(self, target, method="GET"):
        """The admin server answers only to its own name."""
        with Connection(self.admin) as connection:
            return connection.request(method, target, host=self.admin)

    def metrics(self):
        return Metrics(self.ask_admin("/metrics").text())

    def wait_for_metric(self, what, condition):
        """Counters reach the scrape a moment after the answer; `condition(metrics)` is asked until it holds."""
        return wait_until(lambda: condition(self.metrics()), what)

    def members(self):
        return self.ask_admin("/members").json()

    def membership(self, pool="app"):
        """What its rails hold back."""
        return next(one for one in self.ask_admin("/membership").json()["pools"] if one["name"] == pool)

    def command(self, *arguments, code=0):
        """What a limpet command that asks this proxy prints, stdout and stderr together; it must end with `code`."""
        from .case import program

        done = subprocess.run(
            [program("LIMPET"), *arguments, "--admin", self.admin],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        if done.returncode != code:
            raise AssertionError(f"limpet {' '.join(arguments)} ended with {done.returncode}: {done.stdout}")
        return done.stdout
