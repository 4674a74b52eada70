"""How figures are called and written."""

HEADINGS = {
    "user_us": "user µs",
    "system_us": "system µs",
    "cpu_us": "CPU µs",
    "per_s": "requests/s",
    "p50_us": "p50 µs",
    "p99_us": "p99 µs",
    "bytes": "bytes each",
    "ready_ms": "ms to ready",
    "worker_ms": "worker's CPU ms",
    "control_ms": "control thread's CPU ms",
    "to_routed_ms": "ms to routed",
    "grown_mb": "grown MB",
    "bytes_per_member": "bytes a member",
    "joined_p50_ms": "join p50 ms",
    "joined_p99_ms": "join p99 ms",
    "left_p50_ms": "leave p50 ms",
    "left_p99_ms": "leave p99 ms",
    "place_3_ns": "ns of 3",
    "place_100_ns": "ns of 100",
    "place_1000_ns": "ns of 1,000",
    "place_10000_ns": "ns of 10,000",
    "build_view_ms": "view ms",
    "one_worker": "with one worker",
    "two_workers": "with two workers",
    "two_to_one": "two to one",
    "available": "available",
    "barrier": "barrier",
    "barrier_to_available": "barrier to available",
}


def number(value):
    """With three digits that count, or all before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def ratio_text(ratio):
    return f"{ratio['median']:.2f} [{ratio['min']:.2f} to {ratio['max']:.2f}]"
