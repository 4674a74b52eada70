"""Thin path."""
import os, shutil, sys, tempfile, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cluster.network import Network
from cluster import store
from cluster.cell import Cell, Programs
from cluster.changes import CHANGES
from cluster.verdict import moves, judge
root = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
build = os.path.join(root, "build/dev/tests/consistency/load/")
programs = Programs(os.environ["LIMPET"], build + "history_member", build + "history_clients", os.environ.get("CHECKER", "/nope"))
network = Network()
scratch = tempfile.mkdtemp(dir="/dev/shm")
etcd = None
try:
    network.enter()
    os.makedirs(scratch + "/logs")
    etcd = store.Cluster(network, scratch, scratch + "/logs")
    cell = Cell(network, etcd, programs, sys.argv[1], "/tmp/cell-thin", scratch + "/lists", 1)
    t = time.monotonic()
    try:
        cell.start(20000, 0.0)
        print("started", time.monotonic() - t)
        for n in range(3):
            CHANGES[sys.argv[2]].apply(cell, n); cell.wait_until_converged(); print("applied", time.monotonic() - t)
            CHANGES[sys.argv[2]].undo(cell); cell.wait_until_converged(); print("undone", time.monotonic() - t)
        print(cell.load.finish())
    finally:
        cell.stop()
    print("moves", moves(cell.folder), judge(programs.checker, cell.folder))
finally:
    network.remove()
    shutil.rmtree(scratch)
