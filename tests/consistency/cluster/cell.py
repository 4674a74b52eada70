"""A cell of the matrix: a cluster, made anew, under load, while a fault meets a change several times."""

import dataclasses
import json
import os
import time

from harness.waiting import wait_until

from . import proxies
from .haproxies import HAProxy, Lists
from .load import Load
from .members import Member, Registrations
from .store import Client, StoreError

CONVERGED_S = 60
PREPARED_S = 4  # a lease runs out, a batch is gathered
MEMBERS = ("m1", "m2", "m3", "m4")
JOINER = "m5"


@dataclasses.dataclass
class Programs:
    limpet: str
    member: str
    clients: str
    checker: str

    @classmethod
    def of_build(cls):
        """Of the folder LIMPET_BUILD; LIMPET and CHECK_HISTORY name others."""
        build = os.environ.get("LIMPET_BUILD", "build/dev")
        tests = f"{build}/tests/consistency"
        return cls(
            limpet=os.path.abspath(os.environ.get("LIMPET", f"{build}/limpet")),
            member=os.path.abspath(f"{tests}/load/history_member"),
            clients=os.path.abspath(f"{tests}/load/history_clients"),
            checker=os.path.abspath(os.environ.get("CHECK_HISTORY", f"{tests}/history/check_history")),
        )


class Cell:
    """`store` is the etcd cluster, which cells share; each has a prefix of its own in it."""

    def __init__(self, network, store, programs, fault, mode, folder, store_folder, seed, hosts=None):
        self.network, self.store, self.programs = network, store, programs
        self.fault = fault
        self.mode, self.folder, self.store_folder, self.seed = mode, folder, store_folder, seed
        self.prefix = f"/matrix-{os.path.basename(folder)}-{time.monotonic_ns()}/app/"
        os.makedirs(folder)
        os.makedirs(store_folder)
        self._log = open(self.file("runner.log"), "w", encoding="ascii")
        self._notes = open(self.file("notes.log"), "w", encoding="ascii")
        self.client = Client()
        self.members = {one: Member(self, one) for one in (*MEMBERS, JOINER)}
        kind, all_hosts = (HAProxy, proxies.HOSTS[:2]) if mode == "haproxy" else (proxies.Proxy, proxies.HOSTS)
        self.proxies = {host: kind(self, host) for host in hosts or all_hosts}
        self.registrations = Lists(self) if mode == "haproxy" else Registrations(self.prefix)
        self.registered = set()
        self.load = None

    def file(self, name):
        return os.path.join(self.folder, name)

    def record(self, *fields):
        """A line of the history."""
        self._log.write(" ".join(map(str, fields)) + "\n")
        self._log.flush()

    def note(self, text):
        """For whoever reads what happened when, and no part of the history."""
        self._notes.write(f"{time.monotonic_ns()} {text}\n")
        self._notes.flush()

    def start(self, operations, **load):
        """Returns once all proxies serve; then clients are under way."""
        for one in self.members.values():
            one.start()
        for one in MEMBERS:
            self.register(one)
        for proxy in self.proxies.values():
            proxy.start()
        self.registrations.start()
        self.wait_until_converged()
        self.load = Load(self, list(self.proxies), operations, self.fault.give_up_share, **load)
        self.load.wait_until_under_way()

    # What changes do.

    def register(self, member):
        self.registered.add(member)
        self.registrations.register(self.members[member])

    def deregister(self, member):
        self.registered.discard(member)
        self.registrations.deregister(self.members[member])

    def abandon(self, member):
        """Nobody keeps its lease any more."""
        self.registered.discard(member)
        self.registrations.abandon(self.members[member])

    def drain(self, member, is_on):
        self.members[member].is_draining = is_on
        self.registrations.drain(self.members[member], is_on)

    # What it should come to.

    def expected(self):
        """(id, incarnation, weight, state) of all that are registered."""
        def row(one):
            return one.id, one.incarnation, one.weight, "draining" if one.is_draining else "ready"

        return sorted(row(self.members[one]) for one in tuple(self.registered))

    def view(self):
        """(record, revision) of a strict pool; ({}, 0) where there is none, or etcd is away."""
        try:
            found = self.client.get(self.prefix + "view")
        except StoreError:
            found = None
        return (json.loads(found[0]), found[1]) if found else ({}, 0)

    def has_converged(self):
        if self.mode == "haproxy":
            return all(proxy.has(self.expected()) for proxy in self.proxies.values())
        if self.mode == "barrier" and not self._is_committed():
            return False
        return all(self._agrees(proxy) and proxies.serves(proxy.host) for proxy in self.proxies.values())

    def _is_committed(self):
        view, _ = self.view()
        listed = sorted((m[0], m[1], m[3], m[5]) for m in view.get("members", []))
        return view.get("state") == "COMMITTED" and listed == self.expected()

    def _agrees(self, proxy):
        told = proxy.told()
        if told is None:
            return False
        listed = sorted((m["id"], m["incarnation"], m["weight"], m["state"]) for m in told["members"])
        if listed != self.expected():
            return False
        return self.mode != "barrier" or told.get("handoff", {}).get("stage") == "committed"

    def wait_for_prepare(self):
        """Until a change is on its way, or a moment, where nothing tells of that."""
        end = time.monotonic() + (PREPARED_S if self.mode == "barrier" else PREPARED_S / 10)
        while time.monotonic() < end and self.view()[0].get("state") != "PREPARE":
            time.sleep(0.005)

    def wait_until_converged(self):
        wait_until(self.has_converged, f"agreement on {self.expected()}", CONVERGED_S)
        self.note("converged")

    def play(self, change, rounds):
        """The fault meets the change; then the change is undone in peace. So often. By turns the one is first, and the other."""
        for number in range(rounds):
            self.note(f"round {number}")
            if self.fault.is_first or number % 2 == 0:
                self.fault.begin(self, number)
                change.apply(self, number)
            else:
                change.apply(self, number)
                self.wait_for_prepare()
                self.fault.begin(self, number)
            self.fault.during(self, number)
            self.note("the fault ends")
            self.note_standing()
            self.fault.end(self, number)
            self.wait_until_converged()
            change.undo(self)
            self.wait_until_converged()

    def note_standing(self):
        for proxy in self.proxies.values():
            told = proxy.told() if self.mode != "haproxy" and proxy.is_running() else None
            if told:
                self.note(f"{proxy.host}: {json.dumps([told.get('handoff'), told['source']])}")

    def stop(self):
        """Everything that the cell started; etcd stays."""
        if self.load:
            self.load.kill()
        self.registrations.close()
        for one in (*self.proxies.values(), *self.members.values()):
            if one.is_running():
                one.program.kill()
        self.client.close()
        self._log.close()
        self._notes.close()
