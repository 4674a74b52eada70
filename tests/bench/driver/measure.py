"""What processes and cores did between two moments, from /proc and the processes' CPU clocks."""

import os
import time

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def cpu_clock_ns(pid):
    """CPU time of all threads so far, to the nanosecond: the process's CPU clock (clock_getcpuclockid(3)).

    /proc/PID/stat has the same in ticks of 10 ms, and /proc/PID/schedstat only the first thread's.
    """
    return time.clock_gettime_ns((~pid << 3) | 2)


def thread_cpu_ns(pid, tid):
    """CPU time of one thread, from its schedstat: behind by up to a tick while it runs, exact once it sleeps."""
    with open(f"/proc/{pid}/task/{tid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0])


def waited_ns(pid):
    """How long its threads were ready to run and another had the core."""
    total = 0
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[1])
    return total


def user_system_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[11]), int(fields[12])


def resident_bytes(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            total += int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return total


def core_ticks(core):
    """(all, idle, stolen by the hypervisor) of one core."""
    with open("/proc/stat", encoding="ascii") as file:
        for line in file:
            fields = line.split()
            if fields[0] == f"cpu{core}":
                ticks = [int(field) for field in fields[1:9]]
                return sum(ticks), ticks[3] + ticks[4], ticks[7]
    raise ValueError(f"no core {core}")


class Moment:
    """All counters at once: of the proxy's processes, of those beside it, and of both cores."""

    def __init__(self, bench, proxy, beside, count):
        self.time_ns = time.monotonic_ns()
        self.count = count()
        self.cpu_ns = sum(cpu_clock_ns(pid) for pid in proxy)
        self.ticks = [sum(pair) for pair in zip(*(user_system_ticks(pid) for pid in proxy))]
        self.waited_ns = sum(waited_ns(pid) for pid in proxy)
        self.beside_ns = sum(cpu_clock_ns(pid) for pid in beside)
        self.proxy_core = core_ticks(bench.proxy_core)
        self.load_core = core_ticks(bench.load_core)


def busy_elsewhere(before, after, ours_ns, window_ns):
    """The share of a window that a core spent neither idle nor, as far as their clocks say, with our processes."""
    total = after[0] - before[0]
    idle_share = (after[1] - before[1]) / total if total else 1.0
    return max(0.0, 1.0 - idle_share - ours_ns / window_ns)


def between(a, b):
    """CPU time per request and what disturbed it, from moment `a` to moment `b`."""
    window_ns = b.time_ns - a.time_ns
    requests = max(1, b.count - a.count)
    cpu_ns = b.cpu_ns - a.cpu_ns
    user, system = (after - before for before, after in zip(a.ticks, b.ticks))
    # Ticks tell how the time divides, the clock how much it is.
    user_share = user / (user + system) if user + system else 0.5
    cpu_us = cpu_ns / 1000 / requests
    return {
        "cpu_us": cpu_us,
        "user_us": cpu_us * user_share,
        "system_us": cpu_us * (1 - user_share),
        "per_s": requests * 1e9 / window_ns,
        "core_share": cpu_ns / window_ns,
        "waited_share": (b.waited_ns - a.waited_ns) / window_ns,
        "others_on_proxy_core": busy_elsewhere(a.proxy_core, b.proxy_core, cpu_ns, window_ns),
        "others_on_load_core": busy_elsewhere(a.load_core, b.load_core, b.beside_ns - a.beside_ns, window_ns),
        "stolen_share": (b.proxy_core[2] - a.proxy_core[2]) / max(1, b.proxy_core[0] - a.proxy_core[0]),
    }
