"""What the kernel says of a program's sockets (proc(5))."""

import os
import re

KEEP_ALIVE = "02"  # the timer that is running: the kernel's TCP_SEQ of net/ipv4/tcp_ipv4.c
ESTABLISHED = "01"


def keep_alive_count(process):
    """How many of its open IPv4 connections have a keep-alive timer running. Data under way hides it for a moment."""
    inodes = set()
    for descriptor in os.listdir(f"/proc/{process.pid}/fd"):
        try:
            target = os.readlink(f"/proc/{process.pid}/fd/{descriptor}")
        except FileNotFoundError:
            continue  # closed meanwhile
        found = re.fullmatch(r"socket:\[(\d+)\]", target)
        if found:
            inodes.add(found.group(1))
    count = 0
    with open(f"/proc/{process.pid}/net/tcp", encoding="ascii") as table:
        for line in list(table)[1:]:
            fields = line.split()
            state, timer, inode = fields[3], fields[5].partition(":")[0], fields[9]
            count += inode in inodes and state == ESTABLISHED and timer == KEEP_ALIVE
    return count
