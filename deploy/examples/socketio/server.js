// A stateful socket.io server: what a connection adds to its list stays in this process.
//
//   node server.js NAME [PORT]

import { createServer } from "node:http";
import { Server } from "socket.io";

const name = process.argv[2] ?? "a";
const port = Number(process.argv[3] ?? 0);

const http = createServer();
const io = new Server(http, { cookie: { name: "io", path: "/", httpOnly: true, sameSite: "lax" } });

io.on("connection", (socket) => {
  const list = [];
  socket.on("add", (what, answer) => answer(list.push(what)));
  socket.on("list", (answer) => answer({ name, list, transport: socket.conn.transport.name }));
  socket.on("echo", (what) => socket.emit("echoed", `${name}: ${what}`));
});

// How often a request came to a server that does not know its connection; and the cookies that came, for the client to look at.
let strayed = 0;
const cookies = new Set();
io.engine.on("connection_error", () => ++strayed);
const look = (_, request) => (request.headers.cookie ?? "").split("; ").forEach((one) => cookies.add(one));
io.engine.on("headers", look);
http.prependListener("upgrade", (request) => look({}, request));
io.of("/watch").on("connection", (socket) => {
  socket.on("report", (answer) => answer({ name, strayed, cookies: [...cookies] }));
});

http.listen(port, "127.0.0.1", () => console.log(`${name} is listening on 127.0.0.1:${http.address().port}`));
process.on("SIGTERM", () => process.exit(0));
