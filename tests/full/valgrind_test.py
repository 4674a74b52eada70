"""A life of the proxy under valgrind: start, load, reload, drain, with no error and no leak."""

import os
import stat
import unittest
from unittest import mock

from harness.case import IntegrationTest, program
from harness.limpet import merge, static_config

VALGRIND = (
    "valgrind --leak-check=full --show-leak-kinds=definite,indirect,possible"
    " --errors-for-leak-kinds=definite,indirect,possible --error-exitcode=99 --num-callers=30 --fair-sched=try"
)
USERS = 10
ROUNDS = 5
END_S = 120  # valgrind looks through all memory before it lets the process end


class StartLoadReloadDrain(IntegrationTest):
    def setUp(self):
        self.members = self.start_members("a", "b", "c")
        with mock.patch.dict(os.environ, LIMPET=self.wrapped(program("LIMPET_DEV"))):
            self.proxy = self.start_limpet(self.config(0))

    def wrapped(self, path):
        """A program that is `path` under valgrind, in the same process."""
        script = os.path.join(self.folder(), "limpet")
        with open(script, "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\nexec {VALGRIND} {path} "$@"\n')
        os.chmod(script, stat.S_IRWXU)
        return script

    def config(self, turn):
        """Each turn has other members, another route, another key; the third is refused."""
        pool = {
            "session": {
                "key": [
                    {"header": "X-User-Id"},
                    {"cookie": "limpet", "issue": {"max_age": "1h"}, "pin": True},
                ]
            }
        }
        config = static_config(
            self.members[: 1 + turn % 3],
            pool=pool,
            route={"name": f"turn-{turn}"},
            signing={"keys": [{"id": f"k{turn}", "secret": f"a secret that is long enough, number {turn}"}]},
        )
        return merge(config, {"routs": []}) if turn == 3 else config

    def load(self):
        """Requests of all kinds, some of them malformed or given up in the middle."""
        with self.connect(self.proxy.address) as client:
            for number in range(USERS):
                user = [("X-User-Id", f"user-{number}")]
                self.assertEqual(client.request("GET", f"/?n={number}", user).status, 200)
                self.assertIn(client.request("POST", "/echo", user, body=b"x" * 20_000).status, (200, 404))
            self.assertIn("Set-Cookie", client.request("GET", "/").fields)
            self.assertEqual(client.request("GET", "/", [("Cookie", "limpet=garbled")]).status, 200)
        self.assertEqual(self.fetch(self.proxy.address, "/%2e%2e/").status, 400)
        given_up = self.connect(self.proxy.address)
        given_up.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
        given_up.close()
        for page in ("/metrics", "/members", "/config", "/explain?url=/"):
            self.assertEqual(self.proxy.ask_admin(page).status, 200)

    def test_has_no_error_and_no_leak(self):
        sockets = [
            self.open_websocket(self.proxy.address, headers=[("X-User-Id", f"user-{number}")]) for number in range(USERS)
        ]
        events = self.connect(self.proxy.address)
        events.send_request("GET", "/events?interval=20", [("X-User-Id", "listener")])
        self.assertEqual(events.read_head().status, 200)
        for turn in range(1, ROUNDS + 1):
            self.load()
            self.proxy.reload(self.config(turn))
            for socket in sockets:
                self.assertEqual(socket.ask(f"turn {turn}"), f"turn {turn}")
            self.assertTrue(events.read_chunk())
        sockets.pop().close()
        self.drain(sockets)

    def drain(self, sockets):
        process = self.proxy.process
        process.send_signal(15)
        for socket in sockets:
            self.assertEqual(socket.read_frame().close_code, 1001)
            socket.close()
        code = process.wait(END_S)
        self.assertIn("ERROR SUMMARY: 0 errors", process.output())
        self.assertEqual(code, 0)


if __name__ == "__main__":
    unittest.main()
