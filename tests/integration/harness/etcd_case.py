"""The base of tests whose proxies have their members from a real etcd."""

import json
import re

from .case import IntegrationTest
from .etcd import Etcd
from .limpet import merge, static_config
from .waiting import wait_until

MEMBERS = "/limpet/app/members/"
DRAINS = "/limpet/app/drains/"
KEYS = {"signing": {"keys": [{"id": "k", "secret": "a secret that is long enough to sign with"}]}}


class EtcdTest(IntegrationTest):
    def setUp(self):
        self.etcd = Etcd(self)

    def register(self, member, etcd=None, **more):
        value = {"address": member.address, "incarnation": member.incarnation, **more}
        (etcd or self.etcd).put(MEMBERS + member.id, json.dumps(value))

    def config(self, url=None, pin=True, pool=None, **sections):
        """`pool` is laid over the only one. Sessions of X-User-Id are placed by it, others have issued cookies. Members are listed so seldom that only a
        watch tells of others."""
        cookie = {"cookie": "limpet", "issue": {"max_age": "1h"}, "pin": pin}
        session = {"key": [{"header": "X-User-Id"}, cookie]}
        config = static_config([], pool=merge({"members": None, "session": session}, pool or {}), **{**KEYS, **sections})
        config["pools"]["app"]["members"] = {"etcd": {}}
        config["etcd"] = {"endpoints": [url or self.etcd.url], "relist": "1h", **sections.get("etcd", {})}
        return config

    def start(self, name="limpet", **options):
        return self.start_limpet(self.config(**options), name=name)

    def known(self, proxy):
        return {one["id"]: one for one in proxy.members()["pools"][0]["members"]}

    def wait_for_members(self, proxy, ids):
        wait_until(lambda: set(self.known(proxy)) == set(ids), f"members {ids}")

    def visit(self, proxy, cookie=None):
        """The answer, and the cookie that the visitor has after it."""
        headers = [("Cookie", f"limpet={cookie}")] if cookie else []
        response = self.fetch(proxy.address, headers=headers)
        issued = response.fields.get("Set-Cookie")
        return response, re.match(r"limpet=([^;]*)", issued).group(1) if issued else cookie

    def cookie_of(self, proxy, member):
        """A new visitor's, who was placed there."""
        for _ in range(500):
            response, cookie = self.visit(proxy)
            self.assertEqual(response.status, 200)
            if response.member == member:
                return cookie
        raise AssertionError(f"nobody is placed on {member}")
