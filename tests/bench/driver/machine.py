"""What this machine is, and what of it the run may use."""

import os
import platform
import random
import re
import resource
import socket
import subprocess

OPEN_FILES_NEEDED = 20_000


def raise_open_files():
    """Soft limit to the hard one; what is started later has it too. Returns the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def free_port():
    """Below the ports that connections get, so that none of them takes it between now and its use."""
    for _ in range(1000):
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no free port")


def first_line(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "not installed"
    return (done.stdout + done.stderr).strip().split("\n")[0]


def version(command):
    found = re.search(r"\d+\.\d+[\w.+-]*", first_line(command))
    return found.group() if found else "unknown"


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def memory_gib():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def system_name():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def commit(folder):
    """The commit that is measured; a + says that something is changed since."""
    git = ["git", "-C", folder]
    name = first_line([*git, "rev-parse", "--short=12", "HEAD"])
    changed = subprocess.run([*git, "status", "--porcelain", "--untracked-files=no"], capture_output=True, check=False)
    return name + ("+" if changed.stdout else "")


def describe(limpet, root):
    return {
        "cpu": cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory_gib(), 1),
        "kernel": platform.release(),
        "system": system_name(),
        "open_files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "commit": commit(root),
        "versions": {
            "limpet": version([limpet, "--version"]),
            "nginx": version(["nginx", "-v"]),
            "haproxy": version(["haproxy", "-v"]),
            "wrk": version(["wrk", "-v"]),
            "h2load": version(["h2load", "--version"]),
            "etcd": version(["etcd", "--version"]),
        },
    }
