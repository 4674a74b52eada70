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
    for mode in sorted({row["mode"] for row in rows}):
        controls = [row for row in rows if row["mode"] == mode and row["control"] and "error" not in row]
        if controls and not any(row["total"] for row in controls):
            found.append(f"{mode}: no violation where there should be: then this test cannot find any")
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


def summary(rows):
    """A row a fault and mode: its changes taken together."""
    groups = {}
    for row in rows:
        if "error" not in row:
            groups.setdefault((row["mode"], row["fault"], row["beyond"]), []).append(row)
    lines = ["| mode | fault | cells | operations | no | unknown | moves | longest | violations |", "| --- " * 9 + "|"]
    for (mode, fault, beyond), cells in groups.items():
        sums = {name: sum(row[name] for row in cells) for name in ("operations", "no", "unknown", "moves", "total")}
        named = fault + (" (beyond)" if beyond else "")
        counts = f"{len(cells)} | {sums['operations']:,} | {sums['no']:,} | {sums['unknown']:,} | {sums['moves']:,}"
        longest = max(row["max_us"] for row in cells) / 1e6
        lines.append(f"| {mode} | {named} | {counts} | {longest:.1f} s | {sums['total']:,} |")
    return "\n".join(lines)
