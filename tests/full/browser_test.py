"""A browser behind Limpet: it gets a cookie and keeps it, stays with its member, and does not notice a reload of the proxy."""

import json
import signal
import time
import unittest

from browser import Browser
from harness.case import IntegrationTest
from harness.limpet import static_config

MAX_AGE_S = 3600
CLOCK_S = 300  # how far a cookie's expiry may be off: it is the browser's clock, and a slow machine

# What a page does that lives from its connections, and what happens to them.
PAGE = """
window.seen = {echoes: [], ticks: [], opened: 0, closed: [], errors: 0, eventMember: null};
window.socket = new WebSocket(`ws://${location.host}/ws`);
socket.onopen = () => ++seen.opened;
socket.onmessage = message => seen.echoes.push(message.data);
socket.onclose = event => seen.closed.push([event.code, event.wasClean]);
window.events = new EventSource('/events?interval=20');
events.onopen = () => ++seen.opened;
events.onerror = () => ++seen.errors;
events.onmessage = event => {
  const data = JSON.parse(event.data);
  seen.eventMember = data.member;
  seen.ticks.push(data.tick);
};
"""

COUNT = """
const count = async times => {
  const answers = [];
  for (let i = 0; i < times; ++i) answers.push(await (await fetch('/counter', {method: 'POST'})).json());
  return answers;
};
return count(arguments[0]);
"""


def config(members, **sections):
    source = {"cookie": "limpet", "issue": {"max_age": f"{MAX_AGE_S}s"}, "pin": True}
    keys = [{"id": "k1", "secret": "a secret that is long enough to sign with"}]
    return static_config(members, pool={"session": {"key": [source]}}, signing={"keys": keys}, **sections)


class BrowserTest(IntegrationTest):
    def setUp(self):
        self.members = self.start_members("a", "b", "c", "d")
        self.proxies = [self.start_limpet(config(self.members[:2]), name=f"proxy {n}") for n in (1, 2)]
        self.urls = [f"http://{proxy.address}/" for proxy in self.proxies]
        self.browser = Browser(self)

    def visit(self, url):
        """Opens it, and returns the member that answered."""
        self.browser.open(url)
        return self.member_shown()

    def member_shown(self):
        return json.loads(self.browser.text())["member"]

    def cookie(self):
        """The only one that the browser has."""
        cookies = self.browser.cookies()
        self.assertEqual(len(cookies), 1, cookies)
        return cookies[0]

    def all_members_join(self):
        for proxy in self.proxies:
            proxy.reload(config(self.members))
            proxy.wait_for_metric("all members", lambda m: m.total("limpet_view_members", pool="app") == len(self.members))


class Cookies(BrowserTest):
    def test_the_cookie_is_one_that_pages_cannot_read(self):
        before = time.time()
        self.visit(self.urls[0])
        cookie = self.cookie()
        wanted = {"name": "limpet", "httpOnly": True, "sameSite": "Lax", "path": "/", "secure": False}
        self.assertEqual({name: cookie.get(name) for name in wanted}, wanted)
        self.assertAlmostEqual(cookie["expiry"], before + MAX_AGE_S, delta=CLOCK_S)
        self.assertEqual(self.browser.run("return document.cookie"), "")

    def test_it_is_kept_over_reloads_and_on_the_other_proxy(self):
        member, cookie = self.visit(self.urls[0]), self.cookie()
        for _ in range(10):
            self.browser.reload()
            self.assertEqual((self.member_shown(), self.cookie()), (member, cookie))
        for _ in range(5):
            for url in reversed(self.urls):
                self.assertEqual((self.visit(url), self.cookie()), (member, cookie))

    def test_what_a_page_writes_is_read_through_the_other_proxy(self):
        member = self.visit(self.urls[0])
        for turn, url in enumerate(self.urls * 2):
            self.assertEqual(self.visit(url), member)
            answers = self.browser.run(COUNT, 25)
            self.assertEqual([answer["counter"] for answer in answers], list(range(25 * turn + 1, 25 * turn + 26)))
            self.assertEqual({(answer["member"], answer["session"]) for answer in answers}, {(member, self.cookie()["value"])})

    def test_a_pinned_session_stays_when_members_join(self):
        sessions = [(self.visit(self.urls[0]), self.cookie())]
        for _ in range(9):
            self.browser.delete_cookies()
            sessions.append((self.visit(self.urls[0]), self.cookie()))
        self.assertEqual(len({cookie["value"] for _, cookie in sessions}), 10)
        self.all_members_join()
        for member, cookie in sessions:
            self.browser.delete_cookies()
            self.browser.put_cookie(cookie)
            for url in self.urls:
                self.assertEqual((self.visit(url), self.cookie()["value"]), (member, cookie["value"]))


class Streams(BrowserTest):
    def setUp(self):
        super().setUp()
        self.member = self.visit(self.urls[0])
        self.start_streams()

    def start_streams(self):
        self.browser.run(PAGE)
        self.browser.wait_for("return seen.opened == 2 && seen.ticks.length > 0")

    def ask(self, text):
        """What the WebSocket answers, with the page's JavaScript at both ends of it."""
        before = self.browser.run("const before = seen.echoes.length; socket.send(arguments[0]); return before", text)
        answer = self.browser.wait_for("return seen.echoes[arguments[0]] || (seen.closed.length && seen.closed)", before)
        self.assertIsInstance(answer, str, "closed instead of answered")
        return answer

    def wait_for_ticks(self):
        before = self.browser.run("return seen.ticks.length")
        self.browser.wait_for("return seen.ticks.length > arguments[0] + 2", before)

    def test_they_reach_the_session(self):
        who = json.loads(self.ask("whoami"))
        self.assertEqual((who["member"], who["session"]), (self.member, self.cookie()["value"]))
        self.assertEqual(self.browser.run("return seen.eventMember"), self.member)

    def test_a_reload_of_the_proxy_touches_neither(self):
        joined = self.members[:2]
        for turn in range(10):
            joined = self.members[: 2 + turn % 3]  # its own member stays, others come and go
            self.proxies[0].reload(config(joined, route={"name": f"turn-{turn}"}))
            self.assertEqual(self.ask(f"turn {turn}"), f"turn {turn}")
            self.wait_for_ticks()
        self.assertEqual(self.proxies[0].metrics().total("limpet_config_last_reload_successful"), 1)
        seen = self.browser.run("return seen")
        self.assertEqual((seen["opened"], seen["closed"], seen["errors"]), (2, [], 0))
        self.assertEqual(seen["ticks"], list(range(1, len(seen["ticks"]) + 1)), "none lost, none twice")

    def test_a_page_that_is_loaded_again_finds_its_session_again(self):
        self.ask("put color blue")
        self.browser.reload()
        self.assertEqual(self.member_shown(), self.member)
        self.start_streams()
        self.assertEqual(self.ask("get color"), "blue")

    def test_a_drain_tells_the_page(self):
        self.proxies[0].process.send_signal(signal.SIGTERM)
        closed = self.browser.wait_for("return seen.closed.length && seen.closed")
        self.assertEqual(closed, [[1001, True]])
        self.assertEqual(self.proxies[0].process.wait(), 0, "nor do the connections that browsers open to spare hold it up")
        self.browser.wait_for("return seen.errors > 0")  # the event stream's end
        self.assertEqual(self.visit(self.urls[1]), self.member, "and the other proxy knows the session")
        self.start_streams()
        self.assertEqual(json.loads(self.ask("whoami"))["member"], self.member)


if __name__ == "__main__":
    unittest.main()
