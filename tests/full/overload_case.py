"""The base of the overload tests: what is looked at before, beside and after each of them, and what memory may come to."""

import contextlib

from harness.case import IntegrationTest
from harness.client import Connection
from harness.limpet import static_config
from harness.waiting import wait_until
from overload import ANSWERS_A_PHASE, Flood, Peak, Row, Table, Witness, start_members

KIB = 1 << 10
MIB = 1 << 20

# What a connection may cost, as it stands. Measured are 0.6, 6.5, 1 and 64 KiB, so that what is doubled by mistake shows.
IDLE_BYTES = 1 * KIB  # its stream, its coroutine, its place in the lists
EXCHANGE_BYTES = 8 * KIB  # with a request under way: the exchange, 4 KiB of input, the request's head for the member
UPSTREAM_BYTES = 2 * KIB  # and with a connection to the member, and content that is pumped
BLOCK_BYTES = 64 * KIB  # and with an answer that is not taken
PLENTY_BYTES = 2 * 64 * MIB  # once workers, two of them, hold that much in such blocks,
SMALL_BLOCK_BYTES = 16 * KIB  # an answer that is not taken costs so much

# What workers keep when the load is gone, two of them: 64 blocks of three sizes, 8 of them large, and 256 exchanges with
# what they grew to.
KEPT_BYTES = 2 * (64 * BLOCK_BYTES + 64 * SMALL_BLOCK_BYTES + 8 * 256 * KIB + 256 * 24 * KIB)

# The proxy looks once a second whether there is memory to be given back; this many take two of those.
ANSWERS_AFTER = 4 * ANSWERS_A_PHASE

# And of what was there, a part that small pieces still in use keep from the system: a page for each.
PINNED_SHARE = 20

REQUEST = b"GET %s HTTP/1.1\r\nHost: test.example\r\nX-User-Id: %s\r\n\r\n"
TABLE = Table()


def untaken_bytes(answers):
    """What so many answers may hold that their clients do not take."""
    return min(answers * BLOCK_BYTES, PLENTY_BYTES + answers * SMALL_BLOCK_BYTES)


def grown(before, after, series):
    """By how much each of these counters did; `series` is (name, labels) by what it counts."""
    return {
        what: after.total(name, **labels) - before.total(name, **labels) for what, (name, labels) in series.items()
    }


def refusals(*reasons):
    return {reason: ("limpet_refusals_total", {"reason": reason}) for reason in reasons}


def timeouts(reason):
    return {f"{reason} timeouts": ("limpet_client_timeouts_total", {"reason": reason})}


ADDRESS_LIMIT = {"over the address's limit": ("limpet_connections_refused_total", {"reason": "per_address"})}
TOTAL_LIMIT = {"over the limit": ("limpet_connections_refused_total", {"reason": "total"})}


class Overload(IntegrationTest):
    def start(self, pool=None, **sections):
        self.members = start_members(self)
        self.proxy = self.start_limpet(static_config(self.members, pool=pool, **sections))

    def session_of(self, member):
        """A session that this member owns: 0, 1 or 2."""
        for number in range(100):
            with Connection(self.proxy.address) as connection:
                answer = connection.request("GET", "/", [("X-User-Id", f"user-{number}")])
                if answer.member == "abc"[member]:
                    return f"user-{number}"
        raise AssertionError(f"member {member} owns none of a hundred sessions")

    def flood(self, connections, target=b"/", send=None, **options):
        """Its session is one of member 1's; the well-behaved client's is one of member 0's."""
        if send is None:
            send = REQUEST % (target, self.session_of(1).encode())
        return Flood(self, self.proxy, connections, send=send, **options)

    @contextlib.contextmanager
    def beside(self, what, limit, more_bytes, told, fresh=True):
        """A client that behaves well, before, during and after what happens inside; then all must be as it was.

        `more_bytes` is how much resident memory may grow meanwhile, besides what is kept. `told` is what metrics tell of it
        (see grown()); the context's value is a dictionary that has that once all is over.
        """
        process, seen = self.proxy.process, {}
        witness = Witness(self.proxy, self.session_of(0), fresh)
        self.addCleanup(witness.finish)
        peak = Peak(process)
        self.addCleanup(peak.finish)
        witness.wait_for_answers()  # what the first ones need is there
        witness.begin("before")
        witness.wait_for_answers()
        before, start_bytes = self.proxy.metrics(), process.resident_bytes()
        quiet_files = process.open_files()
        witness.begin("during")
        yield seen
        self.wait_until_quiet()
        seen.update(grown(before, self.proxy.metrics(), told))
        witness.begin("after")
        witness.wait_for_answers(ANSWERS_AFTER)
        wait_until(lambda: process.open_files() <= quiet_files + 4, "the open files of before", 30)
        after_bytes = self.settled_bytes(start_bytes + KEPT_BYTES)
        bound = start_bytes + more_bytes + KEPT_BYTES
        TABLE.rows.append(
            Row(what, limit, seen, witness, start_bytes, peak.resident_bytes, bound, after_bytes, peak.open_files)
        )
        self.assertEqual(witness.complaints, [])
        self.assertLess(peak.resident_bytes, bound, "resident bytes")
        kept = KEPT_BYTES + more_bytes // PINNED_SHARE
        self.assertLess(after_bytes, start_bytes + kept, "resident bytes when all is over")

    def settled_bytes(self, kept_bytes):
        """What is resident once that is at most this, or else when memory has been given back for the second time."""
        process = self.proxy.process
        with contextlib.suppress(AssertionError):  # the caller judges
            wait_until(lambda: process.resident_bytes() < kept_bytes, "the memory of before", 15)
        return process.resident_bytes()

    def wait_until_quiet(self):
        """Nobody is there but the client that behaves well: its two connections, and one request under way."""

        def is_quiet(metrics):
            busy = metrics.total("limpet_upstream_connections", state="busy")
            return metrics.total("limpet_connections") <= 2 and busy <= 1 and metrics.total("limpet_buffered_bytes") <= 1

        wait_until(lambda: is_quiet(self.proxy.metrics()), "the quiet state", 60)
