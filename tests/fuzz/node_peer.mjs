/**
 * A program for Node, not for Deno: its HTTP server, whose parser is llhttp, as a reader of request streams. Each line of
 * standard input is a stream in base64; each line of standard output tells what was read.
 */

import { Buffer } from "node:buffer";
import http from "node:http";
import process from "node:process";
import readline from "node:readline";
import { Duplex } from "node:stream";
import { setImmediate } from "node:timers";

/** Reads one stream to its end. */
function read(bytes) {
  return new Promise((resolve) => {
    const requests = [];
    let answers = "";
    let error;
    const server = http.createServer((request, response) => {
      let body = "";
      const seen = { method: request.method, target: request.url };
      requests.push({ request, seen });
      request.on("data", (piece) => body += piece.toString("latin1"));
      request.on("error", () => {});
      request.on("end", () => {
        seen.body = body;
        response.end();
      });
    });
    server.httpAllowHalfOpen = true;
    server.on("clientError", (cause, socket) => {
      error ??= cause.code;
      socket.destroy();
    });
    server.on("connect", (_request, socket) => {
      error ??= "CONNECT";
      socket.destroy();
    });
    const socket = new Duplex({
      read() {},
      write(piece, _encoding, done) {
        answers += piece.toString("latin1");
        done();
      },
    });
    const finish = () => {
      clearTimeout(alarm);
      const isRefused = error !== undefined || /^HTTP\/1\.1 [45]/m.test(answers);
      // A fault behind a request takes away what was not yet read of its body, but its end was found.
      const all = requests.map(({ request, seen }) => ({ ...seen, isWhole: request.complete }));
      resolve({ requests: all, isRefused, error });
    };
    const alarm = setTimeout(() => socket.destroy(), 2_000);
    socket.on("close", () => setImmediate(finish));
    server.emit("connection", socket);
    socket.push(bytes);
    socket.push(null);
  });
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await read(Buffer.from(line, "base64"))));
}
