"""The base of what is done to stores and members while sessions and tunnels are in use."""

from .agent import AgentMember
from .etcd_case import MEMBERS, EtcdTest
from .limpet import merge
from .load import Load
from .waiting import wait_until

BY_HEADER = {"session": {"key": [{"header": "X-User-Id"}]}}


class FaultTest(EtcdTest):
    def unregister(self, member_id):
        self.etcd.delete(MEMBERS + member_id)

    def start_agents(self, *ids):
        return [AgentMember(self, self.etcd, member_id=one) for one in ids]

    def fault_config(self, pool=None, **options):
        return self.config(pool=merge(BY_HEADER, pool or {}), **options)

    def start_proxies(self, count, **options):
        return [self.start_limpet(self.fault_config(**options), name=f"proxy {number + 1}") for number in range(count)]

    def wait_for_view(self, proxies, ids):
        """Until every proxy's view has just these ready members."""

        def ready(proxy):
            return {one["id"] for one in self.known(proxy).values() if one["state"] == "ready"}

        for proxy in proxies:
            wait_until(lambda: ready(proxy) == set(ids), f"a view of {ids}")

    def start_load(self, proxies, **options):
        load = Load(self, proxies, **options).start()
        wait_until(lambda: load.sent >= 200, "a load")
        self.assertEqual(load.complaints, [])
        return load

    def go_on(self, load, requests=200):
        """That much later nothing has happened yet."""
        until = load.sent + requests
        wait_until(lambda: load.sent >= until, "the load to go on")
