"""etcd: a client of its JSON gateway that goes from one endpoint to the next, and a cluster of three members."""

import base64
import http.client
import json
import os
import socket
import threading

from harness.waiting import wait_until

from .network import address_of
from .program import Program

HOSTS = ("e1", "e2", "e3")
PORT = 2379
TIMEOUT_S = 1.0


class StoreError(Exception):
    """No endpoint has done it."""


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def decoded(text):
    return base64.b64decode(text).decode()


def prefix_range(prefix):
    return {"key": encoded(prefix), "range_end": encoded(prefix[:-1] + chr(ord(prefix[-1]) + 1))}


class Client:
    """One a thread: it holds a connection."""

    def __init__(self):
        self._connection, self._next = None, 0

    def call(self, method, request):
        """The answer's object. Tries each endpoint once."""
        for _ in HOSTS:
            try:
                return self._call_once(method, request)
            except (OSError, http.client.HTTPException, StoreError) as error:
                why = error
                self.close()
                self._next = (self._next + 1) % len(HOSTS)
        raise StoreError(f"{method}: {why}")

    def _call_once(self, method, request):
        if self._connection is None:
            self._connection = http.client.HTTPConnection(address_of(HOSTS[self._next]), PORT, timeout=TIMEOUT_S)
        self._connection.request("POST", "/v3/" + method, json.dumps(request))
        response = self._connection.getresponse()
        text = response.read().decode()
        if response.status != 200:
            raise StoreError(text)
        return json.loads(text)

    def close(self):
        if self._connection:
            self._connection.close()
        self._connection = None

    def put(self, key, value, lease=0):
        return self.call("kv/put", {"key": encoded(key), "value": encoded(value), "lease": str(lease)})

    def delete(self, key):
        self.call("kv/deleterange", {"key": encoded(key)})

    def get(self, key):
        """(value, mod_revision), or None."""
        found = self.call("kv/range", {"key": encoded(key)}).get("kvs")
        return (decoded(found[0]["value"]), int(found[0]["mod_revision"])) if found else None

    def keys(self, prefix):
        found = self.call("kv/range", {**prefix_range(prefix), "keys_only": True}).get("kvs", [])
        return [decoded(one["key"]) for one in found]

    def grant(self, seconds):
        return int(self.call("lease/grant", {"TTL": str(seconds)})["ID"])

    def keep_alive(self, lease):
        """Whether the lease is still there."""
        answer = self.call("lease/keepalive", {"ID": str(lease)})
        return int(answer.get("result", {}).get("TTL", 0)) > 0

    def revoke(self, lease):
        self.call("lease/revoke", {"ID": str(lease)})

    def revoke_all(self):
        for lease in self.call("lease/leases", {}).get("leases", []):
            self.revoke(lease["ID"])

    def compact(self):
        """At the revision of now. One that was there already is no error."""
        revision = int(self.call("kv/range", {"key": encoded("none")})["header"]["revision"])
        try:
            self.call("kv/compaction", {"revision": str(revision)})
        except StoreError:
            pass


class Watch:
    """Calls `on_event(key, value or None)` on a thread of its own, for what happens under a prefix from now on."""

    def __init__(self, prefix, on_event):
        self._on_event = on_event
        self._connection = http.client.HTTPConnection(address_of(HOSTS[0]), PORT, timeout=600)
        request = {"create_request": prefix_range(prefix)}
        self._connection.request("POST", "/v3/watch", json.dumps(request))
        self._response = self._connection.getresponse()
        self._response.readline()  # that it was created
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        try:
            while line := self._response.readline():
                for event in json.loads(line).get("result", {}).get("events", []):
                    deleted = event.get("type") == "DELETE"
                    self._on_event(decoded(event["kv"]["key"]), None if deleted else decoded(event["kv"].get("value", "")))
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass  # closed, or etcd has gone

    def close(self):
        sock = self._connection.sock
        if sock:
            sock.shutdown(socket.SHUT_RDWR)


class Cluster:
    """Three members on e1 .. e3, with their data in `folder`, which should be in memory. With a niceness above 0 they yield to
    whatever else wants a core of this machine, as etcd on machines of its own would not be in the way at all."""

    def __init__(self, network, folder, logs, niceness=0):
        self._network, self._folder, self._logs, self._niceness = network, folder, logs, niceness
        self.programs = {}
        for host in HOSTS:
            self.start(host)
        self.wait_until_healthy()

    def start(self, host):
        """Also again, with the data that it had."""
        client, peer = f"http://{address_of(host)}:{PORT}", f"http://{address_of(host)}:2380"
        initial = ",".join(f"{one}=http://{address_of(one)}:2380" for one in HOSTS)
        command = ["nice", "--adjustment", str(self._niceness), "etcd", "--name", host]
        command += ["--data-dir", os.path.join(self._folder, host), "--unsafe-no-fsync"]
        command += ["--logger", "zap", "--log-level", "error", "--heartbeat-interval", "100"]
        command += ["--election-timeout", "1000", "--initial-cluster", initial]
        command += ["--listen-client-urls", client, "--advertise-client-urls", client]
        command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
        self.programs[host] = Program(self._network, host, command, os.path.join(self._logs, f"etcd-{host}.log"))

    def is_healthy(self):
        """All three answer and agree on a leader."""
        leaders = [self._status(host) for host in HOSTS]
        return leaders[0] is not None and leaders.count(leaders[0]) == len(HOSTS)

    def wait_until_healthy(self):
        wait_until(self.is_healthy, "a healthy etcd", 30)

    def leader(self):
        """The host of the leader; None where nobody knows of one."""
        for host in HOSTS:
            status = self._raw_status(host)
            if status and status.get("leader") == status["header"]["member_id"]:
                return host
        return None

    def _status(self, host):
        status = self._raw_status(host)
        return status.get("leader") if status else None

    def _raw_status(self, host):
        connection = http.client.HTTPConnection(address_of(host), PORT, timeout=TIMEOUT_S)
        try:
            connection.request("POST", "/v3/maintenance/status", "{}")
            return json.loads(connection.getresponse().read())
        except (OSError, ValueError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def mend(self):
        """Whatever was done to it is undone."""
        for host, program in self.programs.items():
            if program.is_running():
                program.thaw()
            else:
                self.start(host)
        self.wait_until_healthy()

    def stop(self):
        for program in self.programs.values():
            program.kill()
