/**
 * A program, not a test: the client of the npm package `ws` against a server that sends back what it gets. It needs the
 * permission to read the environment, which the tests do not have.
 *
 *     deno run --allow-net --allow-env ws_client.ts URL LENGTH...
 *
 * Prints one line of JSON: for each way of connecting what the client saw.
 */

// @ts-types="./ws_types.d.ts"
import { type ClientOptions, WebSocket } from "npm:ws@8.23.0";

/** What the client saw of one connection. */
export interface Seen {
  /** The extensions that were agreed upon. */
  readonly extensions: string;
  /** The lengths of the messages that came back as they were sent; -1 for any other. */
  readonly echoed: readonly number[];
  /** The payload of the Pong. */
  readonly pong: string;
  /** Code and reason of the Close. */
  readonly close: readonly [code: number, reason: string];
}

function see(url: string, lengths: readonly number[], options: ClientOptions): Promise<Seen> {
  const socket = new WebSocket(url, [], options);
  const sent = lengths.flatMap((length) => ["ü".repeat(length / 2), "a".repeat(length)]);
  const echoed: number[] = [];
  let pong = "";
  socket.on("open", () => {
    socket.ping("are you there?");
    for (const [i, message] of sent.entries()) {
      // Every other one in fragments, every third one as bytes.
      const binary = i % 3 === 0;
      if (i % 2 === 0) {
        socket.send(message, { binary });
        continue;
      }
      socket.send(message.slice(0, 10), { fin: false, binary });
      socket.send(message.slice(10), { fin: true, binary });
    }
  });
  socket.on("pong", (data) => pong = data.toString());
  socket.on("message", (data, isBinary) => {
    const i = echoed.length;
    const isSame = data.toString() === sent[i] && isBinary === (i % 3 === 0);
    echoed.push(isSame ? data.toString().length : -1);
    if (echoed.length === sent.length) socket.close(4000, "that was all");
  });
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("close", (code, reason) => {
      resolve({ extensions: socket.extensions, echoed, pong, close: [code, reason.toString()] });
    });
  });
}

if (import.meta.main) {
  const [url = "", ...words] = Deno.args;
  const lengths = words.map(Number);
  const seen = [
    await see(url, lengths, { perMessageDeflate: false }),
    await see(url, lengths, { perMessageDeflate: { threshold: 0 } }),
    await see(url, lengths, { perMessageDeflate: { serverMaxWindowBits: 10, clientMaxWindowBits: 9, threshold: 0 } }),
  ];
  console.log(JSON.stringify(seen));
}
