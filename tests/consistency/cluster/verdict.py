"""What a cell has shown: a row of the table, and whether it may be so."""

import json
import subprocess

COLUMNS = ("fault", "change", "mode", "operations", "ok", "no", "unknown", "moves", "p99", "longest", "violations", "s")
LINE = (
    "| {fault} | {change} | {mode} | {operations:,} | {ok:,} | {no:,} | {unknown:,} | {moves:,} "
    "| {p99} | {max} | {violations} | {seconds:.0f} |"
)


def judge(checker, folder):
    """The checker's report; fails where the history itself cannot be judged."""
    done = subprocess.run([checker, folder, "--json"], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise AssertionError(f"the checker: {done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout)


def in_words(checker, folder):
    """The first violations of each kind."""
    return subprocess.run([checker, folder], capture_output=True, text=True, check=False).stdout


def is_failure(row):
    """Of this row alone."""
    if "error" in row:
        return True
    return row["mode"] == "barrier" and not row["beyond"] and row["total"] > 0


def failures(rows):
    """A line each; none where the matrix shows what it should."""
    failed = [row for row in rows if is_failure(row)]
    found = [f"{row['fault']} x {row['change']}, {row['mode']}: {row.get('error') or kinds(row)}" for row in failed]
    others = [row for row in rows if row["mode"] != "barrier" and "error" not in row]
    if others and not any(row["total"] for row in others):
        found.append("no violation without a barrier: then this test cannot find any")
    return found


def kinds(row):
    named = [f"{count:,} {kind.replace('_', ' ')}" for kind, count in row["violations"].items() if count]
    return ", ".join(named) or "0"


def table(rows):
    lines = ["| " + " | ".join(COLUMNS) + " |", "| " + " | ".join("---" for _ in COLUMNS) + " |"]
    for row in rows:
        if "error" in row:
            lines.append(f"| {row['fault']} | {row['change']} | {row['mode']} | " + " | " * 7 + f"{row['error']} | |")
            continue
        mode = row["mode"] + (" (beyond)" if row["beyond"] else "")
        shown = {**row, "mode": mode, "violations": kinds(row)}
        shown.update(p99=f"{row['p99_us'] / 1000:.0f} ms", max=f"{row['max_us'] / 1000:.0f} ms")
        lines.append(LINE.format(**shown))
    return "\n".join(lines)
