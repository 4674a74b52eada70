"""Before anything is measured: each contender does the same work, and does it right."""

from .client import Client
from .contenders import CONTENDERS
from .processes import Failed

BODY_BYTES = {"/": 100, "/16k": 16 * 1024, "/1m": 1024 * 1024}
UPLOAD_BYTES = 1024 * 1024
KEYS = 60


def expect(condition, contender, what):
    if not condition:
        raise Failed(f"{CONTENDERS[contender].label} does other work: {what}")


def cookies_of(port, count):
    """`count` cookies for as many sessions: those that the proxy issues, or else some of our own."""
    found = []
    for i in range(count):
        with Client(port) as client:
            issued = client.request("GET", "/").fields.get("set-cookie")
        found.append(issued.partition(";")[0] if issued else f"limpet=user-{i}")
    return found


def check(contender, port, session):
    """Raises Failed, saying what is wrong."""
    with Client(port) as client:
        for path, size in BODY_BYTES.items():
            answer = client.request("GET", path, X_User_Id="user-0")
            expect(answer.status == 200, contender, f"GET {path} gives {answer.status}")
            expect(len(answer.body) == size, contender, f"GET {path} has {len(answer.body)} bytes")
        answer = client.request("POST", "/", b"u" * UPLOAD_BYTES, X_User_Id="user-0")
        expect(answer.status == 200, contender, f"an upload gives {answer.status}")
    if not CONTENDERS[contender].routes:
        return
    check_forwarded(contender, port)
    values = [f"user-{i}" for i in range(KEYS)] if session == "header" else cookies_of(port, KEYS)
    check_sticky(contender, port, "X_User_Id" if session == "header" else "Cookie", values)


def check_forwarded(contender, port):
    with Client(port) as client:
        seen = client.request("GET", "/echo", X_User_Id="user-0").body.decode("latin-1").lower()
    expect("x-forwarded-for: 127.0.0.1\r\n" in seen, contender, "no X-Forwarded-For reaches the member")


def check_sticky(contender, port, field, values):
    """The same value goes to the same member, over any connection, and all members are used."""
    first = {}
    for _ in range(2):
        with Client(port) as client:
            for value in values:
                answer = client.request("GET", "/", **{field: value})
                owner = first.setdefault(value, answer.member)
                expect(answer.member == owner, contender, f"{value} went to {owner} and then to {answer.member}")
                expect("set-cookie" not in answer.fields, contender, f"{value} is not taken for a valid cookie")
    expect(len(set(first.values())) == 3, contender, f"{KEYS} sessions are on {sorted(set(first.values()))} only")
