"""Every limit is tried past its edge, with a client beside that behaves well: it is served all the time, a metric tells of
what was refused, memory stays under a stated bound, and all comes back to the quiet state.

How long anything took is printed and never asserted.
"""

import resource
import unittest

from harness.limpet import static_config
from overload import MemoryGroup, start_members
from overload_case import (
    ADDRESS_LIMIT,
    BLOCK_BYTES,
    EXCHANGE_BYTES,
    IDLE_BYTES,
    KEPT_BYTES,
    KIB,
    MIB,
    REQUEST,
    TABLE,
    TOTAL_LIMIT,
    UPSTREAM_BYTES,
    Overload,
    refusals,
    timeouts,
    untaken_bytes,
)


def tearDownModule():
    print(TABLE)


class Connections(Overload):
    def test_that_say_nothing(self):
        count = 9000
        self.start(limits={"connections": count + 10}, timeouts={"header": "3s"})
        told = timeouts("no_request")
        with self.beside(f"{count} connections that say nothing", "timeouts.header 3s", count * IDLE_BYTES, told) as seen:
            flood = self.flood(count, send=b"").wait_until_open()
            flood.wait_for("their end", lambda c: c["closed"] == count)
        self.assertEqual(seen["no_request timeouts"], count)

    def test_that_are_kept_and_vanish(self):
        """Their host lost its power: no FIN comes, and no RST."""
        count = 9000
        self.start(limits={"connections": count + 10}, timeouts={"idle": "3s"})
        told = timeouts("idle")
        what = f"{count} connections, used once, whose clients vanish"
        with self.beside(what, "timeouts.idle 3s", count * (IDLE_BYTES + 1 * KIB), told) as seen:
            flood = self.flood(count, vanish=1).wait_until_open()
            flood.wait_for("their answers", lambda c: c["answers"].get("200", 0) == count)
            flood.end()
        self.assertEqual(seen["idle timeouts"], count)

    def test_more_than_the_limit(self):
        count, limit = 12_000, 9000
        self.start(limits={"connections": limit}, timeouts={"header": "1h"})
        what = f"{count} connections at once"
        more_bytes = limit * IDLE_BYTES
        with self.beside(what, f"limits.connections {limit}", more_bytes, TOTAL_LIMIT, fresh=False) as seen:
            flood = self.flood(count, send=b"").wait_until_open()
            shed = count - (limit - 1)  # the client that behaves well has one
            counts = flood.wait_for("503 for those past it", lambda c: c["ended"] >= shed)
            self.assertEqual(counts["answers"], {"503": shed})
            self.assertEqual(counts["retry_after"], shed)
            flood.end()
        self.assertEqual(seen["over the limit"], shed)

    def test_more_than_the_limit_of_an_address(self):
        """With requests in hand, and again and again: what is shed is shed before anything is read."""
        total, limit, sources = 60_000, 50, 4
        self.start(limits={"connections_per_address": limit})
        what = f"{total} connections of {sources} addresses, 2,000 at once, each with a request and in no hurry"
        more_bytes = 2000 * IDLE_BYTES
        told = {**ADDRESS_LIMIT, "accepted": ("limpet_connections_total", {})}
        with self.beside(what, f"limits.connections_per_address {limit}", more_bytes, told) as seen:
            flood = self.flood(2000, total=total, sources=sources)
            shed = 2000 - limit * sources
            flood.wait_for("503 for those past it", lambda c: c["ended"] >= total - limit * sources, 120)
            flood.end()
        self.assertGreaterEqual(seen["over the address's limit"], shed)

    def test_a_hundred_thousand_short_ones(self):
        total = 100_000
        self.start()
        send = b"GET / HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\nX-User-Id: %s\r\n\r\n"
        told = {"accepted": ("limpet_connections_total", {}), "requests": ("limpet_requests_total", {"code": "200"})}
        more_bytes = 256 * (IDLE_BYTES + EXCHANGE_BYTES + UPSTREAM_BYTES)
        with self.beside(f"{total} short connections, 256 at once", "none", more_bytes, told) as seen:
            send %= self.session_of(1).encode()
            counts = self.flood(256, send=send, total=total, sources=8).wait_for_end()
            self.assertEqual(counts["answers"], {"200": total})
        self.assertGreaterEqual(seen["requests"], total)


class Requests(Overload):
    def test_slow_heads(self):
        count = 9000
        self.start(limits={"connections": count + 10}, timeouts={"header": "4s"})
        send = b"GET / HTTP/1.1\r\nHost: test.example\r\n"
        what = f"{count} heads, a field a second"
        more_bytes = count * (IDLE_BYTES + EXCHANGE_BYTES)
        with self.beside(what, "timeouts.header 4s", more_bytes, refusals("header_timeout")) as seen:
            flood = self.flood(count, send=send, drip=b"X-Slow: y\r\n", every_ms=1000).wait_until_open()
            counts = flood.wait_for("408 for all", lambda c: c["ended"] == count)
            self.assertEqual(counts["answers"], {"408": count})
        self.assertEqual(seen["header_timeout"], count)

    def test_slow_bodies(self):
        count, limit = 9000, 4000
        self.start(
            limits={"connections": count + 10},
            timeouts={"body": "3s"},
            pool={"limits": {"connections_per_member": limit}},
        )
        what = f"{count} bodies that stop, to one member"
        more_bytes = count * (IDLE_BYTES + EXCHANGE_BYTES) + limit * UPSTREAM_BYTES
        told = refusals("body_timeout", "upstream_limit")
        with self.beside(what, f"connections_per_member {limit}, timeouts.body 3s", more_bytes, told) as seen:
            session = self.session_of(1).encode()
            send = b"POST / HTTP/1.1\r\nHost: test.example\r\nX-User-Id: %s\r\nContent-Length: 1000\r\n\r\nx" % session
            flood = self.flood(count, send=send).wait_until_open()
            counts = flood.wait_for("503 or 408 for all", lambda c: c["ended"] == count)
            self.assertEqual(counts["answers"]["503"], counts["retry_after"])
            self.assertEqual(sum(counts["answers"].values()), count)
        self.assertGreaterEqual(seen["upstream_limit"], 1)
        self.assertEqual(seen["upstream_limit"] + seen["body_timeout"], count)

    def test_huge_heads(self):
        """Many of them, each sixteen times what may be."""
        total = 2000
        self.start()
        send = b"GET / HTTP/1.1\r\nHost: test.example\r\nX-Huge: " + b"x" * MIB + b"\r\n\r\n"
        what = f"{total} heads of 1 MiB, 100 at once"
        more_bytes = 100 * (IDLE_BYTES + EXCHANGE_BYTES + 128 * KIB)
        with self.beside(what, "limits.header_bytes 64 KiB", more_bytes, refusals("header_too_large")) as seen:
            counts = self.flood(100, send=send, total=total).wait_for_end()
            self.assertEqual(set(counts["answers"]), {"431"})
        self.assertEqual(seen["header_too_large"], total)

    def test_heads_that_are_as_large_as_they_may_be_and_do_not_end(self):
        count = 2000
        self.start(timeouts={"header": "4s"})
        send = b"GET / HTTP/1.1\r\nHost: test.example\r\nX-Huge: " + b"x" * (63 * KIB)
        what = f"{count} heads of 63 KiB that do not end"
        # Input doubles as it grows, and is copied as it does.
        more_bytes = count * (IDLE_BYTES + EXCHANGE_BYTES + 64 * KIB)
        with self.beside(what, "limits.header_bytes 64 KiB", more_bytes, refusals("header_timeout")) as seen:
            flood = self.flood(count, send=send).wait_until_open()
            flood.wait_for("408 for all", lambda c: c["ended"] == count)
        self.assertEqual(seen["header_timeout"], count)

    def test_thousands_of_fields(self):
        total = 5000
        self.start()
        fields = b"".join(b"X-%d: %d\r\n" % (number, number) for number in range(5000))
        send = b"GET / HTTP/1.1\r\nHost: test.example\r\n" + fields + b"\r\n"
        what = f"{total} heads of 5,000 fields, 100 at once"
        more_bytes = 100 * (IDLE_BYTES + EXCHANGE_BYTES + 128 * KIB)
        with self.beside(what, "limits.header_count 100", more_bytes, refusals("header_too_large")) as seen:
            counts = self.flood(100, send=send, total=total).wait_for_end()
            self.assertEqual(set(counts["answers"]), {"431"})
        self.assertEqual(seen["header_too_large"], total)

    def test_deep_pipelines(self):
        """A hundred clients that read, each with a thousand requests at once; a hundred that do not read at all."""
        count, depth = 100, 1000
        self.start(timeouts={"body": "2s"})
        what = f"{2 * count} pipelines of {depth} requests, half of them unread"
        more_bytes = 2 * count * (IDLE_BYTES + EXCHANGE_BYTES + UPSTREAM_BYTES + BLOCK_BYTES + 64 * KIB)
        told = {"requests": ("limpet_requests_total", {"code": "200"}), **timeouts("unread")}
        with self.beside(what, "timeouts.body 2s", more_bytes, told) as seen:
            session = self.session_of(1).encode()
            unread = self.flood(count, send=(REQUEST % (b"/16k", session)) * depth, read="none", narrow=1)
            read = self.flood(count, send=(REQUEST % (b"/", session)) * depth)
            read.wait_for("all answers", lambda c: c["answers"].get("200", 0) == count * depth)
            unread.wait_for("the end of those that do not read", lambda c: c["ended"] == count)
            read.end()
        self.assertGreaterEqual(seen["requests"], count * depth)
        self.assertEqual(seen["unread timeouts"], count)


class Answers(Overload):
    def test_ten_thousand_slow_readers(self):
        """Two descriptors each are more than the twenty thousand that a process may have here: the rest is shed."""
        count = 10_000
        self.start(limits={"connections": count}, timeouts={"body": "5s"})
        told = {**timeouts("unread"), **TOTAL_LIMIT}
        limit = min(count, (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 200) // 2)
        more_bytes = limit * (IDLE_BYTES + EXCHANGE_BYTES + UPSTREAM_BYTES) + untaken_bytes(limit)
        what = f"{count} clients that do not read their 128 KiB"
        with self.beside(what, f"limits.connections {limit}, timeouts.body 5s", more_bytes, told, fresh=False) as seen:
            flood = self.flood(count, b"/128k", read="none", narrow=1).wait_until_open()
            flood.wait_for("their end", lambda c: c["ended"] == count)
        self.assertEqual(sum(seen.values()), count)
        self.assertLessEqual(seen["over the limit"], count - limit + 1)

    def test_a_member_that_is_faster_than_its_clients(self):
        count = 300
        self.start()
        what = f"{count} clients that read 64 KiB/s of 1 MiB"
        more_bytes = count * (IDLE_BYTES + EXCHANGE_BYTES + UPSTREAM_BYTES + 256 * KIB)
        told = {"requests": ("limpet_requests_total", {"code": "200"})}
        with self.beside(what, "back-pressure", more_bytes, told) as seen:
            flood = self.flood(count, b"/1m", read=16 * KIB, every_ms=250, narrow=1).wait_until_open()
            flood.wait_for("a quarter of it", lambda c: c["bytes"] >= count * MIB // 4)
            flood.end()
        self.assertGreaterEqual(seen["requests"], count)


class System(Overload):
    def test_out_of_descriptors(self):
        """Fewer than the proxy counted on when it started."""
        count = 400
        self.start(timeouts={"header": "3s"})
        pid = self.proxy.process.pid
        told = {"out of descriptors": ("limpet_accept_errors_total", {"reason": "out_of_descriptors"})}
        what = f"{count} connections that say nothing"
        with self.beside(what, "120 open files", count * IDLE_BYTES, told, fresh=False) as seen:
            before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (120, before[1]))
            flood = self.flood(count, send=b"").wait_until_open()
            flood.wait_for("the end of them all", lambda c: c["ended"] == count, 120)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        self.assertGreater(seen["out of descriptors"], 0)

    def test_few_descriptors_from_the_start(self):
        """The limit of connections is clamped to what they allow, so that past it there is 503, and not silence."""
        count, files = 400, 300
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.members = start_members(self)
        self.proxy = self.start_limpet(
            static_config(self.members, timeouts={"header": "1h"}), under=["prlimit", f"--nofile={files}:{files}"]
        )
        limit = (files - files // 2) // 2
        what = f"{count} connections at once"
        more_bytes = count * IDLE_BYTES
        with self.beside(what, f"{files} open files, so {limit} connections", more_bytes, TOTAL_LIMIT, fresh=False) as seen:
            flood = self.flood(count, send=b"").wait_until_open()
            shed = count - (limit - 1)
            counts = flood.wait_for("503 for those past it", lambda c: c["ended"] >= shed)
            self.assertEqual(counts["answers"], {"503": shed})
            self.assertEqual(counts["retry_after"], shed)
            flood.end()
        self.assertEqual(seen["over the limit"], shed)

    def test_in_a_cgroup_that_has_just_enough(self):
        """Slow readers again, as many as limits.connections lets in; the memory of the rest would not be there."""
        count, limit = 5000, 2000
        a_connection = IDLE_BYTES + EXCHANGE_BYTES + UPSTREAM_BYTES + BLOCK_BYTES
        # Where the cgroup counts what waits in sockets too, that is twice a block at the most: from the member, and to the
        # client, each with its skeleton in the kernel.
        group = MemoryGroup(self, 16 * MIB + KEPT_BYTES + limit * (a_connection + 2 * BLOCK_BYTES))
        self.members = start_members(self)
        self.proxy = self.start_limpet(
            static_config(self.members, limits={"connections": limit}, timeouts={"body": "5s"}), under=group.command
        )
        what = f"{count} clients that do not read, and {group.limit_bytes // MIB} MiB in the cgroup"
        told = {**timeouts("unread"), **TOTAL_LIMIT}
        with self.beside(what, f"limits.connections {limit}", limit * a_connection, told, fresh=False) as seen:
            flood = self.flood(count, b"/128k", read="none", narrow=1).wait_until_open()
            flood.wait_for("their end", lambda c: c["ended"] == count)
        self.assertEqual(sum(seen.values()), count)
        seen[f"MiB at most in the cgroup, {group.killed()} killed"] = group.peak_bytes() / MIB
        self.assertEqual(group.killed(), 0)


if __name__ == "__main__":
    unittest.main()
