// Many connections of the socket.io client, each of their requests by the other proxy. Says what it saw, and exits 1 where a
// connection does not find what it left, or a request strays.
//
//   node client.js PROXY PROXY...     node client.js http://127.0.0.1:8080 http://127.0.0.1:8081

import assert from "node:assert/strict";
import { Agent } from "node:http";
import net from "node:net";
import { io } from "socket.io-client";

const proxies = process.argv.slice(2).map((url) => new URL(url));
const EACH = 12; // connections a kind
const ROUNDS = 5;
const DEADLINE_MS = 20_000;
const servers = new Set();

/** A new TCP connection for each request, to one proxy after the other. */
class InTurn extends Agent {
  static next = 0;
  createConnection(options, ready) {
    const { hostname, port } = proxies[InTurn.next++ % proxies.length];
    return net.createConnection({ ...options, host: hostname, port }, ready);
  }
}

/** Fails rather than wait for ever. */
function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${DEADLINE_MS} ms`)), DEADLINE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function event(emitter, name, what) {
  return within(
    new Promise((resolve, reject) => {
      emitter.once(name, resolve);
      emitter.once("connect_error", reject);
      emitter.once("disconnect", (why) => reject(new Error(`${what}: disconnected, ${why}`)));
    }),
    what,
  );
}

function connect(transports, path = "/") {
  return io(new URL(path, proxies[0]).href, {
    transports,
    agent: new InTurn({ keepAlive: false }),
    withCredentials: true, // outside a browser: keep cookies, and send them
    reconnection: false,
    forceNew: true,
  });
}

/** One connection from its beginning to its end; returns the transport that it had then. */
async function check(transports, number) {
  const what = `${transports.join(" and ")} ${number}`;
  const socket = connect(transports);
  await event(socket, "connect", what);
  if (transports.length > 1 && socket.io.engine.transport.name === "polling")
    await event(socket.io.engine, "upgrade", `the upgrade of ${what}`);
  const first = await within(socket.emitWithAck("list"), what);
  servers.add(first.name);
  for (let round = 0; round < ROUNDS; ++round) {
    assert.equal(await within(socket.emitWithAck("add", `${what}, ${round}`), what), round + 1);
    const echoed = event(socket, "echoed", `an echo for ${what}`);
    socket.emit("echo", round);
    assert.equal(await echoed, `${first.name}: ${round}`);
  }
  const last = await within(socket.emitWithAck("list"), what);
  assert.equal(last.name, first.name);
  assert.deepEqual(
    last.list,
    Array.from({ length: ROUNDS }, (_, round) => `${what}, ${round}`),
  );
  socket.disconnect();
  return last.transport;
}

const kinds = [
  [["polling"], "polling"],
  [["polling", "websocket"], "websocket"],
  [["websocket"], "websocket"],
];
for (const [transports, wanted] of kinds) {
  const ended = await Promise.all(Array.from({ length: EACH }, (_, number) => check(transports, number)));
  assert.ok(ended.every((transport) => transport === wanted));
  console.log(`${EACH} connections by ${transports.join(", then ")}: each found what it left`);
}
assert.equal(servers.size, 3, "all three servers had some");
console.log(`${InTurn.next} TCP connections, to ${proxies.length} proxies in turn`);

// What the servers saw. A WebSocket each, since there is no telling which server a new connection goes to.
const reports = new Map();
while (reports.size < 3) {
  const socket = connect(["websocket"], "/watch");
  await event(socket, "connect", "a watch");
  const report = await within(socket.emitWithAck("report"), "a report");
  socket.disconnect();
  reports.set(report.name, report);
}
for (const { name, strayed, cookies } of reports.values()) {
  assert.equal(strayed, 0, `requests that came to ${name} and belong elsewhere`);
  assert.ok(cookies.some((cookie) => cookie !== ""));
  for (const cookie of cookies) assert.match(cookie, /^(io=[A-Za-z0-9_-]{20})?$/, "a server sees no tag");
}
console.log("no request came to a server that did not know its connection, and no server saw a tag");
