"""Who may include whom, and what may be named where: one row a boundary.

    boundaries.py [FOLDER]      checks the tree in FOLDER; default: this repository

Prints each line that crosses a boundary and exits 1 where there is one. A boundary whose folder is not there, or an
exception that nobody needs any more, counts too: a rule that holds nothing is no rule.
"""

import os
import re
import sys
from dataclasses import dataclass

FOLDERS = ("routing", "config", "proxy", "deploy", "tests")
SUFFIXES = (".hpp", ".cpp")


@dataclass(frozen=True)
class Includes:
    """Of our own headers, files under `folder` include only those under `allowed`."""

    folder: str
    allowed: tuple
    exceptions = ()

    def crossed_by(self, line):
        header = quoted_header(line)
        return header is not None and not header.startswith(self.allowed)

    @property
    def rule(self):
        return f"{self.folder} includes nothing of ours but {', '.join(self.allowed)}"


@dataclass(frozen=True)
class Only:
    """`pattern` matches no line of code under `folder`, except in files whose paths begin with one of `exceptions`."""

    what: str
    pattern: str
    exceptions: tuple = ()
    folder: str = ""

    def crossed_by(self, line):
        return re.search(self.pattern, line) is not None

    @property
    def rule(self):
        where = f"in {self.folder}" if self.folder else "anywhere"
        return f"{self.what}: not {where}" + (f" but in {', '.join(self.exceptions)}" if self.exceptions else "")


def including(headers):
    return r"^\s*#\s*include\s*[<\"](" + headers + ")"


LOCKS = including("mutex|shared_mutex|condition_variable|semaphore") + r"|\bstd::\w*mutex\b|\bpthread_mutex"

BOUNDARIES = (
    # Who may include whom.
    Includes("routing/", ("routing/",)),
    Includes("config/", ("config/", "routing/")),
    Includes("proxy/", ("proxy/", "config/", "routing/")),
    Includes("proxy/net/", ("proxy/net/", "routing/")),
    Includes("proxy/http/", ("proxy/http/", "proxy/net/", "config/", "routing/")),
    Includes("proxy/membership/", ("proxy/membership/", "proxy/net/", "config/", "routing/")),
    Includes("proxy/membership/etcd/", ("proxy/membership/etcd/", "proxy/net/", "routing/")),  # a library of its own
    Includes("proxy/ops/", ("proxy/ops/", "proxy/membership/", "proxy/http/", "proxy/net/", "config/", "routing/")),
    Includes("proxy/agent/", ("proxy/agent/", "proxy/membership/", "proxy/net/", "config/", "routing/")),
    Includes("deploy/", ("deploy/",)),
    Only("Includes from elsewhere than the top of the repository", r'^\s*#\s*include\s*"(\.|[^/"]*")'),

    # Libraries.
    Only("yaml-cpp", including("yaml-cpp/") + r"|\bYAML::", ("config/",)),
    Only("prometheus-cpp", including("prometheus/") + r"|\bprometheus::", ("proxy/ops/", "tests/proxy/ops/")),
    Only("OpenSSL", including("openssl/|boost/asio/ssl"), (
        "proxy/boost_asio_beast.cpp",  # compiles Asio's TLS, once
        "proxy/http/hmac.cpp",  # signs issued cookies
        "proxy/http/websocket_handshake.cpp",  # the handshake's SHA-1
        "proxy/membership/etcd/channel.",  # TLS to etcd
        "proxy/membership/etcd/tls.",
    )),
    Only("nlohmann, since JSON is Boost.JSON's", including("nlohmann/") + r"|\bnlohmann::"),

    # Decisions are pure, and no request meets a lock.
    Only("Locks", LOCKS, folder="routing/"),
    Only("Locks", LOCKS, folder="proxy/http/"),
    Only("Sockets, files, threads and JSON", including(
        "sys/|netinet/|unistd|fcntl|poll|boost/asio|boost/beast|boost/json|fstream|filesystem|thread"), folder="routing/"),
    Only("Clocks and randomness, which come in as arguments", including("random") +
         r"|_clock::now|\b(std)?::time\(|\bclock_gettime\b|\brandom_device\b|\bgetrandom\b", folder="routing/"),
)

# Strings are matched so that what looks like a comment in one is none.
TOKENS = re.compile(r'''R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])'|(?P<comment>//[^\n]*|/\*.*?\*/)''',
                    re.DOTALL)


def quoted_header(line):
    found = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
    return found and found.group(1)


def code_lines(text):
    """The lines of a file without its comments."""
    def blank(found):
        return "\n" * found.group().count("\n") if found.group("comment") else found.group()
    return TOKENS.sub(blank, text).split("\n")


def sources(root):
    """(path from the root, lines of code) of each source file."""
    for top in FOLDERS:
        for folder, folders, files in os.walk(os.path.join(root, top)):
            folders.sort()
            for name in sorted(files):
                if name.endswith(SUFFIXES):
                    path = os.path.join(folder, name)
                    with open(path, encoding="utf-8", errors="replace") as file:
                        yield os.path.relpath(path, root), code_lines(file.read())


def check(root, boundaries=BOUNDARIES):
    """What crosses a boundary, a line of text each."""
    files = list(sources(root))
    return [finding for boundary in boundaries for finding in check_one(root, files, boundary)]


def check_one(root, files, boundary):
    if not os.path.isdir(os.path.join(root, boundary.folder)):
        yield f"{boundary.folder}: is not there ({boundary.rule})"
    needed = set()
    for path, lines in files:
        if not path.startswith(boundary.folder):
            continue
        exceptions = {prefix for prefix in boundary.exceptions if path.startswith(prefix)}
        for number, line in enumerate(lines, 1):
            if boundary.crossed_by(line):
                needed |= exceptions
                if not exceptions:
                    yield f"{path}:{number}: {line.strip()} ({boundary.rule})"
    for prefix in boundary.exceptions:
        if prefix not in needed and not prefix.startswith("tests/"):
            yield f"{prefix}: is excepted without need ({boundary.rule})"


def main(arguments):
    root = arguments[0] if arguments else os.path.join(os.path.dirname(__file__), "..", "..")
    found = check(os.path.abspath(root))
    print("\n".join(found) if found else f"{len(BOUNDARIES)} boundaries hold")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
