// A stateful MCP server over Streamable HTTP: what a session is told to remember stays in this process.
//
//   node server.js NAME [PORT]

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { z } from "zod";

const name = process.argv[2] ?? "a";
const port = Number(process.argv[3] ?? 0);
const sessions = new Map(); // the transports, by the ids that this server gave out

function text(value) {
  return { content: [{ type: "text", text: String(value) }] };
}

/** A session of its own: its tools, and what it remembers. */
function newSession() {
  const memory = new Map();
  const server = new McpServer({ name: `memory on ${name}`, version: "1.0.0" }, { capabilities: { logging: {} } });
  const entry = { key: z.string(), value: z.string() };
  server.registerTool("remember", { description: "Keeps a value.", inputSchema: entry }, ({ key, value }) => {
    memory.set(key, value);
    return text(memory.size);
  });
  server.registerTool("recall", { description: "Gives it back.", inputSchema: { key: entry.key } }, ({ key }) =>
    text(memory.get(key) ?? "nothing"),
  );
  server.registerTool("whereami", { description: "Names the server, its process and the session." }, (extra) =>
    text(JSON.stringify({ name, pid: process.pid, session: extra.sessionId })),
  );
  // Sent by itself, so that it comes over the session's event stream.
  server.registerTool("remind", { description: "Says it later.", inputSchema: { text: z.string() } }, async (what) => {
    await server.sendLoggingMessage({ level: "info", data: `${name}: ${what.text}` });
    return text("said");
  });
  return server;
}

async function newTransport() {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => void sessions.set(id, transport),
    onsessionclosed: (id) => void sessions.delete(id),
  });
  await newSession().connect(transport);
  return transport;
}

const http = createServer(async (request, response) => {
  const id = request.headers["mcp-session-id"];
  if (new URL(request.url, "http://localhost").pathname !== "/mcp") {
    response.writeHead(404).end();
  } else if (id === undefined) {
    await (await newTransport()).handleRequest(request, response);
  } else if (sessions.has(id)) {
    await sessions.get(id).handleRequest(request, response);
  } else {
    // As the protocol has it: the client begins a new session.
    const error = { jsonrpc: "2.0", error: { code: -32001, message: `Session not found on ${name}` }, id: null };
    response.writeHead(404, { "Content-Type": "application/json" }).end(JSON.stringify(error));
  }
});

http.listen(port, "127.0.0.1", () => console.log(`${name} is listening on 127.0.0.1:${http.address().port}`));
process.on("SIGTERM", () => process.exit(0));
