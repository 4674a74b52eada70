// Many sessions of the SDK's client, each request by the other proxy. Says what it saw, and exits 1 where a session does not
// read what it wrote, or misses what its server tells it.
//
//   node client.js PROXY PROXY...     node client.js http://127.0.0.1:8080 http://127.0.0.1:8081

import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { LoggingMessageNotificationSchema } from "@modelcontextprotocol/sdk/types.js";

const proxies = process.argv.slice(2);
const SESSIONS = 30;
const ROUNDS = 6;
const DEADLINE_MS = 20_000;

/** Fails rather than wait for ever. */
function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${DEADLINE_MS} ms`)), DEADLINE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

class Session {
  requests = 0;
  told = [];
  #wakeUps = [];

  static async begin(number) {
    const session = new Session();
    session.number = number;
    session.streamIsOpen = new Promise((resolve) => (session.streamOpened = resolve));
    session.client = new Client({ name: `client ${number}`, version: "1.0.0" });
    session.client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
      session.told.push(params.data);
      session.#wakeUps.splice(0).forEach((wakeUp) => wakeUp());
    });
    session.transport = new StreamableHTTPClientTransport(new URL("/mcp", proxies[0]), {
      fetch: (url, init) => session.#fetch(url, init),
    });
    await within(session.client.connect(session.transport), `session ${number} begins`);
    await within(session.streamIsOpen, `the event stream of session ${number} opens`);
    Object.assign(session, JSON.parse(await session.call("whereami")));
    return session;
  }

  /** To one proxy after the other, whatever the URL's. */
  async #fetch(url, init) {
    const target = new URL(url);
    target.host = new URL(proxies[(this.number + this.requests++) % proxies.length]).host;
    const response = await fetch(target, init);
    if (init?.method === "GET" && response.ok) this.streamOpened();
    return response;
  }

  async call(tool, input = {}) {
    const result = await within(this.client.callTool({ name: tool, arguments: input }), `${tool} of session ${this.number}`);
    return result.content[0].text;
  }

  /** Until the server has told as many things. */
  async heard(count) {
    while (this.told.length < count) {
      const news = new Promise((resolve) => this.#wakeUps.push(resolve));
      await within(news, `notification ${count} of session ${this.number}`);
    }
  }

  async end() {
    await this.transport.terminateSession();
    await this.client.close();
  }
}

/** What it wrote through one proxy it reads through the other, and it stays where it is. */
async function check(session) {
  for (let round = 0; round < ROUNDS; ++round) {
    const value = `${session.number}/${round}`;
    await session.call("remember", { key: `round ${round}`, value });
    assert.equal(await session.call("recall", { key: `round ${round}` }), value);
    await session.call("remind", { text: value });
    await session.heard(round + 1);
    assert.equal(session.told.at(-1), `${session.name}: ${value}`);
  }
  const now = JSON.parse(await session.call("whereami"));
  assert.deepEqual([now.name, now.session], [session.name, session.session]);
}

/** Client and server know the session by two texts: the client's has a tag behind the server's. */
function checkEnvelope(session) {
  assert.match(session.session, /^[0-9a-f-]{36}$/, "a server sees no tag");
  assert.match(session.transport.sessionId.slice(session.session.length), /^~[A-Za-z0-9_-]{55}$/);
  assert.ok(session.transport.sessionId.startsWith(session.session));
}

/** A request that is under way to a server when it dies is answered 502; these shall come later. */
async function end(pid) {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function count(sessions) {
  const at = {};
  for (const { name } of sessions) at[name] = (at[name] ?? 0) + 1;
  return Object.entries(at)
    .sort()
    .map(([name, number]) => `${number} on ${name}`)
    .join(", ");
}

const sessions = await Promise.all(Array.from({ length: SESSIONS }, (_, number) => Session.begin(number)));
console.log(`${SESSIONS} sessions began: ${count(sessions)}`);
assert.equal(new Set(sessions.map(({ name }) => name)).size, 3, "all three servers have some");
await Promise.all(sessions.map(check));
sessions.forEach(checkEnvelope);
const requests = sessions.reduce((sum, session) => sum + session.requests, 0);
console.log(`${requests} requests, by ${proxies.length} proxies in turn: each session read what it wrote`);
console.log(`${SESSIONS * ROUNDS} notifications came over the sessions' event streams`);

const forged = sessions[0].transport.sessionId.replace(/^./, (first) => (first === "0" ? "1" : "0"));
const refused = await fetch(new URL("/mcp", proxies[0]), { headers: { "Mcp-Session-Id": forged } });
assert.equal(refused.status, 400);
console.log("a session id with another's tag was refused with 400");

// One server dies. Its sessions are told so by the protocol's own means, and nobody else notices.
const { name: dead, pid } = sessions[0];
const [lost, kept] = [sessions.filter(({ name }) => name === dead), sessions.filter(({ name }) => name !== dead)];
process.kill(pid, "SIGKILL");
await within(end(pid), `the end of server ${dead}`);
for (const session of lost) {
  await assert.rejects(session.call("recall", { key: "round 0" }), ({ code }) => code === 404);
  await session.client.close();
}
const again = await Promise.all(lost.map(({ number }) => Session.begin(number)));
for (const session of kept) assert.equal(await session.call("recall", { key: "round 0" }), `${session.number}/0`);
assert.ok(again.every(({ name }) => name !== dead));
console.log(`server ${dead} was killed: its ${lost.length} sessions got 404 and began anew, ${count(again)}`);
console.log(`the other ${kept.length} sessions were not touched`);

await Promise.all([...kept, ...again].map((session) => session.end()));
console.log("all sessions were ended with DELETE");
