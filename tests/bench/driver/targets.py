"""What Limpet should reach. Ratios are Limpet's figure over the other's, of the work's metric."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    against: str  # a contender, or BETTER_PEER
    at_most: float


@dataclass(frozen=True)
class Absolute:
    metric: str
    at_most: float


BETTER_PEER = "better peer"

TARGETS = {
    "get-64": (Ratio("nginx", 0.90), Ratio("haproxy", 0.85), Ratio("floor", 1.25)),
    "get-512": (Ratio("nginx", 0.75), Ratio("haproxy", 0.70)),
    "get-4000": (Ratio("nginx", 0.75), Ratio("haproxy", 0.70)),
    "cookie-64": (Ratio("nginx", 0.95), Ratio("haproxy", 0.90)),
    "latency-64": (Ratio("nginx", 1.00), Ratio("haproxy", 1.00)),
    "connect": (Ratio("nginx", 1.00), Ratio("haproxy", 1.00)),
    "answer-16k": (Ratio(BETTER_PEER, 0.95), Ratio("floor", 1.15)),
    "answer-1m": (Ratio(BETTER_PEER, 0.95), Ratio("floor", 1.15)),
    "upload-1m": (Ratio(BETTER_PEER, 0.95), Ratio("floor", 1.15)),
    "ws-64": (Ratio("nginx", 1.00), Ratio("haproxy", 1.00), Ratio("floor", 1.10)),
    "ws-16k": (Ratio("nginx", 0.50), Ratio("haproxy", 0.60), Ratio("floor", 1.20)),
    "idle-keepalive": (Absolute("bytes", 2000),),
    "idle-tunnel": (Absolute("bytes", 2800),),
    "etcd": (Absolute("joined_p99_ms", 20),),
    "placement": (Absolute("place_3_ns", 60), Absolute("place_1000_ns", 1000), Absolute("build_view_ms", 10)),
    "view": (Absolute("worker_ms", 1),),
    "instructions": (Absolute("two_to_one", 1.01),),
    "instructions-barrier": (Absolute("barrier_to_available", 1.02),),
}
