"""Reads the tables of tests/proxy/http/strictness/; README.md there says how they are written."""

import dataclasses
import os
import re

FOLDER = os.path.join(os.path.dirname(__file__), "..", "..", "proxy", "http", "strictness")
ORDINARY_REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|\(((?:[^)])*?)\*(\d+)\)|(.))", re.DOTALL)
MEANT = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}


@dataclasses.dataclass
class Case:
    family: str
    name: str
    rfc: str
    sent: str = ""
    answer: str = ""
    closes: bool = False  # the member, behind its answer
    client: str = ""
    body: str = None
    member: list = dataclasses.field(default_factory=list)  # (method, target, host, body)
    llhttp_refuses: bool = False

    @property
    def statuses(self):
        return [int(word) for word in self.client.split() if word.isdigit()]

    @property
    def is_closed(self):
        return self.client.endswith("closed")

    @property
    def is_refused(self):
        """Whether the proxy, and not the member, has the last word."""
        return self.client.endswith("cut") or bool(self.statuses) and self.statuses[-1] in REFUSALS


REFUSALS = (400, 405, 413, 414, 431, 501, 502, 505)


def unescaped(text):
    def meant(found):
        byte, repeated, count, letter = found.groups()
        if byte:
            return chr(int(byte, 16))
        if count:
            return unescaped(repeated) * int(count)
        return MEANT[letter]

    return ESCAPE.sub(meant, text)


def _request(text):
    method, target, host, body = (text.split(" ") + [""])[:4]
    return method, unescaped(target), unescaped("" if host == "-" else host), unescaped(body)


def _take(case, word, rest):
    if word == ">":
        case.sent += unescaped(rest)
    elif word == "<":
        case.answer += unescaped(rest)
    elif word == "closes":
        case.closes = True
    elif word == "client":
        case.client = rest
    elif word == "body":
        case.body = unescaped(rest)
    elif word == "member":
        case.member.append(_request(rest))
    elif word == "llhttp":
        case.llhttp_refuses = True


def read_family(path):
    cases, rfc = [], ""
    with open(path, encoding="ascii", newline="\n") as file:
        for line in file:
            word, _, rest = line.rstrip("\n").lstrip(" ").partition(" ")
            if word == "rfc":
                rfc = rest
            elif word == "case":
                cases.append(Case(os.path.basename(path)[:-4], rest, rfc))
            elif word and not word.startswith("#"):
                _take(cases[-1], word, rest)
    for case in cases:
        case.sent = case.sent or ORDINARY_REQUEST
    return cases


def counts():
    """How many cases there are, as the table in tests/README.md."""
    lines = ["| family | cases | forwarded | refused |", "| --- | --- | --- | --- |"]
    sums = [0, 0, 0]
    for direction in ("requests", "answers"):
        for family, cases in read_table(direction).items():
            refused = sum(case.is_refused for case in cases)
            numbers = [len(cases), len(cases) - refused, refused]
            sums = [a + b for a, b in zip(sums, numbers)]
            lines.append(f"| {direction}: {family} | " + " | ".join(map(str, numbers)) + " |")
    lines.append("| all | " + " | ".join(map(str, sums)) + " |")
    return "\n".join(lines) + "\n"


def read_table(direction):
    """All cases of "requests" or "answers", by family."""
    folder = os.path.join(FOLDER, direction)
    return {name[:-4]: read_family(os.path.join(folder, name)) for name in sorted(os.listdir(folder))}


if __name__ == "__main__":
    print(counts(), end="")
