/**
 * A chat over WebSocket. Its members may be on different workers, so what one says goes to the others by a channel that
 * all workers listen to.
 *
 *     deno run --allow-net --allow-read main.ts --app examples/chat.ts
 */

import page from "./chat.html" with { type: "text" };
import { route, upgradeWebSocket } from "../mod.ts";

/** What is sent to the members, as JSON. */
interface Said {
  readonly name: string;
  readonly text: string;
}

const LONGEST_TEXT = 2_000;
const LONGEST_NAME = 40;

const members = new Set<WebSocket>();
const channel = new BroadcastChannel("chat");
channel.onmessage = ({ data }) => tell(data);

/** To those on this worker. */
function tell(said: Said): void {
  for (const member of members) member.send(JSON.stringify(said));
}

/** To everybody. */
function say(said: Said): void {
  tell(said);
  channel.postMessage(said);
}

function join(request: Request): Response {
  const name = new URL(request.url).searchParams.get("name")?.trim().slice(0, LONGEST_NAME) || "Somebody";
  const { socket, response } = upgradeWebSocket(request);
  socket.onopen = () => {
    members.add(socket);
    say({ name, text: "has come" });
  };
  socket.onmessage = ({ data }) => {
    if (typeof data === "string" && data.trim() !== "") say({ name, text: data.slice(0, LONGEST_TEXT) });
  };
  socket.onclose = () => {
    members.delete(socket);
    say({ name, text: "has left" });
  };
  return response;
}

export default route({
  "GET /": () => new Response(page, { headers: { "Content-Type": "text/html; charset=utf-8" } }),
  "GET /chat": join,
});
