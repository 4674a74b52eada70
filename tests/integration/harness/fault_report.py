"""The table of faults in README.md: what each of them cost, as counted by those who were there."""

import os

COLUMNS = ("requests sent", "failed", "sessions moved", "tunnels open", "moved", "lost")


def report(fault, load=None, crowd=None, moved=None, note=""):
    """Prints one row, and appends it to the file that LIMPET_FAULT_REPORT names. `moved`: tunnels that were let go and came back."""
    cells = ["", "", "", "", "", ""]
    if load is not None:
        cells[:3] = [load.sent, load.failed, load.sessions_moved()]
    if crowd is not None:
        let_go = len(crowd.ended(1012)) if moved is None else moved
        cells[3:] = [len(crowd.tunnels), let_go, len(crowd.ended()) - let_go]
    row = f"| {fault} | " + " | ".join(f"{cell:,}" if cell != "" else "" for cell in cells) + f" | {note} |"
    print(f"\n  {row}")
    path = os.environ.get("LIMPET_FAULT_REPORT")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(row + "\n")
