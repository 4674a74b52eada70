"""Clients that others wrote: curl, and Node's http and ws."""

import os
import subprocess
import tempfile
import unittest

from harness.case import IntegrationTest
from harness.limpet import static_config

NODE_WS = r"""
const WebSocket = require('ws');
const assert = require('assert');
const crypto = require('crypto');
const socket = new WebSocket(`ws://${process.argv[2]}/ws`, ['chat'], {headers: {'X-User-Id': 'alice'}});
const large = crypto.randomBytes(1 << 20);
const steps = [
  () => socket.send('hello'),
  data => { assert.equal(data.toString(), 'hello'); socket.send(large); },
  data => {
    assert(large.equals(data));
    socket.send('frag', {fin: false}); socket.send('ments', {fin: true});
  },
  data => { assert.equal(data.toString(), 'fragments'); socket.ping('p'); },
];
let step = 0;
const next = data => steps[step++](data);
socket.on('open', () => { assert.equal(socket.protocol, 'chat'); next(); });
socket.on('message', next);
socket.on('pong', data => { assert.equal(data.toString(), 'p'); socket.close(1000, 'done'); });
socket.on('close', code => { assert.equal(code, 1000); console.log('fine'); });
"""

NODE_HTTP = r"""
const http = require('http');
const agent = new http.Agent({keepAlive: true, maxSockets: 4});
const [host, port] = process.argv[2].split(':');
const ask = number => new Promise((resolve, reject) => {
  const options = {host, port, agent, path: '/counter', method: 'POST', headers: {'X-User-Id': 'user-' + number % 5}};
  http.request(options, response => {
    let text = '';
    response.on('data', data => text += data);
    response.on('end', () => resolve(JSON.parse(text)));
  }).on('error', reject).end();
});
(async () => {
  const answers = await Promise.all([...Array(100).keys()].map(ask));
  const highest = {};
  for (const {session, counter} of answers) highest[session] = Math.max(highest[session] || 0, counter);
  console.log(Object.keys(highest).length, Object.values(highest).every(counter => counter === 20));
})();
"""


class ForeignClients(IntegrationTest):
    def setUp(self):
        self.proxy = self.start_limpet(static_config(self.start_members("a", "b", "c")))

    def run_program(self, *command):
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout

    def curl(self, *arguments):
        return self.run_program("curl", "--silent", "--show-error", "--max-time", "30", *arguments)

    def node(self, script):
        with tempfile.NamedTemporaryFile("w", suffix=".js") as file:
            file.write(script)
            file.flush()
            environment = {**os.environ, "NODE_PATH": "/usr/share/nodejs"}
            done = subprocess.run(
                ["/usr/bin/node", file.name, self.proxy.address],
                capture_output=True, timeout=60, check=False, env=environment, text=True,
            )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_curl_writes_and_reads(self):
        base = f"http://{self.proxy.address}"
        alice = ("--header", "X-User-Id: alice")
        self.curl("--request", "PUT", "--data-binary", "blue", *alice, f"{base}/kv/color")
        self.assertEqual(self.curl(*alice, f"{base}/kv/color"), b"blue")
        self.assertIn(b"200 OK", self.curl("--head", *alice, f"{base}/"))

    def test_curl_uploads_with_100_continue(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(os.urandom(5 << 20))
            file.flush()
            expect = ("--header", "Expect: 100-continue", "--expect100-timeout", "20")
            answer = self.curl(*expect, "--data-binary", f"@{file.name}", f"http://{self.proxy.address}/upload")
            self.assertIn(b'"bytes":5242880', answer)
            chunked = ("--header", "Transfer-Encoding: chunked")
            answer = self.curl(*chunked, "--data-binary", f"@{file.name}", f"http://{self.proxy.address}/upload")
            self.assertIn(b'"bytes":5242880', answer)

    def test_curl_speaks_http_1_0(self):
        self.assertIn(b'"member"', self.curl("--http1.0", f"http://{self.proxy.address}/"))

    def test_curl_offering_http_2_stays_with_1_1(self):
        address = f"http://{self.proxy.address}/"
        version = self.curl("--http2", "--output", os.devnull, "--write-out", "%{http_version} %{http_code}", address)
        self.assertEqual(version, b"1.1 200")

    def test_node_keeps_connections_alive(self):
        self.assertEqual(self.node(NODE_HTTP), "5 true\n")

    def test_node_ws(self):
        self.assertEqual(self.node(NODE_WS), "fine\n")


if __name__ == "__main__":
    unittest.main()
