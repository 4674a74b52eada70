"""Sessions return to their member, through any proxy, and move only when they must."""

import collections
import unittest

from harness.case import IntegrationTest
from harness.limpet import static_config
from harness.waiting import wait_until

SESSIONS = [f"user-{number}" for number in range(200)]


class Sticky(IntegrationTest):
    def owners(self, proxy, sessions=tuple(SESSIONS)):
        """Which member answers for each session, asked over one connection."""
        connection = self.connect(proxy.address)
        owners = {}
        for session in sessions:
            response = connection.request("GET", "/", [("X-User-Id", session)])
            self.assertEqual(response.status, 200, session)
            owners[session] = response.json()["member"]
        return owners

    def test_two_proxies_agree_and_read_each_others_writes(self):
        members = self.start_members("a", "b", "c")
        # The order of the list must not matter.
        one = self.start_limpet(static_config(members), name="proxy 1")
        other = self.start_limpet(static_config(reversed(members)), name="proxy 2")

        write, read = self.connect(one.address), self.connect(other.address)
        for session in SESSIONS:
            stored = write.request("PUT", "/kv/color", [("X-User-Id", session)], f"of {session}".encode())
            self.assertEqual(stored.status, 201)
        for session in SESSIONS:
            found = read.request("GET", "/kv/color", [("X-User-Id", session)])
            self.assertEqual((found.status, found.text()), (200, f"of {session}"))
        self.assertEqual(self.owners(one), self.owners(other))

    def test_sessions_spread_over_all_members(self):
        proxy = self.start_limpet(static_config(self.start_members("a", "b", "c", "d")))
        shares = collections.Counter(self.owners(proxy).values())
        self.assertEqual(set(shares), {"a", "b", "c", "d"})
        self.assertTrue(all(25 <= share <= 80 for share in shares.values()), shares)

    def test_placement_depends_on_ids_not_on_addresses(self):
        first = self.owners(self.start_limpet(static_config(self.start_members("a", "b", "c"))))
        again = self.owners(self.start_limpet(static_config(self.start_members("a", "b", "c"))))
        self.assertEqual(first, again)

    def test_counters_count_without_a_gap(self):
        proxies = [self.start_limpet(static_config(members)) for members in [self.start_members("a", "b", "c")] * 2]
        for turn in range(1, 11):
            for proxy in proxies[turn % 2 :: 2]:
                answer = self.fetch(proxy.address, "/counter", "POST", [("X-User-Id", "alice")])
                self.assertEqual(answer.json()["counter"], turn)

    def test_a_weight_is_a_share(self):
        heavy, light = self.start_members("heavy", "light")
        proxy = self.start_limpet(static_config([heavy.entry(weight=3), light]))
        shares = collections.Counter(self.owners(proxy).values())
        self.assertTrue(130 <= shares["heavy"] <= 170, shares)

    def test_a_draining_member_gets_no_sessions(self):
        a, b = self.start_members("a", "b")
        proxy = self.start_limpet(static_config([a.entry(state="draining"), b]))
        self.assertEqual(set(self.owners(proxy).values()), {"b"})

    def test_only_the_sessions_of_a_dead_member_move_and_they_come_back(self):
        members = self.start_members("a", "b", "c")
        proxy = self.start_limpet(static_config(members))
        before = self.owners(proxy)
        members[1].kill()
        moved = self.owners(proxy)
        for session, owner in before.items():
            if owner == "b":
                self.assertNotEqual(moved[session], "b")
            else:
                self.assertEqual(moved[session], owner)
        self.assertEqual({moved[s] for s in SESSIONS if before[s] == "b"}, {"a", "c"}, "spread over the rest")

        members[1].restart()
        wait_until(lambda: self.owners(proxy) == before, "the sessions of b at b again")

    def test_a_dead_member_never_shows_in_an_answer_when_others_live(self):
        members = self.start_members("a", "b")
        proxy = self.start_limpet(static_config(members))
        members[0].kill()
        members[1].ask()  # lives
        for session in SESSIONS[:50]:
            answer = self.fetch(proxy.address, "/counter", "POST", [("X-User-Id", session)])
            self.assertEqual((answer.status, answer.member), (200, "b"))

    def test_fail_over_refuse_keeps_sessions_where_they_belong(self):
        members = self.start_members("a", "b")
        proxy = self.start_limpet(static_config(members, pool={"fail_over": "refuse"}))
        before = self.owners(proxy)
        members[0].kill()
        for session in SESSIONS[:40]:
            answer = self.fetch(proxy.address, "/", "GET", [("X-User-Id", session)])
            if before[session] == "a":
                self.assertEqual(answer.status, 503)
                self.assertIsNotNone(answer.fields.get("Retry-After"))
            else:
                self.assertEqual(answer.member, "b")

    def test_no_key_is_balanced_or_refused(self):
        members = self.start_members("a", "b")
        proxy = self.start_limpet(static_config(members))
        connection = self.connect(proxy.address)
        seen = {connection.request("GET", "/").member for _ in range(60)}
        self.assertEqual(seen, {"a", "b"})

        strict = self.start_limpet(static_config(members, pool={"session": {"otherwise": "refuse"}}))
        self.assertEqual(self.fetch(strict.address, "/").status, 400)
        self.assertEqual(self.fetch(strict.address, "/", headers=[("X-User-Id", "alice")]).status, 200)


class KeySources(IntegrationTest):
    """The same bytes name the same session, wherever they came from."""

    def setUp(self):
        members = self.start_members("a", "b", "c", "d", "e")
        sources = [
            {"header": "X-User-Id"},
            {"cookie": "session"},
            {"query": "user"},
            {"path": {"segment": 2}},
            {"client_address": {}},
        ]
        self.proxy = self.start_limpet(static_config(members, pool={"session": {"key": sources}}))

    def member(self, target="/", headers=(), source=None):
        with self.connect(self.proxy.address, source=source) as connection:
            return connection.request("GET", target, headers).member

    def test_sources_name_the_same_session(self):
        for session in ("alice", "bob", "carol", "d%3F", "e f"):
            encoded = session.replace("%", "%25").replace(" ", "%20")
            by_header = self.member(headers=[("X-User-Id", session)])
            self.assertEqual(self.member(headers=[("Cookie", f'a=b; session="{session}"')]), by_header, session)
            self.assertEqual(self.member(f"/?a=b&user={encoded}"), by_header, session)
            self.assertEqual(self.member(f"/users/{encoded}/x"), by_header, session)

    def test_the_first_source_that_is_there_wins(self):
        for session in SESSIONS[:20]:
            wanted = self.member(headers=[("X-User-Id", session)])
            both = self.member("/?user=other", [("X-User-Id", session), ("Cookie", "session=third")])
            self.assertEqual(both, wanted)

    def test_the_client_address_is_the_last_resort(self):
        by_address = {source: self.member(source=source) for source in (f"127.0.0.{n}" for n in range(2, 30))}
        self.assertGreater(len(set(by_address.values())), 1)
        for source, member in by_address.items():
            self.assertEqual(self.member(source=source), member)

    def test_an_ambiguous_or_overlong_key_is_refused(self):
        for what, target, headers in [
            ("header twice", "/", [("X-User-Id", "a"), ("X-User-Id", "b")]),
            ("parameter twice", "/?user=a&user=b", []),
            ("too long", "/", [("X-User-Id", "x" * 1025)]),
            ("bad percent-encoding", "/?user=%zz", []),
        ]:
            with self.subTest(what):
                self.assertEqual(self.fetch(self.proxy.address, target, headers=headers).status, 400)


if __name__ == "__main__":
    unittest.main()
