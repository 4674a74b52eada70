"""The plot: a panel a work, a bar a contender, the shorter the better."""

from xml.sax.saxutils import escape

from .contenders import LABELS
from .units import HEADINGS, number

COLUMNS = 3
PANEL_WIDTH, GAP = 340, 36
LABEL_WIDTH, VALUE_WIDTH = 72, 62
BAR_HEIGHT, BAR_STEP = 14, 22
PANEL_HEAD, MARGIN, HEADER = 44, 32, 84
COLORS = {"limpet": "#0b7a75", "nginx": "#9aa5b1", "haproxy": "#6b7785", "floor": "#d5dae0"}
INK, FAINT = "#1f2933", "#616e7c"


def text(x, y, content, size=12, color=INK, anchor="start", weight="normal"):
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{escape(content)}</text>'
    )


def rectangle(x, y, width, height, color):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{color}"/>'


def line(x1, y1, x2, y2, color=INK, width=1.0):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" stroke-width="{width}"/>'


def panel(x, y, summary):
    """Bars from nought; the thin line is from the lowest round to the highest."""
    metric = summary["metric"]
    yield text(x, y + 12, summary["title"], 12, weight="bold")
    yield text(x, y + 29, HEADINGS[metric] + (" a request" if metric == "cpu_us" else ""), 11, FAINT)
    most = max(one[metric] for c in summary["contenders"].values() for one in c["rounds"]) or 1
    scale = (PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH) / most
    left = x + LABEL_WIDTH
    for i, (name, one) in enumerate(summary["contenders"].items()):
        top = y + PANEL_HEAD + i * BAR_STEP
        value = one["median"][metric]
        low, high = (pick(r[metric] for r in one["rounds"]) for pick in (min, max))
        weight = "bold" if name == "limpet" else "normal"
        yield text(left - 8, top + 11, LABELS[name], 12, anchor="end", weight=weight)
        yield rectangle(left, top, max(1.0, value * scale), BAR_HEIGHT, COLORS[name])
        if high > low:
            middle = top + BAR_HEIGHT / 2
            yield line(left + low * scale, middle, left + high * scale, middle)
            for end in (low, high):
                yield line(left + end * scale, middle - 3, left + end * scale, middle + 3)
        yield text(left + max(value, high) * scale + 6, top + 11, number(value), 12, weight=weight)
    bottom = y + PANEL_HEAD + len(summary["contenders"]) * BAR_STEP - 4
    yield line(left, y + PANEL_HEAD - 4, left, bottom, FAINT, 0.8)


def plot(run):
    """Works that several contenders did; nothing where there are none."""
    summaries = [s for s in run["works"] if len(s["contenders"]) > 1]
    panel_height = PANEL_HEAD + BAR_STEP * max((len(s["contenders"]) for s in summaries), default=0) + 26
    rows = (len(summaries) + COLUMNS - 1) // COLUMNS
    width = 2 * MARGIN + COLUMNS * PANEL_WIDTH + (COLUMNS - 1) * GAP
    height = HEADER + rows * panel_height + MARGIN
    machine = run["machine"]
    about = f"{run['date']} · {machine['cpu']}, one core for the proxy · Limpet at {machine['commit']} · "
    about += f"medians, rounds: {run['rounds']} of {run['seconds']} s; thin line: lowest to highest"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="DejaVu Sans, Helvetica, Arial, sans-serif">',
        rectangle(0, 0, width, height, "#ffffff"),
        text(MARGIN, 36, "Limpet beside nginx, HAProxy and a bare copy of the bytes: shorter is better", 18, weight="bold"),
        text(MARGIN, 58, about, 11, FAINT),
    ]
    for i, summary in enumerate(summaries):
        row, column = divmod(i, COLUMNS)
        parts += panel(MARGIN + column * (PANEL_WIDTH + GAP), HEADER + row * panel_height, summary)
    return "\n".join([*parts, "</svg>"]) + "\n"
