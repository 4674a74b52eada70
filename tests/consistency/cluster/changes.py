"""What happens to the membership, and how it is undone, which is a change as well."""

import time

from .cell import JOINER

DRAINED, CRASHED, REWEIGHTED = "m2", "m3", "m4"  # m1 is left to the faults


class Change:
    def apply(self, cell, round_number):
        raise NotImplementedError

    def undo(self, cell):
        raise NotImplementedError


class Join(Change):
    def apply(self, cell, round_number):
        cell.register(JOINER)

    def undo(self, cell):
        cell.deregister(JOINER)


class Crash(Change):
    """Killed; its lease runs out. It comes back as another incarnation."""

    def apply(self, cell, round_number):
        cell.members[CRASHED].kill()
        cell.abandon(CRASHED)

    def undo(self, cell):
        cell.members[CRASHED].start()
        cell.register(CRASHED)


class Drain(Change):
    def apply(self, cell, round_number):
        cell.drain(DRAINED, True)

    def undo(self, cell):
        cell.drain(DRAINED, False)


class Reweight(Change):
    def _weigh(self, cell, weight):
        cell.members[REWEIGHTED].weight = weight
        cell.register(REWEIGHTED)

    def apply(self, cell, round_number):
        self._weigh(cell, 4)

    def undo(self, cell):
        self._weigh(cell, 1)


class Double(Change):
    """A join and a drain: within one batch, or the second while the first is on its way, by turns."""

    apart_s = (0.02, 0.15, 0.3)

    def apply(self, cell, round_number):
        cell.register(JOINER)
        time.sleep(self.apart_s[round_number % len(self.apart_s)])
        cell.drain(DRAINED, True)

    def undo(self, cell):
        cell.deregister(JOINER)
        cell.drain(DRAINED, False)


CHANGES = {
    "join": Join(),
    "crash": Crash(),
    "drain": Drain(),
    "re-weight": Reweight(),
    "double": Double(),
}
