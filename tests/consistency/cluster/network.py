"""A network of hosts on one machine: a namespace each, on one bridge, which stands in a namespace of its own, too.

    e1 e2 e3   10.77.0.1 ..   etcd        m1 .. m5   10.77.0.21 ..   members
    p1 p2 p3   10.77.0.11 ..  proxies     c          10.77.0.31      clients
                                          bridge     10.77.0.254     the runner

These addresses are nowhere but in these namespaces. Names have the runner's pid, so that what a runner left that was
killed can be told from what is in use.
"""

import ctypes
import os
import re
import signal
import subprocess
import sys

PREFIX = "limpet-"
SUBNET = "10.77.0."
HOSTS = {
    **{f"e{n}": n for n in (1, 2, 3)},
    **{f"p{n}": 10 + n for n in (1, 2, 3)},
    **{f"m{n}": 20 + n for n in (1, 2, 3, 4, 5)},
    "c": 31,
}
RUNNER = 254
FOLDER = "/run/netns/"
CLONE_NEWNET = 0x40000000  # sched.h
RULES = """
table inet faults {
  chain input { type filter hook input priority 0; }
}
"""


def end_in_order_at_signals():
    """A runner that is told to end removes its hosts first: by what its `finally` does."""
    for sort in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(sort, lambda number, _: sys.exit(128 + number))


class NoNetwork(Exception):
    """Namespaces cannot be made here."""


def run(*command, given=None):
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoNetwork(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def address_of(host):
    return SUBNET + str(HOSTS[host])


class Network:
    def __init__(self):
        if os.geteuid() != 0:
            raise NoNetwork("network namespaces need root")
        remove_left_behind()
        self._base = f"{PREFIX}{os.getpid()}-"
        try:
            self._build()
        except BaseException:
            self.remove()
            raise

    def _build(self):
        bridge = self._base + "bridge"
        run("ip", "netns", "add", bridge)
        links = ["link set lo up", "link add bridge type bridge", "link set bridge up"]
        links.append(f"addr add {SUBNET}{RUNNER}/24 dev bridge")
        run("ip", "-n", bridge, "-batch", "-", given="\n".join(links))
        for host in HOSTS:
            namespace = self._base + host
            run("ip", "netns", "add", namespace)
            run("ip", "-n", bridge, "link", "add", host, "type", "veth", "peer", "name", "eth0", "netns", namespace)
            run("ip", "-n", bridge, "link", "set", host, "master", "bridge", "up")
            links = ["link set lo up", "link set eth0 up", f"addr add {address_of(host)}/24 dev eth0"]
            run("ip", "-n", namespace, "-batch", "-", given="\n".join(links))
            run(*self.inside(host), "nft", "-f", "-", given=RULES)

    def enter(self):
        """The calling thread, and those that it starts later, stand at the bridge from now on, and reach all hosts."""
        with open(FOLDER + self._base + "bridge", encoding="ascii") as namespace:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
                raise NoNetwork(f"setns: {os.strerror(ctypes.get_errno())}")

    def inside(self, host):
        """What a command begins with to run on a host; it becomes the command, so that their pids are one."""
        return ["nsenter", f"--net={FOLDER}{self._base}{host}", "--"]

    def drop(self, sources, targets, what=""):
        """Packets from any of the one to any of the others are lost at the receiver; the other direction goes on.
        `what` narrows it down: more of an nft expression."""
        addresses = ", ".join(address_of(one) for one in sources)
        for target in targets:
            rule = f"add rule inet faults input ip saddr {{ {addresses} }} {what} drop\n"
            run(*self.inside(target), "nft", "-f", "-", given=rule)

    def heal(self):
        for host in HOSTS:
            run(*self.inside(host), "nft", "flush", "chain", "inet", "faults", "input")

    def connections(self, host, port):
        """The open connections of a host to a port: (peer's host name, own port, milliseconds since it last sent)."""
        names = {address_of(one): one for one in HOSTS}
        listed = run(*self.inside(host), "ss", "-tinOH", "state", "established", f"dport = :{port}")
        found = []
        for line in listed.splitlines():
            ends = re.findall(r"(\d+\.\d+\.\d+\.\d+):(\d+)", line)
            sent = re.search(r"lastsnd:(\d+)", line)
            found.append((names[ends[1][0]], int(ends[0][1]), int(sent.group(1)) if sent else 0))
        return found

    def reset(self, host, port):
        """Its open connections to a port end at once, as by a reset from there (tcp_diag; CONFIG_INET_DIAG_DESTROY)."""
        run(*self.inside(host), "ss", "-KtnH", "state", "established", f"dport = :{port}")

    def remove(self):
        remove_all(self._base)


def namespaces():
    return os.listdir(FOLDER) if os.path.isdir(FOLDER) else []


def remove_all(base):
    """Also what still runs there; the runner itself is at the bridge."""
    for name in namespaces():
        if not name.startswith(base):
            continue
        left = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False)
        for pid in map(int, left.stdout.split()):
            if pid != os.getpid():
                kill_if_there(pid)
        subprocess.run(["ip", "netns", "del", name], check=False)


def kill_if_there(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def remove_left_behind():
    """What runners left that are no more."""
    for name in namespaces():
        found = re.fullmatch(PREFIX + r"(\d+)-\w+", name)
        if found and not os.path.exists(f"/proc/{found.group(1)}"):
            remove_all(f"{PREFIX}{found.group(1)}-")
