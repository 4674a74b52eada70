"""Stands between a proxy and its etcd, and misbehaves as a network does: watches fall silent, everything does, or nobody
is there."""

import socket
import threading

from .waiting import DEADLINE_S

WATCH = b"POST /v3/watch "


class Pair:
    """One connection of the proxy's, and ours to etcd behind it."""

    def __init__(self, client, server):
        self.client, self.server = client, server
        self.is_watch = self.has_answered = False

    def close(self):
        for end in (self.client, self.server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()


class Relay:
    def __init__(self, case, etcd):
        self._port = etcd.client_port
        self._changed = threading.Condition()
        self._pairs = []
        self._is_silent = self._watches_are_silent = self._is_cut = False
        self.answers = 0  # how often etcd has said something
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()
        case.addCleanup(self._stop)

    def wait_for_watch(self):
        """Until a watch is open and etcd has answered it."""
        with self._changed:
            opened = self._changed.wait_for(
                lambda: any(pair.is_watch and pair.has_answered for pair in self._pairs), DEADLINE_S
            )
        if not opened:
            raise AssertionError("no watch was opened")

    def silence_watches(self):
        """What etcd tells over watches, those to come included, is swallowed. All else goes through."""
        with self._changed:
            self._watches_are_silent = True

    def silence(self):
        """Connections are accepted, and nothing is ever answered."""
        with self._changed:
            self._is_silent = True

    def cut(self):
        """All connections are reset, and further ones closed at once."""
        with self._changed:
            self._is_cut = True
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            pair.close()

    def lead_to(self, etcd):
        """Connections that come from now on, as where a name or an address is given to others."""
        self._port = etcd.client_port

    def mend(self):
        """For what comes from now on; what was swallowed is lost."""
        with self._changed:
            self._is_silent = self._watches_are_silent = self._is_cut = False

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                is_cut = self._is_cut
            if is_cut:
                client.close()
                continue
            try:
                pair = Pair(client, socket.create_connection(("127.0.0.1", self._port)))
            except OSError:
                client.close()
                continue
            with self._changed:
                self._pairs.append(pair)
            for source, target in ((pair.client, pair.server), (pair.server, pair.client)):
                threading.Thread(target=self._pump, args=(pair, source, target), daemon=True).start()

    def _pump(self, pair, source, target):
        is_answer = source is pair.server
        try:
            while data := source.recv(65536):
                if self._passes(pair, is_answer, data):
                    target.sendall(data)
        except OSError:
            pass
        pair.close()

    def _passes(self, pair, is_answer, data):
        with self._changed:
            if is_answer:
                pair.has_answered = True
                self.answers += 1
            elif data.startswith(WATCH):
                pair.is_watch, pair.has_answered = True, False  # what came before answered another request
            self._changed.notify_all()
            return not (self._is_silent or (is_answer and pair.is_watch and self._watches_are_silent))

    def _stop(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        with self._changed:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            pair.close()
