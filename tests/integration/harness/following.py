"""The base of tests of what follows its session when members come and go."""

import json
import os

from .case import IntegrationTest
from .limpet import static_config
from .member_file import MemberFile
from .waiting import wait_until
from .websocket import CLOSE, TEXT

SERVICE_RESTART = 1012
AT_ONCE = {"per_second": 100000, "jitter_percent": 0}
NO_RAILS = {"max_removal_percent": 100, "settle": 0, "damping": {"flaps": 0}}  # what the file says is so at once


def member_entry(one, member_id=None, **more):
    return {"id": member_id or one.id, "address": one.address, **more}


class Following(IntegrationTest):
    """A pool whose members stand in a file."""

    def start(self, entries, pool=None, **sections):
        self.file = MemberFile(self, entries)
        self.log = os.path.join(self.folder(), "access.log")
        pool = {"members": self.file.settings(), "rails": NO_RAILS, "on_remove": AT_ONCE, **(pool or {})}
        self.proxy = self.start_limpet(static_config([], pool=pool, logging={"access": self.log}, **sections))
        self.file.followed_by(self.proxy, "app")
        return self.proxy

    def open_sessions(self, count, prefix="user"):
        """A WebSocket each, with the member that it reached."""
        sockets = {}
        for session in (f"{prefix}-{number}" for number in range(count)):
            socket = self.open_websocket(self.proxy.address, headers=[("X-User-Id", session)])
            sockets[session] = (socket, socket.response.member)
        return sockets

    def expect_farewell(self, socket, reason):
        frame = socket.read_frame()
        self.assertEqual((frame.opcode, frame.close_code, frame.close_reason), (CLOSE, SERVICE_RESTART, reason))
        socket.send_frame(CLOSE, frame.payload)
        socket.assert_closed()

    def expect_still_there(self, socket):
        self.assertEqual(socket.ask("still there"), "still there")

    @staticmethod
    def is_still_there(socket):
        socket.send_frame(TEXT, b"still there")
        frame = socket.read_frame()
        return frame.opcode == TEXT and frame.payload == b"still there"

    def total(self, name, **labels):
        return self.proxy.metrics().total(name, **labels)

    def wait_for_total(self, value, name, **labels):
        self.proxy.wait_for_metric(f"{name} {labels} to be {value}", lambda m: m.total(name, **labels) == value)

    def whys(self):
        """The reasons in the access log, of requests and of tunnels that closed."""
        with open(self.log, encoding="utf-8") as file:
            return [why for why in (json.loads(line).get("why") for line in file) if why]

    def wait_for_why(self, why, times=1):
        wait_until(lambda: self.whys().count(why) == times, f"{why} {times} times in the access log")
