"""What the logs of a cell tell of times: latencies of operations, by whether a hand-off was on its way and whom it moved."""

import bisect
import dataclasses
import glob
import json
import math
import os

# A session has moved in a hand-off if its executions within this of it are at more than one owner.
AROUND_NS = 1_000_000_000


def percentile(values, share):
    """The smallest that at least `share` of them do not exceed; NaN where there are none."""
    if not values:
        return math.nan
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]


@dataclasses.dataclass
class Operation:
    session: str
    name: str
    begin: int
    end: int
    outcome: str

    @property
    def ms(self):
        return (self.end - self.begin) / 1e6


def lines_of(folder, pattern):
    for path in sorted(glob.glob(os.path.join(folder, pattern))):
        with open(path, encoding="ascii") as file:
            yield from file


def operations(folder):
    """In the order of their begins."""
    found = []
    for line in lines_of(folder, "client-*.log"):
        parts = line.split()
        if len(parts) >= 8 and parts[0] == "O":
            found.append(Operation(parts[2], parts[3], int(parts[4]), int(parts[5]), parts[6]))
    return sorted(found, key=lambda one: one.begin)


def executions(folder):
    """Session -> [(when it began, owner)] in that order."""
    found = {}
    for line in lines_of(folder, "member-*.log"):
        parts = line.split()
        if len(parts) == 6 and parts[0] == "B":
            found.setdefault(parts[2], []).append((int(parts[5]), parts[1]))
    for one in found.values():
        one.sort()
    return found


def owners_within(executed, begin, end):
    first = bisect.bisect_left(executed, (begin, ""))
    return {owner for when, owner in executed[first:] if when <= end} if first < len(executed) else set()


def parked_ms(paths):
    """Of each request that was parked, from access logs."""
    found = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for line in file:
                parked = json.loads(line).get("parked_seconds", 0)
                if parked > 0:
                    found.append(parked * 1000)
    return found


def sort_out(done, executed, changes):
    """Latencies in ms of operations that are ok: in quiet time, and of sessions that a change does not move, while it is under way.
    A change is its begin, its end, and until when something else went on that is neither."""
    quiet, staying = [], []
    begins = [begin for begin, _, _ in changes]
    for one in done:
        if one.outcome != "ok":
            continue
        place = bisect.bisect_right(begins, one.end) - 1
        begin, end, over = changes[place] if place >= 0 else (0, 0, 0)
        if one.begin > over:
            quiet.append(one.ms)
        elif one.begin < end and len(owners_within(executed.get(one.session, []), begin - AROUND_NS, end + AROUND_NS)) < 2:
            staying.append(one.ms)
    return quiet, staying


def served_again_ms(done, executed, member, killed):
    """For each session that `member` (an owner) had last: from its death to the end of the first operation elsewhere."""
    last_owner = {}
    for session, all_of_it in executed.items():
        before = bisect.bisect_left(all_of_it, (killed, ""))
        if before > 0:
            last_owner[session] = all_of_it[before - 1][1]
    served = {}
    for one in done:
        if one.outcome != "ok" or one.end < killed or last_owner.get(one.session) != member:
            continue
        at = owners_within(executed[one.session], max(one.begin, killed), one.end)
        if at and member not in at:
            served.setdefault(one.session, (one.end - killed) / 1e6)
    return list(served.values())
