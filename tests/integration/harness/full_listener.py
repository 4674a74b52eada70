"""A listener whose queue is full: it neither accepts nor refuses."""

import socket


class FullListener:
    def __init__(self, case):
        self._sockets = [socket.socket()]
        case.addCleanup(self.close)
        listener = self._sockets[0]
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            self._sockets.append(filler)
        self.address = f"127.0.0.1:{listener.getsockname()[1]}"

    def close(self):
        """Whoever still connects is refused once it tries again."""
        for one in self._sockets:
            one.close()
