"""HAProxy in Limpet's place, as it is run today: a hash of the session's header, health checks, and a list of servers that is
written and reloaded on one proxy after the other. Each stamps the number of its list as the epoch."""

import signal
import threading
import time

from harness.waiting import wait_until

from .members import PORT as MEMBER_PORT
from .network import address_of
from .program import Program
from .proxies import LEASE_TTL_S, public_address, serves

APART_S = 1.0
WEIGHT = 10  # of a member of weight 1: its points on the ring are 16 times as many

CONFIG = """
global
  stats socket {socket}
defaults
  mode http
  timeout connect 500ms
  timeout client 60s
  timeout server 5s
  timeout tunnel 60s
frontend public
  bind {address}
  http-request set-header Limpet-Epoch {number}
  default_backend app
backend app
  balance hdr(X-Session)
  hash-type consistent
  default-server check inter 500ms fall 2 rise 1
"""


class HAProxy:
    def __init__(self, cell, host):
        self._cell, self.host = cell, host
        self._config = cell.file(f"{host}.cfg")
        self._rows = None
        self.program = None

    def start(self):
        self._write(self._cell.expected(), 1)
        log = self._cell.file(f"proxy-{self.host}.log")
        self.program = Program(self._cell.network, self.host, ["haproxy", "-W", "-db", "-f", self._config], log)
        wait_until(lambda: serves(self.host), f"HAProxy on {self.host}")

    def is_running(self):
        return self.program is not None and self.program.is_running()

    def kill(self):
        """Its workers see that the master is gone, and go, too."""
        self.program.kill()

    def follow(self, rows, number):
        """Old workers go on with what is open, as they do without `hard-stop-after`."""
        self._write(rows, number)
        self.program.process.send_signal(signal.SIGUSR2)

    def has(self, rows):
        return self._rows == rows and serves(self.host)

    def _write(self, rows, number):
        socket = self._cell.file(f"{self.host}.socket")
        text = CONFIG.format(socket=socket, address=public_address(self.host), number=number)
        for member, _, weight, state in rows:
            share = 0 if state == "draining" else WEIGHT * weight
            text += f"  server {member} {address_of(member)}:{MEMBER_PORT} weight {share}\n"
        with open(self._config, "w", encoding="ascii") as file:
            file.write(text)
        self._rows = rows


class Lists:
    """In the place of members.Registrations: whatever changes reaches one proxy after the other."""

    def __init__(self, cell):
        self._cell = cell
        self._number = 1
        self._due = []  # when there is a new list
        self._changed = threading.Condition()
        self._thread = None

    def start(self):
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def register(self, _member):
        self.changed()

    def deregister(self, _member):
        self.changed()

    def abandon(self, _member):
        """Whoever writes the lists sees it no earlier than a lease would have run out."""
        self.changed(LEASE_TTL_S)

    def drain(self, _member, _is_on):
        self.changed()

    def changed(self, after_s=0.0):
        with self._changed:
            if self._thread:
                self._due.append(time.monotonic() + after_s)
                self._changed.notify()

    def close(self):
        with self._changed:
            self._due = None
            self._changed.notify()
        if self._thread:
            self._thread.join()

    def _run(self):
        while self._wait():
            self._number += 1
            rows = self._cell.expected()
            for proxy in self._cell.proxies.values():
                proxy.follow(rows, self._number)
                time.sleep(APART_S)

    def _wait(self):
        """False at the end."""
        with self._changed:
            while self._due is not None:
                if self._due and min(self._due) <= time.monotonic():
                    self._due = [due for due in self._due if due > time.monotonic()]
                    return True
                self._changed.wait(min(self._due) - time.monotonic() if self._due else None)
            return False
