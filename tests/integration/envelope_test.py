"""Sessions that the application names: the value in an envelope for the client, bare for the member."""

import json
import re
import unittest

from harness.case import IntegrationTest
from harness.client import Connection
from harness.limpet import static_config
from harness.origin import answering
from harness.session_member import SessionMember

KEY = {"id": "k1", "secret": "a secret that is long enough to sign with"}
OTHER_KEY = {"id": "k2", "secret": "another secret that signs as well as the first"}
SUFFIX = re.compile(r"~[A-Za-z0-9_-]{55}$")
HEADER = {"header": "Mcp-Session-Id"}
COOKIE = {"cookie": "JSESSIONID"}


def config_of(members, *envelopes, pool=None, key=(KEY,), **sections):
    sources = [{"envelope": one} for one in envelopes or [HEADER]]
    session = {"session": {"key": sources}}
    return static_config(members, pool={**session, **(pool or {})}, signing={"keys": list(key)}, **sections)


class EnvelopeTest(IntegrationTest):
    def members(self, *ids):
        return [SessionMember(self, one) for one in ids]

    def start(self, members, *envelopes, name="limpet", **options):
        return self.start_limpet(config_of(members, *envelopes, **options), name=name)

    def start_two(self, members, *envelopes, **options):
        """The other one has the members in another order."""
        return [
            self.start(members, *envelopes, name="proxy 1", **options),
            self.start(members[::-1], *envelopes, name="proxy 2", **options),
        ]

    def ask(self, proxy, *fields, answer=(), target="/", method="GET", body=b"", connection=None):
        """One request; the member's answer has the fields `answer`."""
        headers = [("X-Answer", json.dumps(answer)), *fields] if answer else list(fields)
        if connection is not None:
            return connection.request(method, target, headers, body)
        return self.fetch(proxy.address, target, method, headers, body)

    def begin(self, proxy, value="7f3a", **options):
        """A session that its member names `value` in a header: what the client gets for it, and the member."""
        response = self.ask(proxy, answer=[("Mcp-Session-Id", value)], **options)
        self.assertEqual(response.status, 200)
        sealed = response.fields.get("Mcp-Session-Id")
        self.assertEqual(SUFFIX.sub("", sealed), value)
        self.assertNotEqual(sealed, value)
        return sealed, response.member

    def begin_with_cookie(self, proxy, value="7f3a", attributes="", **options):
        response = self.ask(proxy, answer=[("Set-Cookie", f"JSESSIONID={value}{attributes}")], **options)
        issued = response.fields.get("Set-Cookie")
        match = re.fullmatch(r"JSESSIONID=([^;]*)(.*)", issued)
        self.assertEqual(SUFFIX.sub("", match[1]), value)
        self.assertEqual(match[2], attributes)
        self.assertNotEqual(match[1], value)
        return match[1], response.member

    def seen(self, response, name):
        """The values that the member was sent in fields of this name."""
        self.assertEqual(response.status, 200)
        values = [value for field, value in response.json()["fields"] if field.lower() == name.lower()]
        for value in values:
            self.assertNotRegex(value, r"~A[A-Za-z0-9_-]{54}", "a member sees no tag")
        return values

    def forge(self, sealed):
        """One character of the MAC is another."""
        return sealed[:-5] + ("A" if sealed[-5] != "A" else "B") + sealed[-4:]

    def assert_refused(self, response, status, text):
        self.assertEqual(response.status, status)
        self.assertIn(text, response.text())

    def assert_forged(self, response):
        self.assert_refused(response, 400, "not issued here")

    def outcomes(self, proxy):
        metrics = proxy.metrics()
        return {
            outcome: metrics.total("limpet_sticky_total", outcome=outcome) for outcome in ("hit", "new", "moved", "none")
        }


class Headers(EnvelopeTest):
    def test_a_session_returns_to_its_member_by_any_proxy(self):
        members = self.members("a", "b", "c")
        proxies = self.start_two(members)
        begun = set()
        for n in range(40):
            value = f"session-{n}"
            sealed, member = self.begin(proxies[n % 2], value)
            begun.add(member)
            for proxy in proxies:
                again = self.ask(proxy, ("mcp-session-id", sealed))
                self.assertEqual(again.member, member)
                self.assertEqual(self.seen(again, "Mcp-Session-Id"), [value])
                self.assertNotIn("Mcp-Session-Id", again.fields, "the member did not issue it again")
        self.assertEqual(begun, {"a", "b", "c"}, "new sessions are balanced")

    def test_sessions_share_a_connection(self):
        members = self.members("a", "b", "c")
        proxy = self.start(members)
        sessions = [self.begin(proxy, f"session-{n}") for n in range(12)]
        connection = self.connect(proxy.address)
        for n, (sealed, member) in enumerate(sessions * 3):
            response = self.ask(proxy, ("Mcp-Session-Id", sealed), connection=connection)
            self.assertEqual(response.member, member)
            self.assertEqual(self.seen(response, "Mcp-Session-Id"), [f"session-{n % 12}"])
            plain = self.ask(proxy, connection=connection)
            self.assertEqual(self.seen(plain, "Mcp-Session-Id"), [])

    def test_what_a_member_issues_again_is_sealed_again(self):
        proxy = self.start(self.members("a", "b", "c"))
        sealed, member = self.begin(proxy)
        renewed = self.ask(proxy, ("Mcp-Session-Id", sealed), answer=[("Mcp-Session-Id", "8e2b")])
        self.assertEqual(renewed.member, member)
        again = self.ask(proxy, ("Mcp-Session-Id", renewed.fields.get("Mcp-Session-Id")))
        self.assertEqual(again.member, member)
        self.assertEqual(self.seen(again, "Mcp-Session-Id"), ["8e2b"])

    def test_other_fields_pass_as_they_are(self):
        proxy = self.start(self.members("a"))
        sealed, _ = self.begin(proxy)
        response = self.ask(
            proxy, ("X-Copy", sealed), ("Mcp-Session-Id", sealed), answer=[("X-Session", "7f3a"), ("Link", "<7f3a>")]
        )
        self.assertEqual(response.fields.get("X-Session"), "7f3a")
        self.assertEqual(response.fields.get("Link"), "<7f3a>")
        names = [name for name, _ in response.json()["fields"]]
        self.assertLess(names.index("X-Copy"), names.index("Mcp-Session-Id"))
        self.assertEqual([value for name, value in response.json()["fields"] if name == "X-Copy"], [sealed])

    def test_a_value_without_a_tag_begins_a_session_and_passes(self):
        members = self.members("a", "b", "c")
        proxy = self.start(members)
        seen = set()
        for _ in range(30):
            response = self.ask(proxy, ("Mcp-Session-Id", "made-up"))
            self.assertEqual(self.seen(response, "Mcp-Session-Id"), ["made-up"])
            seen.add(response.member)
        self.assertGreater(len(seen), 1, "it is no key")

    def test_a_repeated_header_is_refused(self):
        proxy = self.start(self.members("a"))
        sealed, _ = self.begin(proxy)
        for pair in [(sealed, sealed), (sealed, "x"), ("x", "x")]:
            response = self.ask(proxy, *[("Mcp-Session-Id", value) for value in pair])
            self.assert_refused(response, 400, "repeated")

    def test_requests_with_content_and_without_an_answer_of_their_own(self):
        members = self.members("a", "b", "c")
        proxy = self.start(members)
        sealed, member = self.begin(proxy)
        response = self.ask(proxy, ("Mcp-Session-Id", sealed), method="POST", body=b"x" * 3000)
        self.assertEqual((response.member, response.json()["body"]), (member, "x" * 3000))
        connection = self.connect(proxy.address)
        connection.send(
            f"POST / HTTP/1.1\r\nHost: a\r\nMcp-Session-Id:{sealed} \r\nTransfer-Encoding: chunked\r\n\r\n"
            "5\r\nhello\r\n0\r\n\r\n"
        )
        response = connection.read_response()
        self.assertEqual((response.member, response.json()["body"]), (member, "hello"))
        self.assertEqual(self.seen(response, "Mcp-Session-Id"), ["7f3a"])
        head = self.ask(proxy, ("Mcp-Session-Id", sealed), method="HEAD", answer=[("Mcp-Session-Id", "7f3a")])
        self.assertEqual(head.member, member)
        self.assertRegex(head.fields.get("Mcp-Session-Id"), SUFFIX)

    def test_what_cannot_be_sealed_passes_and_is_counted(self):
        proxy = self.start(self.members("a"), pool={"session": {"key": [{"envelope": HEADER}], "key_bytes_max": 40}})
        for value in ["a b", "x" * 41]:
            response = self.ask(proxy, answer=[("Mcp-Session-Id", value)])
            self.assertEqual(response.fields.get("Mcp-Session-Id"), value)
        self.begin(proxy, "x" * 40)
        metric = "limpet_envelopes_total"
        for outcome in ("sealed", "too_long", "unfit"):
            proxy.wait_for_metric(outcome, lambda m, o=outcome: m.total(metric, pool="app", outcome=o) == 1)

    def test_outcomes_are_counted(self):
        members = self.members("a", "b")
        proxy = self.start(members)
        before = self.outcomes(proxy)
        self.assertEqual(sum(before.values()), 0)
        sealed = {}
        while len(sealed) < 2:
            value, member = self.begin(proxy, f"session-{len(sealed)}")
            sealed[member] = value
        for value in sealed.values():
            self.ask(proxy, ("Mcp-Session-Id", value))
        self.ask(proxy)
        members[0].close_listener()
        proxy.reload(config_of([members[0].entry(incarnation="2"), members[1]]))
        self.assertEqual(self.ask(proxy, ("Mcp-Session-Id", sealed["a"])).member, "b")
        proxy.wait_for_metric("a move", lambda m: m.total("limpet_sticky_total", outcome="moved") == 1)
        after = self.outcomes(proxy)
        self.assertEqual((after["hit"], after["moved"], after["none"]), (2, 1, 1))
        self.assertGreaterEqual(after["new"], 2)


class Tags(EnvelopeTest):
    """A tag holds for one value in one field of one pool, by keys of the ring."""

    def test_a_forged_tag_is_refused_and_counted(self):
        members = self.members("a", "b")
        proxy = self.start(members)
        sealed, _ = self.begin(proxy)
        bare, tag = sealed[:-56], sealed[-56:]
        before = sum(len(member.requests) for member in members)
        tries = [self.forge(sealed), bare + "x" + tag, "x" + tag, tag, sealed[:4] + tag + tag]
        for value in tries:
            self.assert_forged(self.ask(proxy, ("Mcp-Session-Id", value)))
        self.assertEqual(sum(len(member.requests) for member in members), before, "no member saw it")
        proxy.wait_for_metric(
            "forged tags", lambda m: m.total("limpet_tokens_rejected_total", reason="forged") == len(tries)
        )
        proxy.wait_for_metric("refusals", lambda m: m.total("limpet_refusals_total", reason="forged_envelope") == len(tries))

    def test_a_tag_of_another_value_is_forged(self):
        proxy = self.start(self.members("a", "b", "c"))
        one, other = self.begin(proxy, "one")[0], self.begin(proxy, "two")[0]
        self.assert_forged(self.ask(proxy, ("Mcp-Session-Id", "two" + one[-56:])))
        self.assert_forged(self.ask(proxy, ("Mcp-Session-Id", "one" + other[-56:])))

    def test_a_tag_of_another_field_is_forged(self):
        proxy = self.start(self.members("a", "b"), HEADER, COOKIE, {"header": "X-Session"})
        header, _ = self.begin(proxy)
        cookie, _ = self.begin_with_cookie(proxy)
        self.assert_forged(self.ask(proxy, ("Cookie", f"JSESSIONID={header}")))
        self.assert_forged(self.ask(proxy, ("Mcp-Session-Id", cookie)))
        self.assert_forged(self.ask(proxy, ("X-Session", header)))

    def test_a_tag_of_another_pool_is_forged(self):
        members = self.members("a", "b")
        config = config_of(members)
        config["pools"]["other"] = config["pools"]["app"]
        config["routes"].append({"path": "/other", "pool": "other"})
        proxy = self.start_limpet(config)
        sealed, member = self.begin(proxy)
        self.assertEqual(self.ask(proxy, ("Mcp-Session-Id", sealed)).member, member)
        self.assert_forged(self.ask(proxy, ("Mcp-Session-Id", sealed), target="/other"))
        sealed, member = self.begin(proxy, target="/other")
        self.assertEqual(self.ask(proxy, ("Mcp-Session-Id", sealed), target="/other/x").member, member)

    def test_a_forged_tag_may_be_placed_with_its_bare_value(self):
        members = self.members("a", "b")
        proxy = self.start(members, {**HEADER, "forged": "place"}, {**COOKIE, "forged": "place"})
        sealed, _ = self.begin(proxy)
        members_seen = set()
        for _ in range(30):
            response = self.ask(proxy, ("Mcp-Session-Id", self.forge(sealed)))
            self.assertEqual(self.seen(response, "Mcp-Session-Id"), ["7f3a"])
            members_seen.add(response.member)
        self.assertEqual(members_seen, {"a", "b"}, "as a new session")
        sealed, _ = self.begin_with_cookie(proxy)
        response = self.ask(proxy, ("Cookie", f"a=1; JSESSIONID={self.forge(sealed)}; b=2"))
        self.assertEqual(self.seen(response, "Cookie"), ["a=1; JSESSIONID=7f3a; b=2"])
        proxy.wait_for_metric("forged", lambda m: m.total("limpet_tokens_rejected_total", reason="forged") == 31)

    def test_keys_rotate(self):
        members = self.members("a", "b", "c")
        proxy = self.start(members)
        old, member = self.begin(proxy)
        proxy.reload(config_of(members, key=(OTHER_KEY, KEY)))
        self.assertEqual(self.ask(proxy, ("Mcp-Session-Id", old)).member, member)
        new, member_of_new = self.begin(proxy, "8e2b")
        proxy.reload(config_of(members, key=(OTHER_KEY,)))
        self.assertEqual(self.ask(proxy, ("Mcp-Session-Id", new)).member, member_of_new)
        self.assert_forged(self.ask(proxy, ("Mcp-Session-Id", old)))

    def test_the_tag_tells_nothing(self):
        proxy = self.start(self.members("member-with-a-name"))
        sealed, _ = self.begin(proxy, "v")
        self.assertRegex(sealed, r"^v~[A-Za-z0-9_-]{55}$")
        again, _ = self.begin(proxy, "v")
        self.assertEqual(sealed, again, "the same member, the same view, the same text")


class Members(EnvelopeTest):
    """What becomes of a session whose member goes."""

    def begin_at(self, proxy, member, count=1):
        """Sealed values of sessions that this member holds."""
        found = []
        for n in range(200):
            sealed, where = self.begin(proxy, f"session-{n}")
            if where == member:
                found.append(sealed)
            if len(found) == count:
                return found
        raise AssertionError(f"no session begins at {member}")

    def test_a_member_that_is_gone_is_replaced_by_the_same_one_on_all_proxies(self):
        a, b, c = self.members("a", "b", "c")
        proxies = self.start_two([a, b, c])
        sessions = self.begin_at(proxies[0], "a", count=20)
        for proxy in proxies:
            proxy.reload(config_of([b, c]))
        seen = set()
        for sealed in sessions:
            there = {self.ask(proxy, ("Mcp-Session-Id", sealed)).member for proxy in proxies * 2}
            self.assertEqual(len(there), 1, "the value's place in the ranking is the same everywhere")
            seen |= there
            response = self.ask(proxies[0], ("Mcp-Session-Id", sealed))
            self.assertEqual(self.seen(response, "Mcp-Session-Id"), [sealed[:-56]])
        self.assertEqual(seen, {"b", "c"})

    def test_each_request_counts_as_moved_until_the_application_issues_anew(self):
        """Only it can: what the client has names the member that is gone."""
        a, b = self.members("a", "b")
        proxy = self.start([a, b])
        (sealed,) = self.begin_at(proxy, "a")
        proxy.reload(config_of([b]))
        before = self.outcomes(proxy)

        def counted():
            after = self.outcomes(proxy)
            return after["moved"] - before["moved"], after["hit"] - before["hit"]

        for times in (1, 2, 3):
            self.ask(proxy, ("Mcp-Session-Id", sealed))
            self.assertEqual(counted(), (times, 0))
        self.assertEqual(proxy.metrics().total("limpet_sessions_moved_total", pool="app", reason="owner"), 3)
        issued = self.ask(proxy, ("Mcp-Session-Id", sealed), answer=[("Mcp-Session-Id", "7f3a")])
        self.assertEqual(counted(), (4, 0))
        self.ask(proxy, ("Mcp-Session-Id", issued.fields.get("Mcp-Session-Id")))
        self.assertEqual(counted(), (4, 1))

    def test_a_member_that_is_gone_is_told_where_fail_over_is_off(self):
        a, b = self.members("a", "b")
        proxy = self.start([a, b], pool={"fail_over": "refuse"})
        (sealed,) = self.begin_at(proxy, "a")
        proxy.reload(config_of([b], pool={"fail_over": "refuse"}))
        response = self.ask(proxy, ("Mcp-Session-Id", sealed))
        self.assert_refused(response, 503, "The member that held the session is gone.")
        proxy.wait_for_metric("refusals", lambda m: m.total("limpet_refusals_total", reason="member_gone") == 1)
        self.assertEqual(self.ask(proxy).status, 200, "new sessions begin")

    def test_a_member_that_restarted_is_another_member(self):
        a, b = self.members("a", "b")
        for fail_over, status in (("next", 200), ("refuse", 503)):
            with self.subTest(fail_over):
                pool = {"fail_over": fail_over}
                proxy = self.start([a.entry(incarnation="1"), b.entry(incarnation="1")], pool=pool)
                (sealed,) = self.begin_at(proxy, "a")
                proxy.reload(config_of([a.entry(incarnation="2"), b.entry(incarnation="1")], pool=pool))
                response = self.ask(proxy, ("Mcp-Session-Id", sealed))
                self.assertEqual(response.status, status)
                if status == 200:
                    self.assertEqual(self.seen(response, "Mcp-Session-Id"), [sealed[:-56]])
                proxy.reload(config_of([a.entry(incarnation="1"), b.entry(incarnation="1")], pool=pool))
                self.assertEqual(self.ask(proxy, ("Mcp-Session-Id", sealed)).member, "a")

    def test_an_unreachable_member_fails_over_or_not(self):
        for fail_over, status in (("next", 200), ("refuse", 503)):
            with self.subTest(fail_over):
                a, b = self.members("a", "b")
                proxy = self.start([a, b], pool={"fail_over": fail_over})
                (sealed,) = self.begin_at(proxy, "a")
                a.stop()
                response = self.ask(proxy, ("Mcp-Session-Id", sealed))
                self.assertEqual(response.status, status)
                if status == 200:
                    self.assertEqual(response.member, "b")
                    self.assertEqual(self.seen(response, "Mcp-Session-Id"), [sealed[:-56]])

    def test_a_draining_member_keeps_its_sessions_and_gets_no_more(self):
        a, b = self.members("a", "b")
        proxy = self.start([a, b])
        sessions = self.begin_at(proxy, "a", count=5)
        proxy.reload(config_of([a.entry(state="draining"), b]))
        for sealed in sessions:
            self.assertEqual(self.ask(proxy, ("Mcp-Session-Id", sealed)).member, "a")
        self.assertEqual({self.begin(proxy)[1] for _ in range(20)}, {"b"})

    def test_explain_tells_of_envelopes(self):
        a, b = self.members("a", "b")
        proxy = self.start([a.entry(incarnation="1"), b.entry(incarnation="1")])
        (sealed,) = self.begin_at(proxy, "a")

        def explain(value):
            return proxy.ask_admin(f"/explain?url=/&header=Mcp-Session-Id:{value}").json()

        told = explain(sealed)
        self.assertEqual(told["envelopes"][0]["state"], "valid")
        self.assertEqual(told["envelopes"][0]["pin"], {"member": "a", "state": "there"})
        self.assertEqual(told["decision"]["member"], "a")
        self.assertEqual(told["decision"]["reason"], "pin")
        told = explain(self.forge(sealed))
        self.assertEqual(told["envelopes"][0]["state"], "forged")
        self.assertEqual(told["decision"]["refusal"], "forged_envelope")
        proxy.reload(config_of([a.entry(incarnation="2"), b.entry(incarnation="1")]))
        told = explain(sealed)
        self.assertEqual(told["envelopes"][0]["pin"], {"member": "a", "state": "another_incarnation"})
        self.assertEqual(told["decision"]["sticky"], "moved")


class Cookies(EnvelopeTest):
    def test_a_session_returns_to_its_member_by_any_proxy(self):
        members = self.members("a", "b", "c")
        proxies = self.start_two(members, COOKIE)
        for n in range(12):
            value = f"{n:032X}.node1"
            sealed, member = self.begin_with_cookie(proxies[n % 2], value, "; Path=/; HttpOnly; SameSite=Lax")
            for proxy in proxies * 2:
                again = self.ask(proxy, ("Cookie", f"lang=de;JSESSIONID={sealed} ; theme=\"dark\""))
                self.assertEqual(again.member, member)
                self.assertEqual(self.seen(again, "Cookie"), [f"lang=de;JSESSIONID={value} ; theme=\"dark\""])

    def test_quotes_stay_around_the_value(self):
        proxy = self.start(self.members("a", "b"), COOKIE)
        response = self.ask(proxy, answer=[("Set-Cookie", 'JSESSIONID="7f3a"; Path=/')])
        sealed = re.fullmatch(r'JSESSIONID="(7f3a~[^"]*)"; Path=/', response.fields.get("Set-Cookie"))[1]
        again = self.ask(proxy, ("Cookie", f'JSESSIONID="{sealed}"'))
        self.assertEqual(again.member, response.member)
        self.assertEqual(self.seen(again, "Cookie"), ['JSESSIONID="7f3a"'])

    def test_of_several_the_member_reads_the_one_that_is_routed_by(self):
        members = self.members("a", "b")
        proxy = self.start(members, COOKIE)
        at = {}
        while len(at) < 2:
            sealed, member = self.begin_with_cookie(proxy, f"value-{len(at)}")
            at[member] = sealed
        for first, second in (("a", "b"), ("b", "a")):
            bare = at[first][:-56]
            for cookies in (
                [f"JSESSIONID={at[first]}; JSESSIONID={at[second]}"],
                [f"JSESSIONID=bare; JSESSIONID={at[first]}; x=y; JSESSIONID={at[second]}"],
                [f"JSESSIONID={at[first]}", f"JSESSIONID={at[second]}"],
                [f"JSESSIONID={self.forge(at[second])}; JSESSIONID={at[first]}"],
            ):
                response = self.ask(proxy, *[("Cookie", one) for one in cookies])
                self.assertEqual(response.member, first)
                joined = "; ".join(self.seen(response, "Cookie"))
                self.assertEqual(re.findall(r"JSESSIONID=([^;]*)", joined), [bare])

    def test_a_cookie_that_is_deleted_passes_as_it_is(self):
        proxy = self.start(self.members("a"), COOKIE)
        for issued in (
            "JSESSIONID=; Path=/",
            "JSESSIONID=deleted; Max-Age=0",
            "JSESSIONID=deleted; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        ):
            response = self.ask(proxy, answer=[("Set-Cookie", issued)])
            self.assertEqual(response.fields.get("Set-Cookie"), issued)

    def test_other_cookies_of_an_answer_pass(self):
        proxy = self.start(self.members("a"), COOKIE)
        issued = ["lang=de", "JSESSIONID=1; Path=/a", "JSESSIONIDX=2", "jsessionid=3", "JSESSIONID=4; Path=/b"]
        response = self.ask(proxy, answer=[("Set-Cookie", one) for one in issued])
        got = response.fields.all("Set-Cookie")
        self.assertEqual([re.sub(r"~[A-Za-z0-9_-]{55}", "", one) for one in got], issued)
        self.assertEqual([one for one in got if "~" in one], [got[1], got[4]])

    def test_two_envelopes_and_another_key(self):
        members = self.members("a", "b", "c")
        keys = {"session": {"key": [{"envelope": HEADER}, {"header": "X-User"}, {"envelope": COOKIE}]}}
        proxy = self.start(members, pool=keys)
        at = {}
        while len(at) < 3:
            sealed, member = self.begin_with_cookie(proxy, f"value-{len(at)}")
            at[member] = sealed
        cookie = ("Cookie", f"JSESSIONID={at['a']}")
        self.assertEqual(self.ask(proxy, cookie).member, "a")
        header, of_header = self.begin(proxy)
        both = self.ask(proxy, cookie, ("Mcp-Session-Id", header))
        self.assertEqual(both.member, of_header, "the first source counts")
        self.assertEqual(self.seen(both, "Cookie"), [f"JSESSIONID={at['a'][:-56]}"])
        users = {self.ask(proxy, ("X-User", "alice")).member for _ in range(5)}
        self.assertEqual({self.ask(proxy, ("X-User", "alice"), cookie).member}, users)
        self.seen(self.ask(proxy, ("X-User", "alice"), cookie), "Cookie")


class Streams(EnvelopeTest):
    def test_a_websocket_reaches_its_session_and_may_begin_one(self):
        members = self.members("a", "b", "c")
        proxies = self.start_two(members, HEADER, COOKIE)
        sealed, member = self.begin_with_cookie(proxies[0])
        for proxy in proxies * 2:
            socket = self.open_websocket(proxy.address, headers=[("Cookie", f"JSESSIONID={sealed}")])
            self.assertEqual(socket.ask("hello"), f"{member}: hello")
        for peer in members:
            for request in peer.requests:
                self.assertNotIn("~", request.fields.get("Cookie") or "")
        answer = json.dumps([("Mcp-Session-Id", "ws-1"), ("Set-Cookie", "JSESSIONID=ws-2")])
        socket = self.open_websocket(proxies[0].address, headers=[("X-Answer", answer)])
        member = socket.ask("x").split(":")[0]
        header = socket.response.fields.get("Mcp-Session-Id")
        cookie = socket.response.fields.get("Set-Cookie")
        self.assertRegex(header, SUFFIX)
        self.assertRegex(cookie, SUFFIX)
        self.assertEqual(self.ask(proxies[1], ("Mcp-Session-Id", header)).member, member)
        self.assertEqual(self.ask(proxies[1], ("Cookie", cookie)).member, member)

    def test_an_event_stream_reaches_its_session_and_may_begin_one(self):
        members = self.members("a", "b", "c")
        proxies = self.start_two(members)
        sealed, member = self.begin(proxies[0])
        for proxy in proxies:
            connection = self.connect(proxy.address)
            answer = json.dumps([("Mcp-Session-Id", "7f3a")])
            connection.send_request("GET", "/events", [("Mcp-Session-Id", sealed), ("X-Answer", answer)])
            head = connection.read_head()
            self.assertEqual(head.member, member)
            self.assertEqual(head.fields.get("Mcp-Session-Id"), sealed)
            self.assertEqual(connection.read_chunk(), f"data: {member}\n\n".encode())
        for peer in members:
            peer.release()

    def open_at(self, proxy, member, *fields):
        """A WebSocket that reaches this member."""
        for _ in range(200):
            socket = self.open_websocket(proxy.address, headers=fields)
            if socket.response.member == member:
                return socket
            socket.close()
        raise AssertionError(f"no WebSocket reaches {member}")

    def test_a_stream_that_began_a_session_stays_with_a_member_that_drains(self):
        """As its next request would: until the member is removed."""
        a, b = self.members("a", "b")
        pool = {
            "session": {"key": [{"header": "X-User"}, {"envelope": HEADER}]},
            "on_remove": {"per_second": 100000, "jitter_percent": 0},
        }
        proxy = self.start([a, b], pool=pool, workers=1)
        issue = ("X-Answer", json.dumps([("Mcp-Session-Id", "7f3a")]))
        begun = self.open_at(proxy, "a", issue)
        events = self.connect(proxy.address)
        while True:
            events.send_request("GET", "/events", [issue])
            if events.read_head().member == "a":
                break
            events = self.connect(proxy.address)
        self.assertEqual(events.read_chunk(), b"data: a\n\n")
        user = next(one for one in map(str, range(100)) if self.ask(proxy, ("X-User", one)).member == "a")
        users = self.open_at(proxy, "a", ("X-User", user), issue)
        nobodys = self.open_at(proxy, "a")

        proxy.reload(config_of([a.entry(state="draining"), b], pool=pool, workers=1))
        for socket in (users, nobodys):  # the last to be let go
            self.assertEqual(socket.read_frame().close_code, 1012)
        self.assertEqual(begun.ask("hello"), "a: hello")
        let_go = lambda: proxy.metrics().total("limpet_streams_let_go_total")
        self.assertEqual(let_go(), 2)
        proxy.reload(config_of([b], pool=pool, workers=1))
        self.assertEqual(begun.read_frame().close_code, 1012)
        self.assertEqual(events.read_chunk(), b"")
        self.assertEqual(let_go(), 4)

    def test_trailers_carry_no_session(self):
        """Neither way: who gets them does not read them as fields of the head."""
        coded = (
            b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
            b"X-Sum: 42\r\nmcp-session-id: 7f3a\r\nSet-Cookie: JSESSIONID=7f3a\r\nX-Session: 17\r\n\r\n"
        )
        origin = self.start_origin(answering(b"HTTP/1.1 200 OK\r\n" + coded))
        proxy = self.start([origin], HEADER, COOKIE)
        client = self.connect(proxy.address)
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\n" + coded)
        passed = [("X-Sum", "42"), ("X-Session", "17")]
        self.assertEqual(client.read_response().trailers.lines, passed)
        self.assertEqual(origin.requests[0].trailers.lines, passed)

        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        origin.wait_for_requests(2)
        client.send(coded[coded.index(b"0\r\nX-Sum") :])
        self.assertEqual(client.read_response().trailers.lines, passed)
        self.assertEqual(origin.requests[1].trailers.lines, passed, "also where they come late")

    def test_interim_answers_are_sealed_as_well(self):
        proxy = self.start(self.members("a"))
        response = self.ask(proxy, target="/early", answer=[("Mcp-Session-Id", "7f3a")])
        (early,) = response.interim
        self.assertEqual(early.status, 103)
        self.assertEqual(early.fields.get("Mcp-Session-Id"), response.fields.get("Mcp-Session-Id"))
        self.assertRegex(early.fields.get("Mcp-Session-Id"), SUFFIX)


if __name__ == "__main__":
    unittest.main()
