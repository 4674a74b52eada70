"""The base of all integration tests."""

import os
import shutil
import sys
import tempfile
import unittest

from .client import Connection
from .limpet import Limpet
from .members import DemoMember
from .origin import Origin
from .process import Process
from .websocket import WebSocket


class IntegrationTest(unittest.TestCase):
    """Starts programs, ends them after the test, and shows what they wrote when the test fails.

    Clean-ups run in reverse order, so that connections end before the proxy that drains them, and the proxy before the
    members that it talks to.
    """

    maxDiff = None

    def run(self, result=None):
        self._processes = []
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            for process in self._processes:
                print(f"\n--- output of {process.name}\n{process.output()}", file=sys.stderr)
        for process in self._processes:
            process.close()
        return result

    def folder(self):
        path = tempfile.mkdtemp(prefix="limpet-test-")
        self.addCleanup(shutil.rmtree, path, ignore_errors=True)
        return path

    def start_program(self, name, command, **options):
        """Any program; unless the test ends it, SIGTERM does, and must end it well (`ends_with`, default 0)."""
        process = Process(name, command, **options)
        self._processes.append(process)
        self.addCleanup(process.clean_up)
        return process

    def start_member(self, member_id="a", address="127.0.0.1:0"):
        return DemoMember(self, member_id, address)

    def start_members(self, *ids):
        return [self.start_member(one) for one in ids]

    def start_origin(self, script, **options):
        """A server that does what `script(peer)` does, on each connection; see harness/origin.py."""
        origin = Origin(script, **options)
        self.addCleanup(origin.stop)
        return origin

    def start_limpet(self, config, **options):
        return Limpet(self, config, **options)

    def connect(self, address, **options):
        connection = Connection(address, **options)
        self.addCleanup(connection.close)
        return connection

    def fetch(self, address, target="/", method="GET", headers=(), body=b""):
        """One request on a connection of its own, and its answer."""
        with Connection(address) as connection:
            return connection.request(method, target, headers, body)

    def open_websocket(self, address, target="/ws", headers=()):
        socket = WebSocket(address, target, headers)
        self.addCleanup(socket.close)
        return socket


def under_sanitizers():
    """Whether the programs are instrumented, so that their memory and speed say nothing."""
    return bool(os.environ.get("LIMPET_SANITIZE"))


def program(variable):
    """The path of one of our programs, from the environment that ctest sets."""
    path = os.environ.get(variable)
    if not path or not os.access(path, os.X_OK):
        raise RuntimeError(f"{variable} must name the program to test; run the tests through ctest")
    return path
