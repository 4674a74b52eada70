"""A real etcd of one member, on free ports, with its data in a folder of the test."""

import json
import os
import shutil
import signal
import socket
import subprocess

from .client import Connection
from .waiting import wait_until


def reserve_port(case):
    """A port that nobody else is given until the test is over, whether or not its server runs: a socket that is bound and does not
    listen. With SO_REUSEADDR on both, a server that names the port may bind it all the same; who asks for any port never gets it."""
    reservation = socket.socket()
    case.addCleanup(reservation.close)
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reservation.bind(("127.0.0.1", 0))
    return reservation.getsockname()[1]


class Etcd:
    def __init__(self, case):
        self._case = case
        self._data = os.path.join(case.folder(), "data")
        self.client_port, self._peer_port = reserve_port(case), reserve_port(case)
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.client_port}"

    def start(self):
        """Also starts it again after `kill` or `stop`, with the data that it had."""
        client, peer = self.url, f"http://127.0.0.1:{self._peer_port}"
        self.process = self._case.start_program(
            "etcd",
            ["etcd", "--name", "e", "--data-dir", self._data, "--unsafe-no-fsync"]
            + ["--logger", "zap", "--log-level", "error"]
            + ["--listen-client-urls", client, "--advertise-client-urls", client]
            + ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
            + ["--initial-cluster", f"e={peer}"],
            ends_with=-signal.SIGTERM,  # etcd raises it again once it has cleaned up
        )
        wait_until(self._healthy, "a healthy etcd")

    def _healthy(self):
        self.process.assert_running()
        try:
            with Connection(f"127.0.0.1:{self.client_port}") as connection:
                return connection.request("GET", "/health").json()["health"] == "true"
        except OSError:
            return False

    def kill(self):
        self.process.kill()

    def lose_data(self):
        """Killed, and started again as if it had never known anything."""
        self.kill()
        shutil.rmtree(self._data)
        self.start()

    def control(self, *arguments):
        """etcdctl; its output."""
        done = subprocess.run(
            ["etcdctl", "--endpoints", self.url, *arguments],
            env={**os.environ, "ETCDCTL_API": "3"},
            capture_output=True,
            check=True,
            timeout=20,
            text=True,
        )
        return done.stdout

    def put(self, key, value):
        self.control("put", key, value)

    def delete(self, key):
        self.control("del", key)

    def revoke_all_leases(self):
        """Through one connection, so that no etcdctl has to start in between."""
        with Connection(f"127.0.0.1:{self.client_port}") as connection:
            leases = connection.request("POST", "/v3/lease/leases", body=b"{}").json()["leases"]
            for lease in leases:
                connection.request("POST", "/v3/lease/revoke", body=json.dumps(lease).encode())
        return len(leases)

    def get(self, key):
        """The value, or None."""
        return self.control("get", "--print-value-only", key).rstrip("\n") or None

    def keys(self, prefix):
        return self.control("get", "--prefix", "--keys-only", prefix).split()
