"""What there is to run: the rules of the design, which hold, and the departures from them, each of which has to be found."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Run:
    name: str
    tells: str
    defines: tuple
    model: str = "ownership.pml"
    violates: bool = False
    heavy: bool = False
    bitstate: int = 0  # 2^N bits instead of whole states: no proof any more, and the table says so
    megabytes: int = 6000


def holds(name, tells, *defines, **more):
    return Run(name, tells, defines, heavy=True, **more)


def mutant(name, tells, *defines, **more):
    """Only the invariant of one owner may fail: a mutant has to come as far as two owners at once."""
    macro = "MUTANT_" + name.upper().replace("-", "_")
    return Run(name, tells, (macro, "ONLY_ONE_OWNER", *defines), violates=True, **more)


MUTANTS = [
    mutant("leased-routers", "routers/ goes with its lease", "RECORDS=3"),
    mutant("cached-routers", "the barrier set is a list from before the PREPARE", "RECORDS=3"),
    mutant("ack-before-drain", "acknowledged while a moved key is counted", "RECORDS=3"),
    mutant("receive-time", "the deadline counts from when the reply came", "RECORDS=3"),
    mutant("no-d", "the grace is W alone", "RECORDS=3"),
    mutant("d-from-first-byte", "D counts from the first byte written", "RECORDS=3"),
    mutant("old-acks", "an acknowledgement of a superseded PREPARE counts", "RECORDS=4", "NOBODY_LEAVES"),
    mutant("joiner-reads-first", "a joiner reads `view` and then registers", "RECORDS=3"),
    mutant("two-steps", "routers/ and alive/ are created one after the other", "RECORDS=3"),
    mutant("alive-again", "alive/ is put again for the same incarnation", "RECORDS=3"),
    mutant("exit-at-once", "a clean exit does not wait for what is in flight", "RECORDS=3"),
    mutant("given-up-client", "the client is gone, and the request is not counted any more", "RECORDS=3", "NOBODY_LEAVES"),
    mutant("given-up-fence", "fenced, forgotten, and acknowledged", "RECORDS=3", "NOBODY_LEAVES"),
    mutant("chosen-uncounted", "counted from the first byte, not from the choice of the owner", "RECORDS=3"),
    mutant("by-id", "owners are compared by id only; A and B are incarnations of one id", "RECORDS=3"),
    mutant("base-of-superseded", "the base is what the superseded PREPARE wanted", "RECORDS=3"),
    mutant("backwards", "an older record is applied", "RECORDS=3"),
    mutant("upgrade", "the successor takes over what it could not choose itself", "RECORDS=3"),
    mutant("no-grace", "removed as soon as alive/ is gone", "RECORDS=3"),
    mutant("no-fence", "bytes are written past the deadline", "RECORDS=3"),
    mutant("no-parking", "moved keys are served while the record is PREPARE", "RECORDS=3"),
    mutant("ack-of-one-worker", "acknowledged before every worker has applied the record", "RECORDS=3", "WORKERS=2"),
]

PROGRESS = [
    holds("progress", "two movers commit the newest members in the end", "RECORDS=5", model="progress.pml"),
    Run("no-members-rev", "movers supersede each other until the budget of records is spent",
        ("MUTANT_NO_MEMBERS_REV", "ONLY_COMMITS", "RECORDS=6", "FAULTS=0", "REQUESTS=0"), model="progress.pml", violates=True),
]

QUICK = [
    holds("detail-2-proxies-3", "every step, 2 proxies, 3 records", "RECORDS=3"),
    holds("lazy-2-proxies-5", "2 proxies, 5 records", "LAZY", "RECORDS=5"),
    Run("probe", "not a fault: a session that moves twice, so that the model is not safe for idleness",
        ("LAZY", "PROBE", "RECORDS=5"), violates=True),
    *PROGRESS,
    *MUTANTS,
]

FULL = [
    holds("lazy-2-proxies-6", "2 proxies, 6 records", "LAZY", "RECORDS=6", megabytes=20000),
    holds("lazy-2-proxies-8", "2 proxies, 8 records", "LAZY", "RECORDS=8", megabytes=20000),
    holds("lazy-3-proxies-5", "2 proxies and a late joiner, 5 records", "LAZY", "RECORDS=5", "PROXIES=3", megabytes=20000),
    holds("lazy-3-proxies-6", "the same, 6 records", "LAZY", "RECORDS=6", "PROXIES=3", megabytes=20000),
    holds("lazy-2-workers-5", "2 proxies of 2 workers, 5 records", "LAZY", "RECORDS=5", "WORKERS=2", megabytes=20000),
    holds("lazy-2-keys-5", "2 proxies, 2 keys, 5 records", "LAZY", "RECORDS=5", "KEYS=2", megabytes=20000),
    holds("detail-2-proxies-4", "every step, 2 proxies, 4 records", "RECORDS=4", megabytes=20000),
]
