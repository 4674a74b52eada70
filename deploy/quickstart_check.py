#!/usr/bin/env python3
"""Tries what the quickstart promises, one step a call; exits 0 or 1 and says what it saw.

Steps: ready, write-and-read, moved-from ID, same-as-before, joined ID, websocket. Which member owned which session is
remembered in a file between the steps. Needs nothing but Python's own library.
"""

import argparse
import base64
import collections
import hashlib
import http.client
import json
import os
import socket
import struct
import sys
import time

SESSIONS = [f"session-{number}" for number in range(200)]
MEMBERS = 3  # at the beginning
DEADLINE_S = 30.0
RETRY_S = 0.1
WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3


class Failed(Exception):
    """A promise that was not kept."""


def ask(connection, session, target, method="GET", body=None):
    connection.request(method, target, body, {"X-User-Id": session})
    response = connection.getresponse()
    return response.status, response.getheader("X-Member"), response.read().decode()


def connect(proxy):
    return http.client.HTTPConnection(proxy, timeout=10)


def owners(proxy):
    """Which member answers for each session, as this proxy has it."""
    connection = connect(proxy)
    found = {}
    for session in SESSIONS:
        status, member, _ = ask(connection, session, "/")
        if status != 200:
            raise Failed(f"{proxy} answered {status} for {session}")
        found[session] = member
    connection.close()
    return found


def until(proxies, expectation):
    """Asks until both proxies agree and `expectation(owners)` has nothing to object to."""
    end = time.monotonic() + DEADLINE_S
    while True:
        try:
            one, other = (owners(proxy) for proxy in proxies)
            objection = "the proxies disagree" if one != other else expectation(one)
        except (OSError, http.client.HTTPException, Failed) as error:
            objection = str(error)
        if not objection:
            return one
        if time.monotonic() > end:
            raise Failed(objection)
        time.sleep(RETRY_S)


def shares(found):
    return ", ".join(f"{member} {count}" for member, count in sorted(collections.Counter(found.values()).items()))


class Check:
    def __init__(self, proxies, memory):
        self.proxies = proxies
        self.memory = memory

    def remembered(self):
        with open(self.memory, encoding="utf-8") as file:
            return json.load(file)

    def ready(self):
        """A member takes part once its agent has found it healthy, which may be after its start was seen."""
        until(self.proxies, lambda found: None if len(set(found.values())) == MEMBERS else "members are missing")
        return f"both proxies know all {MEMBERS} members"

    def write_and_read(self):
        write, read = (connect(proxy) for proxy in self.proxies)
        for session in SESSIONS:
            status, _, _ = ask(write, session, "/kv/greeting", "PUT", f"hello {session}")
            if status not in (200, 201):
                raise Failed(f"a write of {session} was answered {status}")
        for session in SESSIONS:
            status, member, text = ask(read, session, "/kv/greeting")
            if (status, text) != (200, f"hello {session}"):
                raise Failed(f"{session} read {text!r} ({status}) from {member}")
        found = until(self.proxies, lambda _: None)
        with open(self.memory, "w", encoding="utf-8") as file:
            json.dump(found, file)
        return f"{len(SESSIONS)} sessions written through one proxy, read through the other: {shares(found)}"

    def moved_from(self, gone):
        before = self.remembered()

        def objection(now):
            strayed = [session for session in SESSIONS if now[session] != before[session] != gone]
            if strayed:
                return f"{strayed[0]} moved though its member lives"
            return f"sessions still at {gone}" if gone in now.values() else None

        now = until(self.proxies, objection)
        moved = sum(now[session] != before[session] for session in SESSIONS)
        if moved == 0:
            raise Failed(f"{gone} had no sessions")
        self.values_are_kept(now, before)
        return f"only the {moved} sessions of {gone} moved: {shares(now)}"

    def values_are_kept(self, now, before):
        connection = connect(self.proxies[0])
        for session in SESSIONS:
            if now[session] == before[session]:
                _, _, text = ask(connection, session, "/kv/greeting")
                if text != f"hello {session}":
                    raise Failed(f"{session} lost its value")

    def same_as_before(self):
        before = self.remembered()
        now = until(self.proxies, lambda now: None if now == before else "the sessions did not all come back")
        return f"every session is back at its member: {shares(now)}"

    def joined(self, new):
        before = self.remembered()

        def objection(now):
            strayed = [session for session in SESSIONS if now[session] not in (before[session], new)]
            if strayed:
                return f"{strayed[0]} moved to a member that did not join"
            return None if new in now.values() else f"no session at {new}"

        now = until(self.proxies, objection)
        count = sum(member == new for member in now.values())
        if not len(SESSIONS) / 8 <= count <= len(SESSIONS) * 3 / 8:
            raise Failed(f"{count} of {len(SESSIONS)} sessions moved, which is not about a quarter")
        return f"{count} of {len(SESSIONS)} sessions moved to {new}, and nothing else: {shares(now)}"

    def websocket(self):
        for proxy in self.proxies:
            echo(proxy, "a WebSocket echoes".encode())
        return "a WebSocket echoes through both proxies"


def read_exactly(stream, count):
    data = b""
    while len(data) < count:
        piece = stream.recv(count - len(data))
        if not piece:
            raise Failed("the WebSocket ended")
        data += piece
    return data


def echo(proxy, text):
    """One short text message there and back (RFC 6455)."""
    host, _, port = proxy.rpartition(":")
    key = base64.b64encode(os.urandom(16)).decode()
    with socket.create_connection((host, int(port)), timeout=10) as stream:
        stream.sendall(
            f"GET /ws HTTP/1.1\r\nHost: {proxy}\r\nX-User-Id: alice\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += read_exactly(stream, 1)
        accept = base64.b64encode(hashlib.sha1((key + WEBSOCKET_GUID).encode()).digest())
        if not head.startswith(b"HTTP/1.1 101 ") or accept not in head:
            raise Failed(f"no WebSocket: {head[:100]!r}")

        mask = os.urandom(4)
        payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(text))
        stream.sendall(struct.pack("BB", 0x81, 0x80 | len(text)) + mask + payload)
        _, length = read_exactly(stream, 2)
        if read_exactly(stream, length) != text:
            raise Failed("the WebSocket's answer is not what was sent")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--proxies", nargs=2, required=True, metavar="HOST:PORT")
    parser.add_argument("--memory", required=True, help="file that remembers the owners between steps")
    parser.add_argument("step")
    parser.add_argument("member", nargs="?")
    chosen = parser.parse_args()

    check = Check(chosen.proxies, chosen.memory)
    step = getattr(check, chosen.step.replace("-", "_"))
    try:
        said = step(chosen.member) if chosen.member else step()
    except (Failed, OSError, http.client.HTTPException) as error:
        print(f"FAILED {chosen.step}: {error}")
        return 1
    print(f"ok     {said}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
