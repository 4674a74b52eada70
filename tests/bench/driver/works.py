"""All works, in the order in which they are measured."""

from .alone import Placement, Start
from .etcd import EtcdToRouted
from .instructions import BarrierInstructions, Instructions
from .load import H2load, WebSockets, Wrk
from .memory import Memory
from .traffic import OfferedLoad, Traffic
from .view import View

ROUTERS = ("limpet", "nginx", "haproxy")

WORKS = (
    Traffic("get-1", "GET of 100 bytes, 1 connection", Wrk(1)),
    Traffic("get-64", "GET of 100 bytes, 64 connections", Wrk(64)),
    Traffic("get-512", "GET of 100 bytes, 512 connections", Wrk(512)),
    Traffic("get-4000", "GET of 100 bytes, 4,000 connections", Wrk(4000), warm_up_seconds=2.0),
    Traffic("cookie-64", "GET with an issued cookie, 64 connections", Wrk(64, cookies=8), session="cookie"),
    OfferedLoad("latency-64", "GET, 64 connections", H2load(64), metric="p99_us"),
    # The byte copy is left out: it would open a connection to the member for each of the client's.
    Traffic("connect", "GET of 100 bytes, a connection each, 64 at once", Wrk(64, closes=True), contenders=ROUTERS),
    Traffic("answer-16k", "GET of 16 KiB, 64 connections", Wrk(64, "/16k")),
    Traffic("answer-1m", "GET of 1 MiB, 16 connections", Wrk(16, "/1m")),
    Traffic("upload-1m", "POST of 1 MiB, 16 connections", Wrk(16, body_bytes=1024 * 1024)),
    Traffic("ws-64", "WebSocket round trip of 64 bytes, 64 tunnels", WebSockets(64, 64)),
    Traffic("ws-1k", "WebSocket round trip of 1 KiB, 64 tunnels", WebSockets(64, 1024)),
    Traffic("ws-16k", "WebSocket round trip of 16 KiB, 64 tunnels", WebSockets(64, 16 * 1024)),
    Memory("idle-keepalive", "Memory of an idle kept connection, of 4,000", "keepalive"),
    Memory("idle-tunnel", "Memory of an idle tunnel, both sides, of 4,000", "tunnel"),
    EtcdToRouted(),
    Placement(),
    View(),
    Start(),
    Instructions(),
    BarrierInstructions(),
)
