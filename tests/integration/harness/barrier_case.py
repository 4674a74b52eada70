"""The base of tests of a pool that hands over by a barrier."""

import json

from .etcd_case import MEMBERS, EtcdTest
from .limpet import static_config
from .session_member import SessionMember
from .waiting import wait_until

SESSIONS = [f"user-{number}" for number in range(24)]
POOL = "/limpet/app/"
# Long enough for a slow machine to look at etcd in time, and short enough to wait for.
QUICK = {"window": "3s", "work_max": "2s", "margin": "50ms", "lease_ttl": "3s", "batch": "20ms"}


class BarrierTest(EtcdTest):
    def setUp(self):
        super().setUp()
        self.members = {name: SessionMember(self, name) for name in "abc"}

    def join(self, name, incarnation="1"):
        value = {"address": self.members[name].address, "incarnation": incarnation}
        self.etcd.put(MEMBERS + name, json.dumps(value))

    def start_proxy(self, name="limpet", barrier=None, endpoints=None, **pool):
        """One more proxy of the pool."""
        strict = {
            "members": {"etcd": {}},
            "session": {"key": [{"header": "X-User-Id"}]},
            "handoff": "barrier",
            "barrier": {**QUICK, **(barrier or {})},
            "fail_over": "refuse",
            "timeouts": {"answer": "2s"},
            **pool,
        }
        config = static_config([])
        config["pools"]["app"] = strict
        config["etcd"] = {"endpoints": endpoints or [self.etcd.url], "relist": "1h"}
        return self.start_limpet(config, name=name)

    def serve(self, members, barrier=None, **options):
        """The first proxy, once it serves these."""
        for name in members:
            self.join(name)
        proxy = self.start_proxy("one", barrier, **options)
        self.wait_for_commit_of(members)
        self.wait_until_served(proxy)
        return proxy

    def ask(self, proxy, session, target="/"):
        return self.fetch(proxy.address, target, headers=[("X-User-Id", session)])

    def wait_until_served(self, *proxies):
        for proxy in proxies:
            wait_until(lambda proxy=proxy: self.ask(proxy, SESSIONS[0]).status == 200, "an answer")

    def owners(self, proxy):
        answers = {session: self.ask(proxy, session) for session in SESSIONS}
        return {s: got.fields.get("X-Member") if got.status == 200 else got.status for s, got in answers.items()}

    def view(self):
        return json.loads(self.etcd.get(POOL + "view"))

    def wait_for_commit_of(self, ids):
        def is_there():
            view = self.view() if self.etcd.get(POOL + "view") else {}
            return view.get("state") == "COMMITTED" and [m[0] for m in view["members"]] == sorted(ids)

        wait_until(is_there, f"a commit of {ids}")

    def begin(self, *sessions, proxy, target="/hold"):
        """Requests that are on their way; a connection for each."""
        connections = {}
        for session in sessions:
            connections[session] = self.connect(proxy.address)
            connections[session].send_request("GET", target, [("X-User-Id", session)])
        return connections

    def park(self, proxy):
        """All sessions, behind a request at "a" that is held while that restarts; what was held, and the others."""
        held = self.begin("held", proxy=proxy)["held"]
        wait_until(lambda: len(self.members["a"].requests) > 1, "the request at its member")
        self.join("a", incarnation="2")
        wait_until(lambda: self.view()["state"] == "PREPARE", "a PREPARE")
        asked = self.begin(*SESSIONS, proxy=proxy, target="/")
        proxy.wait_for_metric("parked requests", lambda m: m.total("limpet_parked_requests") == len(SESSIONS))
        return held, asked
