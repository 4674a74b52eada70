"""The proxies of a cell: Limpet's, strict or available."""

import http.client
import json
import os

from harness.waiting import wait_until

from . import store
from .network import address_of
from .program import Program

PORT, ADMIN_PORT = 8080, 9000
HOSTS = ("p1", "p2", "p3")
TOKEN = "a-token-of-the-matrix-alone"
# As short as is honest on a loaded machine of two cores; members answer within some ten milliseconds.
BARRIER = {"window": "2s", "work_max": "1s", "margin": "250ms", "lease_ttl": "2s", "batch": "100ms"}
WINDOW_S, WORK_MAX_S, MARGIN_S, LEASE_TTL_S = 2.0, 1.0, 0.25, 2.0
# From the death of a proxy until it is no longer waited for, at the most: its lease, and the grace.
REMOVAL_S = LEASE_TTL_S + WINDOW_S + WORK_MAX_S + MARGIN_S


def public_address(host):
    return f"{address_of(host)}:{PORT}"


def config_of(host, prefix, handoff):
    first = HOSTS.index(host)
    endpoints = [f"http://{address_of(one)}:{store.PORT}" for one in store.HOSTS]
    # Rails would hold a change back that the matrix waits for; strict pools have none.
    more = {"barrier": BARRIER} if handoff == "barrier" else {"rails": {"settle": "0", "damping": {"flaps": 0}}}
    pool = {
        "members": {"etcd": {}},
        "session": {"key": [{"header": "X-Session"}]},
        "handoff": handoff,
        "fail_over": "refuse",
        "timeouts": {"answer": "1s", "connect": "500ms"},
        "rebalance": {"per_second": 1000},
        "on_remove": {"per_second": 1000, "deadline": "2s"},
        **more,
    }
    return {
        "listeners": [{"name": "public", "address": public_address(host)}],
        "routes": [{"path": "/", "pool": "app"}],
        "pools": {"app": pool},
        "etcd": {
            "endpoints": endpoints[first:] + endpoints[:first],  # each has a favourite of its own
            "prefix": prefix,
            "relist": "5s",
            "timeout": "500ms",
        },
        "admin": {"address": f"{address_of(host)}:{ADMIN_PORT}", "token": TOKEN},
        "shutdown": {"drain": "1s"},
        "workers": 2,
    }


class Proxy:
    access_log = None  # a file

    def __init__(self, cell, host):
        self._cell, self.host = cell, host
        self._starts = 0
        self.program = None

    def start(self):
        """Another process, and so another incarnation, at the same address."""
        self._starts += 1
        cell, name = self._cell, f"{self.host}-{self._starts}"
        config, ready = cell.file(f"{self.host}.yaml"), cell.file(f"ready-{name}.json")
        settings = config_of(self.host, cell.prefix.rstrip("/").removesuffix("/app"), cell.mode)
        if self.access_log:
            settings["logging"] = {"access": self.access_log}
        with open(config, "w", encoding="utf-8") as file:
            json.dump(settings, file, indent=2)
        command = [cell.programs.limpet, "serve", "-c", config, "--ready-file", ready]
        self.program = Program(cell.network, self.host, command, cell.file(f"proxy-{name}.log"))

        def is_ready():
            if not self.program.is_running():
                raise AssertionError(f"{name} did not start: {self.program.output()[-2000:]}")
            return os.path.exists(ready)

        wait_until(is_ready, f"{name} being ready")

    def is_running(self):
        return self.program is not None and self.program.is_running()

    def kill(self):
        self.program.kill()

    def told(self):
        """What it says of the pool, or None where it does not answer."""
        connection = http.client.HTTPConnection(address_of(self.host), ADMIN_PORT, timeout=2)
        try:
            connection.request("GET", "/members", headers={"Authorization": f"Bearer {TOKEN}"})
            response = connection.getresponse()
            text = response.read()
            return json.loads(text)["pools"][0] if response.status == 200 else None
        except (OSError, ValueError, IndexError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def metrics(self):
        connection = http.client.HTTPConnection(address_of(self.host), ADMIN_PORT, timeout=2)
        try:
            connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
            return connection.getresponse().read().decode()
        except (OSError, http.client.HTTPException):
            return ""
        finally:
            connection.close()


def serves(host):
    """Whether the proxy on this host gets an answer for a request of any session."""
    connection = http.client.HTTPConnection(address_of(host), PORT, timeout=2)
    try:
        connection.request("GET", "/s/probe?operation=probe", headers={"X-Session": "probe"})
        response = connection.getresponse()
        response.read()
        return response.status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
