// The echo of `ws`: node echo.mjs [PORT]. Says "ready ws://127.0.0.1:PORT/wsecho".
import { WebSocketServer } from "ws";

const MESSAGE_BYTES_MAX = 17 * 1024 * 1024;
const FRAGMENTS_MAX = 128 * 1024; // its own 16384 are fewer than case 9.3.1 sends

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: Number(process.argv[2] ?? 0),
  path: "/wsecho",
  maxPayload: MESSAGE_BYTES_MAX,
  maxFragments: FRAGMENTS_MAX,
});
server.on("connection", (socket) => {
  socket.on("error", () => {}); // `ws` closes the connection itself
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
});
server.on("listening", () => console.log(`ready ws://127.0.0.1:${server.address().port}/wsecho`));
