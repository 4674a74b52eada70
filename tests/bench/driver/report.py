"""What a run found, for the terminal and as a page that can be pasted into a README."""

from .contenders import LABELS
from .summary import TOO_NOISY
from .targets import BETTER_PEER
from .units import HEADINGS, number, ratio_text


def label(name):
    return LABELS.get(name, name)


def aligned(rows):
    """Columns under each other; the first to the left, numbers to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        yield "  " + "   ".join(cells)


def target_text(check):
    if "against" in check:
        return f"≤ {check['at_most']:.2f} × {label(check['against'])}"
    return f"{HEADINGS[check['metric']]} ≤ {check['at_most']:,}"


def text_of(summary):
    """One work, with its ratios, targets and doubts."""
    lines = [f"{summary['work']}: {summary['title']}"]
    columns = summary["columns"]
    rows = [["", *(HEADINGS[column] for column in columns)]]
    for name, one in summary["contenders"].items():
        rows.append([label(name), *(number(one["median"][column]) for column in columns)])
    lines += aligned(rows)
    if summary["ratios"]:
        checks = {check.get("against"): check for check in summary["checks"]}
        rows = []
        for name, ratio in summary["ratios"].items():
            check = checks.get(name)
            told = f"target {check['at_most']:.2f}: {check['verdict']}" if check else ""
            rows.append([f"Limpet / {label(name)}, {HEADINGS[summary['metric']]}", ratio_text(ratio), told])
        lines += ["", *aligned(rows)]
    for check in summary["checks"]:
        if "against" not in check:
            spread = f"{number(check['value'])} [{number(check['min'])} to {number(check['max'])}]"
            lines.append(f"  {HEADINGS[check['metric']]}: {spread}, target {check['at_most']:,}: {check['verdict']}")
    lines += [f"  noise: {line}" for line in summary["noise"]]
    return "\n".join(lines) + "\n"


def machine_text(run):
    machine, versions = run["machine"], run["machine"]["versions"]
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}, "
        f"Linux {machine['kernel']}; Limpet {versions['limpet']} at {machine['commit']}, nginx {versions['nginx']}, "
        f"HAProxy {versions['haproxy']}, wrk {versions['wrk']}, h2load {versions['h2load']}, etcd {versions['etcd']}"
    )


def conclusion(summaries, failures):
    checks = [check for summary in summaries for check in summary["checks"]]
    count = {word: sum(check["verdict"] == word for check in checks) for word in ("pass", "miss", TOO_NOISY)}
    lines = [", ".join(f"{count[word]} {word}" for word in count) + f", of {len(checks)} targets"]
    for summary in summaries:
        for check in summary["checks"]:
            if check["verdict"] != "pass":
                spread = f"{number(check['value'])} [{number(check['min'])} to {number(check['max'])}]"
                lines.append(f"  {summary['work']}: {target_text(check)}: {spread}: {check['verdict']}")
    lines += [f"  {work}: not measured: {why}" for work, why in failures.items()]
    noisy = [summary["work"] for summary in summaries if summary["noise"]]
    if noisy:
        lines.append(f"The machine was not quiet during {', '.join(noisy)}: measure again before believing these.")
    return "\n".join(lines) + "\n"


def markdown_table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def cell(summary, name, write):
    one = summary["contenders"].get(name)
    return write(one["median"]) if one else ""


def targets_cell(summary):
    return "; ".join(f"{target_text(check)}: {check['verdict']}" for check in summary["checks"])


def traffic_tables(summaries):
    names = list(LABELS)
    others = [*names[1:], BETTER_PEER]

    def cpu(median):
        return f"{number(median['cpu_us'])} ({number(median['user_us'])} + {number(median['system_us'])})"

    def speed(median):
        return f"{number(median['per_s'])}; {number(median['p50_us'])}; {number(median['p99_us'])}"

    rows, speeds = [], []
    for s in summaries:
        ratios = [ratio_text(s["ratios"][name]) if name in s["ratios"] else "" for name in others]
        of = "" if s["metric"] == "cpu_us" else f" (ratios of {HEADINGS[s['metric']]})"
        rows.append([s["title"] + of, *(cell(s, name, cpu) for name in names), *ratios, targets_cell(s)])
        speeds.append([s["title"], *(cell(s, name, speed) for name in names)])
    labels = [label(name) for name in names]
    yield "CPU µs of the proxy a request (user + system), and Limpet's over the others':\n"
    yield markdown_table(["work", *labels, *(f"÷ {label(name)}" for name in others), "targets"], rows)
    yield "Requests a second; p50 µs; p99 µs:\n"
    yield markdown_table(["work", *labels], speeds)


def other_tables(summaries):
    for s in summaries:
        heads = [HEADINGS[column] for column in s["columns"]]
        rows = [
            [label(name), *(number(one["median"][column]) for column in s["columns"])]
            for name, one in s["contenders"].items()
        ]
        yield f"{s['title']}:\n"
        yield markdown_table(["", *heads], rows)
        if s["checks"]:
            yield f"Targets: {targets_cell(s)}.\n"


def markdown_of(run):
    summaries = run["works"]
    traffic = [s for s in summaries if "cpu_us" in s["columns"]]
    parts = [f"{run['date']}, rounds: {run['rounds']} of {run['seconds']} s. {machine_text(run)}.\n"]
    parts += traffic_tables(traffic) if traffic else []
    parts += other_tables([s for s in summaries if s not in traffic])
    disturbed = [f"{s['title']}: {s['disturbed_rounds']}" for s in summaries if s["disturbed_rounds"]]
    if disturbed:
        parts.append(f"Rounds in which other processes had a part of the cores: {'; '.join(disturbed)}.\n")
    parts += [f"Not measured: {work}: {why}\n" for work, why in run["failures"].items()]
    return "\n".join(parts)
