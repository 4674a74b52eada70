"""The members of a cell, and their registrations in etcd: what `limpet agent` does beside each, done by the runner, so that a
lease can be lost, run out or be kept as a fault wants it."""

import json
import os
import threading
import time

from .network import address_of
from .program import Program
from .proxies import WORK_MAX_S
from .store import Client, StoreError

PORT = 7000
LEASE_TTL_S = 2
KEEP_ALIVE_S = 0.4
WORK_US = 2000  # at the most
SLOW_US = int(3e6 * WORK_MAX_S)  # where a fault wants it: longer than the proxies were told


class Member:
    def __init__(self, cell, host):
        self._cell, self.id = cell, host
        self.weight, self.is_draining = 1, False
        self._incarnation = 0
        self.program = None
        self._frozen_since = None

    @property
    def incarnation(self):
        return str(self._incarnation)

    @property
    def owner(self):
        return f"{self.id}/{self.incarnation}"

    @property
    def address(self):
        return f"{address_of(self.id)}:{PORT}"

    def is_running(self):
        return self.program is not None and self.program.is_running()

    def start(self):
        """Another incarnation, with nothing in memory, at the same address."""
        self._incarnation += 1
        cell = self._cell
        command = [cell.programs.member, "--id", self.id, "--incarnation", self.incarnation]
        command += ["--address", self.address, "--store", cell.store_folder, "--work-us", str(WORK_US)]
        command += ["--slow-share", str(cell.fault.slow_share), "--slow-us", str(SLOW_US)]
        command += ["--log", cell.file(f"member-{self.id}-{self.incarnation}.log")]
        log = cell.file(f"output-{self.id}-{self.incarnation}.log")
        self.program = Program(cell.network, self.id, command, log)
        self.program.wait_for_output("ready")

    def kill(self):
        self.program.kill()
        self._cell.record("D", self.owner, time.monotonic_ns())

    def freeze(self):
        self._frozen_since = time.monotonic_ns()
        self.program.freeze()

    def thaw(self):
        self.program.thaw()
        self._cell.record("F", self.owner, self._frozen_since, time.monotonic_ns())

    def value(self):
        """Of its key, as in proxy/membership/member_codec.cpp."""
        return json.dumps({"address": self.address, "incarnation": self.incarnation, "weight": self.weight})


class Registrations:
    """Keeps members registered. Everything is wanted first, and then done by one thread as soon as etcd lets it."""

    def __init__(self, prefix):
        self._prefix = prefix
        self._lock = threading.Lock()
        self._wanted = {}  # id -> value
        self._leases = {}  # id -> (lease, value)
        self._drains, self._drained = set(), set()  # ids: wanted, and those whose key is there
        self._changed = threading.Event()
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()

    def register(self, member):
        """Also with another value than before, under the same lease."""
        with self._lock:
            self._wanted[member.id] = member.value()
        self._changed.set()

    def abandon(self, member):
        """Its lease is not kept any more, and runs out."""
        with self._lock:
            self._wanted.pop(member.id, None)
            self._leases.pop(member.id, None)

    def deregister(self, member):
        """In order: its key goes at once."""
        with self._lock:
            self._wanted.pop(member.id, None)
        self._changed.set()

    def drain(self, member, is_on):
        """An operator's drain begins or ends."""
        with self._lock:
            (self._drains.add if is_on else self._drains.discard)(member.id)
        self._changed.set()

    def close(self):
        self._is_over = True
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self):
        client = Client()
        while not self._is_over:
            with self._lock:
                wanted = dict(self._wanted)
                leases = dict(self._leases)
                drains = set(self._drains)
            for one in sorted({*wanted, *leases}):
                self._try(self._keep, client, one, wanted.get(one), leases.get(one))
            for one in sorted(drains ^ self._drained):
                self._try(self._follow_drain, client, one, one in drains)
            self._changed.wait(KEEP_ALIVE_S)
            self._changed.clear()
        client.close()

    @staticmethod
    def _try(what, *arguments):
        try:
            what(*arguments)
        except StoreError:
            pass  # tried again

    def _follow_drain(self, client, member, is_on):
        key = f"{self._prefix}drains/{member}"
        if is_on:
            client.put(key, "{}")
        else:
            client.delete(key)
        (self._drained.add if is_on else self._drained.discard)(member)

    def _keep(self, client, member, value, held):
        lease, written = held or (None, None)
        if value is None:
            client.revoke(lease)
            self._held(member, value, None)
            return
        if lease is None or not client.keep_alive(lease):
            lease, written = client.grant(LEASE_TTL_S), None
        if written != value:
            client.put(f"{self._prefix}members/{member}", value, lease)
        self._held(member, value, (lease, value))

    def _held(self, member, value, lease):
        """Unless it was abandoned meanwhile."""
        with self._lock:
            if value is not None and member not in self._wanted:
                return
            if lease is None:
                self._leases.pop(member, None)
            else:
                self._leases[member] = lease
