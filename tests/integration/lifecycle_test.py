"""Start, reload, drain and end: nothing is cut that need not be, and nothing is lost."""

import os
import signal
import threading
import unittest

from harness.case import IntegrationTest
from harness.client import Connection
from harness.limpet import merge, static_config
from harness.origin import OK, answering
from harness.process import Process
from harness.waiting import wait_until
from harness.websocket import CLOSE


class Load:
    """Requests without a pause over a few connections, each answer checked, until it is told to end."""

    def __init__(self, address, clients=4, reconnect=False):
        self._address = address
        self._reconnect = reconnect
        self._end = threading.Event()
        self.answered = [0] * clients
        self.failures = []
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(clients)]
        for thread in self._threads:
            thread.start()

    def _run(self, number):
        connection = None
        try:
            while not self._end.is_set():
                connection = connection or Connection(self._address)
                response = connection.request("GET", "/", [("X-User-Id", f"load-{number}")])
                if response.status != 200:
                    self.failures.append(response)
                self.answered[number] += 1
                if (response.fields.get("Connection") or "").lower() == "close":
                    connection.close()
                    connection = None
                    if not self._reconnect:
                        return
        except BaseException as error:  # pylint: disable=broad-except
            self.failures.append(error)
        finally:
            if connection:
                connection.close()

    def wait_for_more(self, count=20):
        before = list(self.answered)
        wait_until(
            lambda: self.failures or all(now >= then + count for now, then in zip(self.answered, before)), "more answers"
        )

    def finish(self):
        self._end.set()
        self.join()

    def join(self):
        for thread in self._threads:
            thread.join(20)


class Reload(IntegrationTest):
    def test_a_reload_under_load_fails_no_request(self):
        members = self.start_members("a", "b", "c")
        stay = {"on_remove": {"action": "keep"}, "rebalance": {"per_second": 0}}
        proxy = self.start_limpet(static_config(members, pool=stay))
        sockets = [self.open_websocket(proxy.address, headers=[("X-User-Id", f"w{n}")]) for n in range(10)]
        load = Load(proxy.address)
        self.addCleanup(load.finish)
        for turn in range(10):
            load.wait_for_more()
            route = {"name": f"turn-{turn}"}
            proxy.reload(static_config(members[: 2 + turn % 2], pool=stay, route=route))
        load.wait_for_more()
        load.finish()
        self.assertEqual(load.failures, [])
        for socket in sockets:
            self.assertEqual(socket.ask("still here"), "still here")
        self.assertEqual(proxy.metrics().total("limpet_config_last_reload_successful"), 1)

    def test_a_bad_file_changes_nothing(self):
        origin = self.start_origin(answering(OK))
        config = static_config([origin])
        proxy = self.start_limpet(config)
        client = self.connect(proxy.address)
        for bad in (merge(config, {"routs": []}), merge(config, {"routes": [{"pool": "gone"}]}), {}):
            proxy.reload(bad)
            self.assertEqual(client.request("GET", "/").text(), "ok")
            self.assertEqual(proxy.metrics().total("limpet_config_last_reload_successful"), 0)
        proxy.reload(config)
        self.assertEqual(proxy.metrics().total("limpet_config_last_reload_successful"), 1)

    def test_routes_pools_and_limits_change(self):
        old = self.start_origin(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold"))
        new = self.start_origin(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew"))
        proxy = self.start_limpet(static_config([old]))
        client = self.connect(proxy.address)
        self.assertEqual(client.request("GET", "/").text(), "old")
        proxy.reload(static_config([new], limits={"header_count": 5}))
        wait_until(lambda: client.request("GET", "/").text() == "new", "the new pool, on the old connection")
        many = [(f"X-{n}", "1") for n in range(10)]
        wait_until(lambda: self.fetch(proxy.address, headers=many).status == 431, "the new limit")

    def test_the_epoch_of_a_static_pool_grows_with_its_changes(self):
        members = self.start_members("a", "b")
        proxy = self.start_limpet(static_config(members[:1]))

        def epoch():
            return proxy.members()["pools"][0]["epoch"]

        seen = [epoch()]
        for count in (2, 1):
            proxy.reload(static_config(members[:count]))
            seen.append(epoch())
        self.assertEqual(seen, sorted(set(seen)))

    def test_what_needs_a_restart_is_kept_and_told(self):
        origin = self.start_origin(answering(OK))
        config = static_config([origin])
        proxy = self.start_limpet(config)
        proxy.reload(merge(config, {"workers": 1, "listeners": [{"name": "other", "address": "127.0.0.1:0"}]}))
        self.assertEqual(self.fetch(proxy.address).status, 200)
        self.assertIn("restart", proxy.process.output())
        self.assertEqual(proxy.metrics().total("limpet_config_last_reload_successful"), 1)


class Drain(IntegrationTest):
    def test_a_drain_loses_no_request(self):
        members = self.start_members("a", "b")
        proxy = self.start_limpet(static_config(members, shutdown={"delay": "200ms", "drain": "10s"}))
        load = Load(proxy.address)
        self.addCleanup(load.finish)
        load.wait_for_more()
        proxy.process.stop()  # 0: clean
        load.join()
        self.assertEqual(load.failures, [])

    def test_not_ready_at_once_but_still_answering(self):
        origin = self.start_origin(answering(OK))
        proxy = self.start_limpet(static_config([origin], shutdown={"delay": "2s", "drain": "5s"}))
        proxy.process.send_signal(signal.SIGTERM)
        wait_until(lambda: proxy.ask_admin("/readyz").status == 503, "not ready")
        self.assertEqual(proxy.ask_admin("/healthz").status, 200)
        self.assertEqual(self.fetch(proxy.address).status, 200, "new connections are still taken during the delay")
        self.assertEqual(proxy.process.wait(), 0)

    def test_a_request_in_flight_is_finished(self):
        go_on = threading.Event()

        def script(peer):
            peer.read_request()
            go_on.wait(20)
            peer.send(OK)

        origin = self.start_origin(script)
        proxy = self.start_limpet(static_config([origin], shutdown={"drain": "20s"}))
        client = self.connect(proxy.address)
        client.send_request("GET", "/")
        origin.wait_for_requests(1)
        proxy.process.send_signal(signal.SIGTERM)
        wait_until(lambda: self.refused(proxy), "the listener closed")
        go_on.set()
        response = client.read_response()
        self.assertEqual((response.text(), response.fields.get("Connection")), ("ok", "close"))
        self.assertEqual(proxy.process.wait(), 0)

    def refused(self, proxy):
        try:
            self.connect(proxy.address).close()
            return False
        except ConnectionRefusedError:
            return True

    def test_an_idle_connection_does_not_hold_up_a_drain(self):
        proxy = self.start_limpet(static_config([self.start_origin(answering(OK))], shutdown={"drain": "20s"}))
        client = self.connect(proxy.address)
        self.assertEqual(client.request("GET", "/").status, 200)
        proxy.process.send_signal(signal.SIGTERM)
        client.assert_closed()
        self.assertEqual(proxy.process.wait(10), 0)

    def test_a_connection_that_has_said_nothing_does_not_hold_up_a_drain(self):
        origin = self.start_origin(answering(OK))
        times = {"timeouts": {"header": "1h"}, "shutdown": {"drain": "20s"}}
        proxy = self.start_limpet(static_config([origin], **times))
        silent = self.connect(proxy.address)
        self.assertEqual(self.fetch(proxy.address).status, 200)
        proxy.process.send_signal(signal.SIGTERM)
        silent.assert_closed()
        self.assertEqual(proxy.process.wait(10), 0)

    def test_websockets_are_told_that_we_go(self):
        proxy = self.start_limpet(static_config(self.start_members("a", "b"), shutdown={"drain": "10s"}))
        sockets = [self.open_websocket(proxy.address, headers=[("X-User-Id", f"w{n}")]) for n in range(10)]
        proxy.process.send_signal(signal.SIGTERM)
        for socket in sockets:
            frame = socket.read_frame()
            self.assertEqual(frame.opcode, CLOSE)
            self.assertIn(frame.close_code, (1001, 1012))
            socket.send_frame(CLOSE, frame.payload)
            socket.assert_closed()
        self.assertEqual(proxy.process.wait(), 0)

    def test_an_event_stream_ends_between_two_events(self):
        go_on = threading.Event()

        def script(peer):
            quiet = peer.read_request().target == "/quiet"
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            peer.send(b"9\r\ndata: 1\n\n\r\n")
            if not quiet:
                peer.send(b"6\r\ndata: \r\n")
                go_on.wait(20)
                peer.send(b"3\r\n2\n\n\r\n")
            peer.wait_for_end()

        proxy = self.start_limpet(static_config([self.start_origin(script)], shutdown={"drain": "6s"}))
        quiet, busy = self.connect(proxy.address), self.connect(proxy.address)
        for client, target in ((quiet, "/quiet"), (busy, "/busy")):
            client.send_request("GET", target)
            client.read_head()
            text = b"data: 1\n\n" + (b"data: " if client is busy else b"")
            received = b""
            while received != text:  # however it is cut into chunks
                received += client.read_chunk()
                self.assertTrue(text.startswith(received), received)
        proxy.process.send_signal(signal.SIGTERM)
        self.assertEqual(quiet.read_chunk(), b"", "the end of the content, not of the connection")
        go_on.set()
        self.assertEqual(busy.read_chunk(), b"2\n\n", "the event is sent to its end")
        self.assertEqual(busy.read_chunk(), b"")
        self.assertEqual(proxy.process.wait(), 0)

    def test_a_second_signal_ends_at_once(self):
        origin = self.start_origin(lambda peer: (peer.read_request(), peer.wait_for_end()))
        proxy = self.start_limpet(static_config([origin], shutdown={"drain": "1h"}))
        client = self.connect(proxy.address)
        client.send_request("GET", "/")
        origin.wait_for_requests(1)
        proxy.process.send_signal(signal.SIGTERM)
        wait_until(lambda: self.refused(proxy), "the listener closed")
        proxy.process.send_signal(signal.SIGTERM)
        self.assertEqual(proxy.process.wait(), 2)


class Start(IntegrationTest):
    def run_limpet(self, *arguments):
        process = Process("limpet", [os.environ["LIMPET"], *arguments])
        self._processes.append(process)
        return process.wait(), process.output()

    def test_an_address_in_use_is_an_error(self):
        origin = self.start_origin(answering(OK))
        proxy = self.start_limpet(static_config([origin]))
        config = static_config([origin], listeners=[{"name": "public", "address": proxy.address}])
        other = os.path.join(self.folder(), "limpet.yaml")
        os.link(proxy.config_file, other)
        proxy.write_config(config)  # a new file: the link keeps the old one
        code, output = self.run_limpet("serve", "-c", proxy.config_file)
        self.assertEqual(code, 1)
        self.assertIn(proxy.address, output)
        self.assertEqual(self.fetch(proxy.address).status, 200, "the first one is well")

    def test_a_bad_configuration_is_an_error_with_its_place(self):
        path = os.path.join(self.folder(), "bad.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("listeners:\n  - address: 127.0.0.1:0\nrouts: []\nlimits: {connections: many}\n")
        for arguments in (("serve", "-c", path), ("check", path)):
            code, output = self.run_limpet(*arguments)
            self.assertEqual(code, 1)
            self.assertIn("bad.yaml:3:1", output)
            self.assertIn("routes", output, "the nearest name")
            self.assertIn("bad.yaml:4:", output, "all at once")

    def test_a_missing_file_is_an_error(self):
        self.assertEqual(self.run_limpet("serve", "-c", "/nonexistent/limpet.yaml")[0], 1)


if __name__ == "__main__":
    unittest.main()
