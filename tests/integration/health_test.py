"""Members that are ill: active checks, ejection for bad answers, and a slow start for those that come."""

import collections
import json
import os
import signal
import unittest

from harness.case import IntegrationTest, program
from harness.client import ConnectionEnded
from harness.etcd import Etcd
from harness.limpet import static_config
from harness.patient import Patient
from harness.waiting import wait_until

SESSIONS = [f"user-{number}" for number in range(60)]
QUICK = {"http": {"path": "/healthz"}, "interval": "20ms", "timeout": "10s", "healthy": 2, "unhealthy": 2}


class HealthTest(IntegrationTest):
    def patients(self, names="abc"):
        return [Patient(self, name) for name in names]

    def ask(self, proxy, session, target="/"):
        """On a connection of its own: any worker may have it."""
        return self.fetch(proxy.address, target, headers=[("X-User-Id", session)])

    def owners(self, proxy):
        """Who answers each session, or with which status it was refused; each session on a connection of its own."""
        answers = {session: self.ask(proxy, session) for session in SESSIONS}
        return {session: got.text() if got.status == 200 else got.status for session, got in answers.items()}

    def session_of(self, proxy, name):
        """Returns once the proxy is done with what was asked: a good answer ends a streak only when it is through."""

        def done(metrics):
            return sum(count for _, count in metrics.matching("limpet_requests_total"))

        before = done(proxy.metrics())
        owners = self.owners(proxy)
        proxy.wait_for_metric("the end of all requests", lambda metrics: done(metrics) >= before + len(owners))
        return next(session for session, owner in owners.items() if owner == name)

    def member(self, proxy, name, pool="app"):
        """What /members shows of it."""
        found = next(one for one in proxy.members()["pools"] if one["name"] == pool)
        return next(one for one in found["members"] if one["id"] == name)

    def wait_for_standing(self, proxy, name, left_out, pool="app"):
        """Until it is left out for that reason; None: not at all."""
        wait_until(lambda: self.member(proxy, name, pool).get("left_out") == left_out, f"{name} being {left_out}")

    def why_not(self, proxy, name):
        ranking = proxy.ask_admin("/explain?pool=app&key=user-1").json()["ranking"]
        return next(row.get("why_not") for row in ranking if row["member"] == name)

    def assert_only_moved_from(self, name, before, after):
        for session, owner in before.items():
            if owner == name:
                self.assertNotEqual(after[session], name, session)
            else:
                self.assertEqual(after[session], owner, session)


class ActiveChecks(HealthTest):
    def test_a_member_that_says_503_is_left_alone_by_all_workers_and_comes_back(self):
        a, b, c = self.patients()
        proxy = self.start_limpet(static_config([a, b, c], pool={"health": QUICK}))
        wait_until(lambda: self.member(proxy, "b")["health"] == {"check": "healthy"}, "the first check")
        before = self.owners(proxy)
        self.assertEqual(set(before.values()), {"a", "b", "c"})

        b.health = 503
        self.wait_for_standing(proxy, "b", "unhealthy")
        requests = len([one for one in b.origin.requests if one.target == "/"])
        self.assert_only_moved_from("b", before, self.owners(proxy))
        self.assertEqual(len([one for one in b.origin.requests if one.target == "/"]), requests, "no worker asks it")
        shown = self.member(proxy, "b")
        self.assertEqual((shown["up"], shown["ejected"]), (False, False))
        self.assertEqual(shown["health"], {"check": "unhealthy", "last_error": "status 503"})
        self.assertEqual(self.why_not(proxy, "b"), "unhealthy")
        self.assertIsNone(self.why_not(proxy, "a"))
        metrics = proxy.metrics()
        for name, values in (
            ("limpet_member_up", {"a": 1, "b": 0}),
            ("limpet_member_health", {"a": 1, "b": 0}),
            ("limpet_member_ejected", {"a": 0, "b": 0}),
        ):
            for member, value in values.items():
                self.assertEqual(metrics.total(name, member=member), value, (name, member))
        self.assertGreaterEqual(metrics.total("limpet_health_checks_total", member="b", result="failed"), 2)
        self.assertEqual(metrics.total("limpet_health_checks_total", member="a", result="failed"), 0)

        b.health = 204
        self.wait_for_standing(proxy, "b", None)
        self.assertEqual(self.owners(proxy), before)
        self.assertEqual(proxy.process.output().count("member b is unhealthy: status 503"), 1, "told once, not each time")
        self.assertEqual(proxy.process.output().count("member b is healthy again"), 1)

    def test_what_a_check_sends(self):
        (a,) = self.patients("a")
        health = {**QUICK, "http": {"path": "/healthz?deep=1"}}
        self.start_limpet(static_config([a], pool={"health": health}))
        a.origin.wait_for_requests(1)
        request = a.origin.requests[0]
        self.assertEqual((request.method, request.target), ("GET", "/healthz?deep=1"))
        self.assertEqual(request.fields.get("Host"), a.address)
        self.assertEqual(request.fields.get("Connection"), "close")

    def test_a_member_that_takes_a_check_and_never_answers_is_unhealthy(self):
        a, b = self.patients("ab")
        proxy = self.start_limpet(static_config([a, b], pool={"health": {**QUICK, "timeout": "50ms"}}))
        before = self.owners(proxy)
        b.health = None
        self.wait_for_standing(proxy, "b", "unhealthy")
        self.assertIn("no answer in time", self.member(proxy, "b")["health"]["last_error"])
        self.assert_only_moved_from("b", before, self.owners(proxy))

    def test_over_tcp_and_by_a_unix_socket(self):
        folder = self.folder()
        for address in ("127.0.0.1:0", f"unix:{folder}/member.sock"):
            with self.subTest(address):
                a, b = Patient(self, "a"), Patient(self, "b", address)
                health = {**QUICK, "http": None, "tcp": {}}
                health.pop("http")
                proxy = self.start_limpet(static_config([a, b], pool={"health": health}))
                wait_until(lambda: self.member(proxy, "b")["health"]["check"] == "healthy", "a verdict")
                b.origin.stop()
                self.wait_for_standing(proxy, "b", "unhealthy")
                self.assertIn("connecting", self.member(proxy, "b")["health"]["last_error"])
                self.assertEqual(set(self.owners(proxy).values()), {"a"})
                again = Patient(self, "b", b.address)
                self.wait_for_standing(proxy, "b", None)
                self.assertEqual(set(self.owners(proxy).values()), {"a", "b"})
                again.origin.stop()

    def test_where_sessions_wait_for_their_member_they_are_told_503(self):
        a, b = self.patients("ab")
        proxy = self.start_limpet(static_config([a, b], pool={"health": QUICK, "fail_over": "refuse"}))
        before = self.owners(proxy)
        b.health = 500
        self.wait_for_standing(proxy, "b", "unhealthy")
        after = self.owners(proxy)
        self.assertEqual(after, {session: 503 if owner == "b" else owner for session, owner in before.items()})
        refused = self.ask(proxy, next(session for session, owner in before.items() if owner == "b"))
        self.assertRegex(refused.fields.get("Retry-After"), r"^[1-9]\d*$")

    def test_with_all_members_unhealthy_there_is_503_and_then_all_are_back(self):
        patients = self.patients()
        proxy = self.start_limpet(static_config(patients, pool={"health": QUICK}))
        before = self.owners(proxy)
        for one in patients:
            one.health = 503
        for one in patients:
            self.wait_for_standing(proxy, one.name, "unhealthy")
        self.assertEqual(set(self.owners(proxy).values()), {503})
        self.assertEqual(self.fetch(proxy.address).status, 503, "without a key, too")
        for one in patients:
            one.health = 200
        for one in patients:
            self.wait_for_standing(proxy, one.name, None)
        self.assertEqual(self.owners(proxy), before)

    def test_a_new_member_counts_as_healthy_until_checks_say_otherwise(self):
        (a,) = self.patients("a")
        a.health = 503
        proxy = self.start_limpet(static_config([a], pool={"health": {**QUICK, "interval": "1h"}}))
        wait_until(lambda: proxy.metrics().total("limpet_health_checks_total", result="failed") >= 1, "the first check")
        shown = self.member(proxy, "a")
        self.assertEqual((shown["up"], shown["health"]), (True, {"check": "unknown", "last_error": "status 503"}))
        self.assertEqual(self.ask(proxy, "alice").text(), "a")

    def test_a_passed_check_ends_the_pause_after_a_failed_connect(self):
        """Which has grown to half a minute, and no request has to try."""
        a, b = self.patients("ab")
        health = {"tcp": {}, "interval": "20ms", "unhealthy": 100}
        proxy = self.start_limpet(static_config([a, b], pool={"health": health}))
        session = self.session_of(proxy, "b")
        b.origin.stop()
        wait_until(lambda: self.ask(proxy, session).text() == "a", "the next member")
        proxy.process.wait_for_output("member b cannot be reached: ")
        again = Patient(self, "b", b.address)
        proxy.process.wait_for_output("member b can be reached again")
        self.assertEqual(self.ask(proxy, session).text(), "b")
        self.assertEqual(again.manner, "good")

    def test_what_is_under_way_at_an_unhealthy_member_is_left_alone(self):
        a, b = self.patients("ab")
        proxy = self.start_limpet(static_config([a, b], pool={"health": QUICK}))
        user = [("X-User-Id", self.session_of(proxy, "b"))]
        tunnel = self.open_websocket(proxy.address, headers=user)
        request = self.connect(proxy.address)
        request.send_request("GET", "/hold", user)
        b.wait_for_held(1)
        b.health = 503
        self.wait_for_standing(proxy, "b", "unhealthy")
        tunnel.send(b"\x81\x85\x00\x00\x00\x00hello")
        self.assertEqual(tunnel.read_exactly(11), b"\x81\x85\x00\x00\x00\x00hello")
        b.let_held("good")
        self.assertEqual(request.read_response("GET").text(), "b")

    def test_a_reload_with_other_settings_begins_anew_in_that_pool_alone(self):
        a, b = self.patients("ab")
        config = static_config([a], pool={"health": QUICK}, routes=[{"path": "/", "pool": "app"}])
        other = {"members": {"static": [b.entry()]}, "session": {"key": [{"header": "X-User-Id"}]}, "health": QUICK}
        config["pools"]["other"] = other
        config["routes"].append({"path": "/other", "pool": "other"})
        proxy = self.start_limpet(config)
        a.health = b.health = 503
        self.wait_for_standing(proxy, "a", "unhealthy")
        self.wait_for_standing(proxy, "b", "unhealthy", pool="other")

        proxy.reload(config)
        self.assertEqual(self.member(proxy, "a")["health"]["check"], "unhealthy", "nothing changed")

        config["pools"]["app"]["health"] = {**QUICK, "http": {"path": "/ready", "status": [503]}}
        proxy.reload(config)
        self.assertEqual(self.member(proxy, "b", "other")["health"]["check"], "unhealthy")
        wait_until(lambda: self.member(proxy, "a")["health"]["check"] == "healthy", "a verdict by the new settings")
        self.assertIn("/ready", a.checked_paths)
        self.assertNotIn("/ready", b.checked_paths)
        self.assertEqual(self.ask(proxy, "alice").text(), "a")

        del config["pools"]["app"]["health"]
        a.health = 200  # which would be unhealthy by now
        proxy.reload(config)
        self.assertNotIn("health", self.member(proxy, "a"))
        self.assertEqual(self.ask(proxy, "alice").text(), "a")

    def test_checks_end_when_their_member_leaves(self):
        a, b = self.patients("ab")
        config = static_config([a, b], pool={"health": QUICK})
        proxy = self.start_limpet(config)
        wait_until(lambda: a.checks > 2 and b.checks > 2, "checks of both")
        b.health = None  # one is under way, for ten seconds
        wait_until(lambda: proxy.metrics().total("limpet_health_checks_under_way") >= 1, "a check under way")
        config["pools"]["app"]["members"]["static"].pop()
        proxy.reload(config)
        checks = b.checks
        seen = a.checks
        wait_until(lambda: a.checks > seen + 20, "more checks of the other")
        self.assertLessEqual(b.checks, checks + 1, "one may have been on its way")
        # Not b's, which would be for ten seconds.
        wait_until(lambda: proxy.metrics().total("limpet_health_checks_under_way") == 0, "none under way", 5)
        self.assertEqual(proxy.metrics().matching("limpet_member_health", member="b"), [])


class Ejection(HealthTest):
    def start(self, patients, pool=None, **ejection):
        """What is ejected stays so for the test's time, unless it says otherwise."""
        ejection = {"consecutive_failures": 3, "base": "1h", "longest": "1h", **ejection}
        timeouts = {"answer": "100ms", "connect": "5s"}
        self.config = static_config(patients, pool={"ejection": ejection, "timeouts": timeouts, **(pool or {})})
        return self.start_limpet(self.config)

    def statuses(self, proxy, session, count):
        return [self.ask(proxy, session).status for _ in range(count)]

    def ejections(self, proxy, **labels):
        return proxy.metrics().total("limpet_ejections_total", **labels)

    def test_a_member_that_takes_requests_and_never_answers(self):
        a, b, c = self.patients()
        proxy = self.start([a, b, c])
        before = self.owners(proxy)
        session = self.session_of(proxy, "b")
        b.manner = "silent"
        self.assertEqual(self.statuses(proxy, session, 4), [504, 504, 504, 200])
        self.assert_only_moved_from("b", before, self.owners(proxy))
        shown = self.member(proxy, "b")
        self.assertEqual((shown["up"], shown["left_out"], shown["ejected"]), (False, "ejected", True))
        self.assertTrue(3000 < shown["ejected_for_s"] <= 3600, shown)
        self.assertEqual(self.why_not(proxy, "b"), "ejected")
        self.assertEqual(self.ejections(proxy, member="b", reason="answer_timeout"), 1)
        self.assertEqual(self.ejections(proxy), 1)
        metrics = proxy.metrics()
        self.assertEqual([metrics.total("limpet_member_ejected", member=name) for name in "abc"], [0, 1, 0])
        self.assertEqual([metrics.total("limpet_member_up", member=name) for name in "abc"], [1, 0, 1])
        self.assertEqual(proxy.process.output().count("member b is ejected for 3600000 ms: answer_timeout"), 1)

    def test_members_that_end_the_connection_or_speak_nonsense(self):
        for script, reason in (
            (lambda peer: peer.read_request(), "member_closed_early"),
            (lambda peer: (peer.read_request(), peer.send(b"HTTP/1.1 2000 Odd\r\n\r\n")), "malformed_answer"),
            (lambda peer: (peer.read_request(), peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")),
             "member_closed_early"),
        ):
            with self.subTest(reason):
                a, bad = Patient(self, "a"), self.start_origin(script)
                proxy = self.start([a, bad])
                wait_until(lambda: self.fetch_all(proxy) and self.ejections(proxy, member="b", reason=reason) == 1, reason)
                self.assertEqual(set(self.owners(proxy).values()), {"a"})

    def fetch_all(self, proxy):
        for session in SESSIONS:
            try:
                self.ask(proxy, session)
            except (ConnectionEnded, OSError):
                pass  # an answer that was cut
        return True

    def test_a_good_answer_between_ends_the_streak(self):
        a, b = self.patients("ab")
        proxy = self.start([a, b])
        session = self.session_of(proxy, "b")
        client, user = self.connect(proxy.address), [("X-User-Id", session)]
        for _ in range(4):
            b.manner = "rude"
            self.assertEqual([client.request(headers=user).status for _ in range(2)], [502, 502])
            b.manner = "good"
            self.assertEqual(client.request(headers=user).text(), "b")
        self.assertEqual(self.ejections(proxy), 0)

    def test_never_more_than_the_share_that_may_be(self):
        a, b, c = self.patients()
        proxy = self.start([a, b, c])  # 50 % of three: one
        sessions = [self.session_of(proxy, name) for name in "bc"]
        b.manner = c.manner = "silent"
        self.assertEqual(self.statuses(proxy, sessions[0], 3), [504] * 3)
        self.assertEqual(self.statuses(proxy, sessions[1], 7), [504] * 7)
        metrics = proxy.metrics()
        self.assertEqual([metrics.total("limpet_member_ejected", member=name) for name in "abc"], [0, 1, 0])
        self.assertEqual(metrics.total("limpet_ejections_withheld_total"), 2)
        self.assertEqual(metrics.total("limpet_ejections_total"), 1)

        self.config["pools"]["app"]["ejection"]["max_ejected_percent"] = 67
        proxy.reload(self.config)
        self.assertEqual(self.statuses(proxy, sessions[1], 3)[-1], 200)
        self.assertEqual(set(self.owners(proxy).values()), {"a"})
        a.manner = "silent"
        self.config["pools"]["app"]["ejection"]["max_ejected_percent"] = 100
        proxy.reload(self.config)
        self.assertEqual(self.statuses(proxy, sessions[1], 4), [504] * 4)
        self.assertEqual(proxy.metrics().total("limpet_member_up", member="a"), 1, "the last one stays")

    def test_is_in_use_again_after_its_time_and_one_more_failure_ejects_it_again(self):
        a, b = self.patients("ab")
        proxy = self.start([a, b], base="100ms", longest="1h")
        session = self.session_of(proxy, "b")
        b.manner = "rude"
        self.assertEqual(self.statuses(proxy, session, 3), [502] * 3)
        self.assertEqual(self.ejections(proxy, member="b"), 1)
        for ejected in (2, 3, 4):
            self.wait_for_standing(proxy, "b", None)
            self.assertEqual(self.ask(proxy, session).status, 502)
            self.assertEqual(self.ejections(proxy, member="b"), ejected)
        self.assertIn("member b is ejected for 400 ms", proxy.process.output())
        b.manner = "good"
        self.wait_for_standing(proxy, "b", None)
        client, user = self.connect(proxy.address), [("X-User-Id", session)]
        self.assertEqual(client.request(headers=user).text(), "b")
        b.manner = "rude"
        # On the same connection: a good answer counts once it is through, and another worker might be faster.
        self.assertEqual([client.request(headers=user).status for _ in range(2)], [502] * 2)
        self.assertEqual(self.ejections(proxy, member="b"), 4, "a good answer has ended the probation")

    def test_errors_of_the_application_eject_only_where_that_is_asked_for(self):
        a, b = self.patients("ab")
        proxy = self.start([a, b])
        session = self.session_of(proxy, "b")
        b.manner = "ill"
        self.assertEqual(self.statuses(proxy, session, 20), [500] * 20)
        self.assertEqual(self.ejections(proxy), 0)
        self.config["pools"]["app"]["ejection"]["consecutive_5xx"] = 4
        proxy.reload(self.config)
        self.assertEqual(self.statuses(proxy, session, 5), [500] * 4 + [200])
        self.assertEqual(self.ejections(proxy, member="b", reason="server_error"), 1)

    def test_a_crash_that_cuts_many_requests_is_one_failure(self):
        a, b = self.patients("ab")
        proxy = self.start([a, b], pool={"timeouts": {"answer": "1m"}})
        user = [("X-User-Id", self.session_of(proxy, "b"))]
        clients = [self.connect(proxy.address) for _ in range(20)]
        for client in clients:
            client.send_request("POST", "/hold", user)  # which is not sent again
        b.wait_for_held(len(clients))
        b.let_held("rude")
        self.assertEqual({client.read_response("POST").status for client in clients}, {502})
        self.assertEqual(self.ejections(proxy), 0)
        self.assertEqual(self.fetch(proxy.address, headers=user).text(), "b")

    def test_a_stale_connection_is_no_failure(self):
        """A member that closes idle connections meets requests now and then: sent again, and nobody's fault."""
        served = collections.Counter()

        def script(peer):
            peer.read_request()
            peer.respond(b"b")
            peer.read_request()
            served["stale"] += 1  # and ends the connection

        a, b = Patient(self, "a"), self.start_origin(script)
        proxy = self.start([a, b], consecutive_failures=1)
        session = self.session_of(proxy, "b")
        for _ in range(10):
            self.assertEqual(self.ask(proxy, session).text(), "b")
        self.assertGreater(served["stale"], 0)
        self.assertEqual(self.ejections(proxy), 0)

    def test_clients_that_leave_are_no_failures(self):
        a, b = self.patients("ab")
        proxy = self.start([a, b], consecutive_failures=1, pool={"timeouts": {"answer": "1m"}})
        user = [("X-User-Id", self.session_of(proxy, "b"))]
        b.manner = "silent"
        for left in range(1, 4):
            client = self.connect(proxy.address)
            client.send_request("GET", "/", user)
            client.close()
            proxy.wait_for_metric("a client gone", lambda m, n=left: m.total("limpet_client_aborts_total") >= n)
        self.assertEqual(self.ejections(proxy), 0)

    def test_what_is_under_way_at_an_ejected_member_is_left_alone(self):
        a, b = self.patients("ab")
        proxy = self.start([a, b], pool={"timeouts": {"answer": "1m"}})
        user = [("X-User-Id", self.session_of(proxy, "b"))]
        tunnel = self.open_websocket(proxy.address, headers=user)
        held = self.connect(proxy.address)
        held.send_request("GET", "/hold", user)
        b.wait_for_held(1)
        b.manner = "rude"
        self.assertEqual(self.statuses(proxy, user[0][1], 4), [502, 502, 502, 200])
        tunnel.send(b"\x81\x85\x00\x00\x00\x00hello")
        self.assertEqual(tunnel.read_exactly(11), b"\x81\x85\x00\x00\x00\x00hello")
        b.let_held("good")
        self.assertEqual(held.read_response("GET").text(), "b")
        self.assertTrue(self.member(proxy, "b")["ejected"], "an answer to a request of before changes nothing")

    def test_where_sessions_wait_for_their_member_they_are_told_503(self):
        a, b = self.patients("ab")
        proxy = self.start([a, b], pool={"fail_over": "refuse"})
        session = self.session_of(proxy, "b")
        b.manner = "silent"
        self.assertEqual(self.statuses(proxy, session, 5), [504, 504, 504, 503, 503])

    def test_a_member_that_its_checks_find_healthy_again_is_ejected_no_more(self):
        a, b = self.patients("ab")
        proxy = self.start([a, b], pool={"health": QUICK})
        session = self.session_of(proxy, "b")
        b.manner = "rude"
        self.assertEqual(self.statuses(proxy, session, 4), [502, 502, 502, 200])
        checks = b.checks
        wait_until(lambda: b.checks > checks + 5, "passed checks")
        self.assertTrue(self.member(proxy, "b")["ejected"], "a check that passes all along says nothing new")
        b.health = 503
        self.wait_for_standing(proxy, "b", "unhealthy")
        b.health, b.manner = 200, "good"
        self.wait_for_standing(proxy, "b", None)
        self.assertEqual(self.ask(proxy, session).text(), "b")

    def test_a_reload_without_ejection_brings_all_back(self):
        a, b = self.patients("ab")
        proxy = self.start([a, b])
        session = self.session_of(proxy, "b")
        b.manner = "rude"
        self.assertEqual(self.statuses(proxy, session, 4), [502, 502, 502, 200])
        self.config["pools"]["app"]["ejection"]["consecutive_failures"] = 0
        proxy.reload(self.config)
        self.assertEqual(self.statuses(proxy, session, 10), [502] * 10)


class SlowStart(HealthTest):
    KEY = "/limpet/app/members/b"

    def setUp(self):
        self.etcd = Etcd(self)

    def start_agent(self, address, **settings):
        path = os.path.join(self.folder(), "agent.yaml")
        with open(path, "w", encoding="utf-8") as file:
            agent = {"drain": "2s", "lease_ttl": "2s", "check": {"interval": "50ms"}, **settings}
            json.dump({"etcd": {"endpoints": [self.etcd.url]}, "agent": agent}, file)
        arguments = ["--pool", "app", "--id", "b", "--address", address, "-c", path]
        return self.start_program("agent", [program("LIMPET"), "agent", *arguments])

    def value(self):
        text = self.etcd.get(self.KEY)
        return json.loads(text) if text else {}

    def history(self):
        """All weights that the key had, in order."""
        shown = json.loads(self.etcd.control("get", self.KEY, "-w", "json"))["kvs"][0]
        weights = []
        for revision in range(shown["create_revision"], shown["mod_revision"] + 1):
            text = self.etcd.control("get", "--print-value-only", "--rev", str(revision), self.KEY)
            weights.append(json.loads(text)["weight"])
        return weights

    def test_the_weight_grows_and_each_session_moves_once_and_to_the_newcomer(self):
        a, b = self.patients("ab")
        self.etcd.put("/limpet/app/members/a", json.dumps({"address": a.address, "weight": 10, "state": "ready"}))
        config = static_config([], pool={"members": None}, etcd={"endpoints": [self.etcd.url]})
        config["pools"]["app"]["members"] = {"etcd": {}}
        proxy = self.start_limpet(config)
        wait_until(lambda: set(self.owners(proxy).values()) == {"a"}, "the first member")

        agent = self.start_agent(b.address, weight=10, slow_start="3s")
        seen = {session: ["a"] for session in SESSIONS}

        def grown():
            for session, owner in self.owners(proxy).items():
                if owner != seen[session][-1]:
                    seen[session].append(owner)
            return self.member(proxy, "b")["weight"] == 10 if len(proxy.members()["pools"][0]["members"]) > 1 else False

        wait_until(grown, "the whole weight")
        grown()
        for session, owners in seen.items():
            self.assertIn(owners, (["a"], ["a", "b"]), session)
        moved = sum(len(owners) - 1 for owners in seen.values())
        self.assertTrue(10 < moved < 50, f"about half of 60: {moved}")

        weights = self.history()
        self.assertEqual((weights[0], weights[-1]), (1, 10))
        self.assertEqual(weights, sorted(set(weights)), "each step is one more")
        self.assertGreater(len(weights), 3, weights)
        agent.wait_for_output("has weight 10 of 10")

    def test_a_drain_in_its_middle_keeps_the_weight(self):
        agent = self.start_agent(self.patients("b")[0].address, weight=100, slow_start="1h")
        wait_until(lambda: self.value().get("weight") == 10, "the first step")
        agent.send_signal(signal.SIGTERM)
        wait_until(lambda: self.value().get("state") == "draining", "the drain")
        self.assertEqual(self.value()["weight"], 10)
        self.assertEqual(agent.wait(), 0)
        self.assertIsNone(self.etcd.get(self.KEY))

    def test_a_lost_registration_comes_back_with_the_weight_that_it_had(self):
        self.start_agent(self.patients("b")[0].address, weight=10, slow_start="1s")
        wait_until(lambda: self.value().get("weight") == 10, "the whole weight")
        lease = json.loads(self.etcd.control("get", self.KEY, "-w", "json"))["kvs"][0]["lease"]
        self.etcd.control("lease", "revoke", f"{lease:x}")
        wait_until(lambda: self.value().get("weight"), "the registration")
        self.assertEqual(self.value()["weight"], 10)
        self.assertEqual(self.history(), [10])

    def test_with_nothing_to_raise_the_agent_says_so(self):
        agent = self.start_agent(self.patients("b")[0].address, slow_start="1m")
        agent.wait_for_output("with a weight of 1 there is nothing to raise")
        wait_until(lambda: self.value().get("weight") == 1, "the registration")


if __name__ == "__main__":
    unittest.main()
