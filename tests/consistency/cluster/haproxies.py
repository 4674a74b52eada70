"""HAProxy in the same place, as it is run today: a hash of the session's header, health checks, and lists of servers that are
written and reloaded one proxy after the other."""
# Filled in behind the thinnest path.


class HAProxy:
    pass
