/** Users, their hashes, and who may pass: on a clock and with timers that only the test moves. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { scryptSync } from "node:crypto";
import { withBasicAuth } from "../src/basic_auth.ts";
import { HttpError, StartError } from "../src/errors.ts";
import { HttpResponse } from "../src/message.ts";
import { hashPassword, parsePasswordHash, verifyPassword } from "../src/password_hash.ts";
import { checkSite, completeOptions } from "../src/server.ts";
import { parseUsers } from "../src/users_file.ts";
import { formatFields, requestHead } from "./ask.ts";
import { testWith } from "./permissions.ts";

/** The least that is taken: tests shall not wait. */
const SALT = new TextEncoder().encode("salt of the test");

function phc(password: string): string {
  const hash = scryptSync(password, SALT, 32, { N: 2 ** 14, r: 8, p: 1 });
  return `$scrypt$ln=14,r=8,p=1$${SALT.toBase64({ omitPadding: true })}$${
    new Uint8Array(hash).toBase64({ omitPadding: true })
  }`;
}

const HASH = phc("secret");
const OTHER_HASH = phc("a:b");

Deno.test("hashPassword makes a hash that verifyPassword and parsePasswordHash take, RFC 7914", async () => {
  const text = await hashPassword("pässword");
  assertMatch(text, /^\$scrypt\$ln=15,r=8,p=3\$/);
  const hash = parsePasswordHash(text);
  assert(typeof hash !== "string", String(hash));
  assert(await verifyPassword("pässword", hash));
  assert(await verifyPassword("pa\u0308ssword", hash), "the same in NFD");
  assert(!await verifyPassword("password", hash));
  assert(text !== await hashPassword("pässword"), "each has its own salt");
});

const FILES: readonly [text: string, names: string[], mistakes: RegExp[]][] = [
  [`ann:${HASH}\n`, ["ann"], []],
  [`# users\n\nann:${HASH}\r\nbøb smith:${HASH}  \n`, ["ann", "bøb smith"], []],
  [`\ufeffann:${HASH}`, ["ann"], []],
  ["", [], [/^1: there is no user$/]],
  ["# nobody\n", [], [/no user/]],
  ["ann\n", [], [/^1: a line is name:hash$/]],
  [`:${HASH}`, [], [/name:hash/]],
  [`ann:${HASH}\nann:${HASH}`, ["ann"], [/^2: ann is there already$/]],
  ["ann:secret", [], [/^1: the hash is not as/]],
  ["ann:$2y$10$abcdefghijklmnopqrstuv", [], [/sockeye hash NAME/]],
  [`ann:${HASH.replace("ln=14", "ln=10")}`, [], [/too weak/]],
  [`ann:${HASH.replace("ln=14", "ln=30")}`, [], [/too long/]],
  [`ann:${HASH.replace("r=8", "r=0")}`, [], [/too weak/]],
  ["ann:$scrypt$ln=14,r=8,p=1$AAAA$AAAA", [], [/too short/]],
  [`a\u0001:${HASH}`, [], [/control/]],
];

for (const [text, names, expected] of FILES) {
  Deno.test(`parseUsers ${JSON.stringify(text.slice(0, 60))}`, () => {
    const { users, mistakes } = parseUsers(text);
    assertEquals([...users.keys()], names);
    assertEquals(mistakes.length, expected.length, mistakes.join());
    for (const [at, pattern] of expected.entries()) assertMatch(mistakes[at] ?? "", pattern);
  });
}

/** A file of users, and a handler behind it. */
class Protected implements Disposable {
  readonly path: string = Deno.makeTempFileSync({ prefix: "sockeye-users-" });
  readonly clock = { nowMs: 0 };
  readonly delays: number[] = [];
  readonly events: string[] = [];
  handled = 0;
  readonly #handler;

  constructor(scope: "all" | "write" = "all", cacheControl = "no-cache") {
    Deno.writeTextFileSync(this.path, `ann:${HASH}\nbøb:${OTHER_HASH}\n`);
    this.#handler = withBasicAuth(() => {
      this.handled++;
      return new HttpResponse(200, [["Cache-Control", cacheControl]], new Uint8Array(0));
    }, {
      path: this.path,
      scope,
      clock: this.clock,
      setTimer: (run, delayMs) => {
        this.delays.push(delayMs);
        queueMicrotask(run);
        return () => {};
      },
      report: (level, message) => this.events.push(`${level} ${message}`),
    });
  }

  /** The status of an answer. */
  async ask(authorization?: string, method = "GET"): Promise<number> {
    const answer = await this.answer(authorization, method);
    return answer.status;
  }

  async answer(authorization?: string, method = "GET"): Promise<HttpResponse | HttpError> {
    const fields = authorization === undefined ? "" : formatFields([["Authorization", authorization]]);
    try {
      return await this.#handler(requestHead(`${method} / HTTP/1.1`, fields), () => {
        throw new Error("nobody reads a body");
      });
    } catch (error) {
      if (error instanceof HttpError) return error;
      throw error;
    }
  }

  /** Whether a request is answered without waiting; else its answer is waited for. */
  async isKnown(authorization: string): Promise<boolean> {
    const head = requestHead("GET / HTTP/1.1", formatFields([["Authorization", authorization]]));
    const answer = this.#handler(head, () => {
      throw new Error("nobody reads a body");
    });
    await Promise.resolve(answer).catch(() => {});
    return answer instanceof HttpResponse;
  }

  write(text: string): void {
    Deno.writeTextFileSync(this.path, text);
    this.clock.nowMs += 1_000;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path);
  }
}

function basic(text: string): string {
  return `Basic ${new TextEncoder().encode(text).toBase64()}`;
}

const RIGHT = basic("ann:secret");

const ROWS: readonly [authorization: string | undefined, status: number, isDelayed: boolean][] = [
  [undefined, 401, false],
  [RIGHT, 200, false],
  [RIGHT.replace("Basic", "bAsIc  "), 200, false],
  [basic("bøb:a:b"), 200, false],
  [basic("ann:wrong"), 401, true],
  [basic("ann:"), 401, true],
  [basic("nobody:secret"), 401, true],
  [basic("ANN:secret"), 401, true],
  [basic("ann"), 401, false],
  ["Basic", 401, false],
  ["Basic ???", 401, false],
  ["Basic /w==", 401, false],
  [RIGHT.replace("Basic", "Bearer"), 401, false],
];

testWith(["read", "write"], "withBasicAuth lets who knows the password pass, RFC 7617", async (t) => {
  for (const [authorization, status, isDelayed] of ROWS) {
    await t.step(`${authorization} → ${status}`, async () => {
      using site = new Protected();
      const answer = await site.answer(authorization);
      assertEquals([answer.status, site.handled, site.delays], [
        status,
        status === 200 ? 1 : 0,
        isDelayed ? [1_000] : [],
      ]);
      if (status !== 401) return;
      assert(answer instanceof HttpError);
      assertEquals(answer.fields, [["WWW-Authenticate", 'Basic realm="Sockeye", charset="UTF-8"']]);
    });
  }
});

testWith(
  ["read", "write"],
  "withBasicAuth for writing leaves what is safe public, RFC 9110 section 9.2.1",
  async () => {
    using site = new Protected("write", "public");
    for (const method of ["GET", "HEAD", "OPTIONS"]) assertEquals(await site.ask(undefined, method), 200, method);
    for (const method of ["PUT", "POST", "DELETE", "PATCH"]) {
      assertEquals(
        await site.ask(undefined, method),
        401,
        method,
      );
    }
    assertEquals(await site.ask(RIGHT, "PUT"), 200);
  },
);

testWith(["read", "write"], "withBasicAuth keeps answers out of shared caches, RFC 9111 section 3.5", async () => {
  for (
    const [value, expected] of [
      ["public, max-age=9, immutable", "private, max-age=9, immutable"],
      ["max-age=9, s-maxage=10", "private, max-age=9"],
      ["no-cache", "no-cache"],
    ]
  ) {
    using site = new Protected("all", value);
    const answer = await site.answer(RIGHT);
    assertEquals(answer.fields, [["Cache-Control", expected ?? ""]]);
  }
});

testWith(["read", "write"], "withBasicAuth remembers who was right for five minutes, and nobody else", async () => {
  using site = new Protected();
  assertEquals([await site.isKnown(RIGHT), await site.isKnown(RIGHT)], [false, true]);
  site.clock.nowMs += 299_999;
  assert(await site.isKnown(RIGHT));
  site.clock.nowMs += 1;
  assertEquals([await site.isKnown(RIGHT), await site.isKnown(RIGHT)], [false, true]);
  const wrong = basic("ann:wrong");
  assertEquals([await site.isKnown(wrong), await site.isKnown(wrong)], [false, false]);
});

testWith(["read", "write"], "withBasicAuth bounds what waits for verification", async () => {
  using site = new Protected();
  const asked = Array.from({ length: 40 }, (_, at) => site.ask(basic(`ann:${at}`)));
  const same = await Promise.all([...asked]);
  assertEquals(same.filter((status) => status === 503).length, 8);
  assertEquals(same.filter((status) => status === 401).length, 32);
  assertEquals(await site.ask(RIGHT), 200);
});

testWith(
  ["read", "write"],
  "withBasicAuth reads the users again where they change, and not those with mistakes",
  async () => {
    using site = new Protected();
    assertEquals(await site.ask(RIGHT), 200);
    site.write(`ann:${phc("another")}\n# changed`);
    assertEquals([await site.ask(RIGHT), await site.ask(basic("ann:another"))], [401, 200]);
    site.write("ann:secret\n");
    assertEquals(await site.ask(basic("ann:another")), 200);
    assertEquals(site.events.length, 1);
    assertStringIncludes(site.events[0] ?? "", `${site.path}:1: the hash is not`);
  },
);

testWith(
  ["read", "write"],
  "withBasicAuth notices users of the same length whose file has the time of before",
  async () => {
    using site = new Protected();
    for (const password of ["one", "two"]) {
      site.write(`ann:${phc(password)}\n`);
      Deno.utimeSync(site.path, new Date(0), new Date(0));
      assertEquals(await site.ask(basic(`ann:${password}`)), 200);
      assertEquals(await site.ask(RIGHT), 401);
    }
    assertEquals(await site.ask(basic("ann:one")), 401);
  },
);

testWith(
  ["read", "write"],
  "withBasicAuth goes on with the users that it knows where their file is gone, and says so once",
  async () => {
    using site = new Protected();
    assertEquals(await site.ask(RIGHT), 200);
    Deno.renameSync(site.path, `${site.path}.away`);
    for (let looks = 0; looks < 3; looks++) {
      site.clock.nowMs += 1_000;
      assertEquals([await site.ask(RIGHT), await site.ask()], [200, 401]);
    }
    assertEquals(site.events.length, 1);
    assertStringIncludes(site.events[0] ?? "", "error Cannot read the users: ");
    Deno.renameSync(`${site.path}.away`, site.path);
    site.clock.nowMs += 1_000;
    assertEquals(await site.ask(RIGHT), 200);
    Deno.renameSync(site.path, `${site.path}.away`);
    site.clock.nowMs += 1_000;
    assertEquals([await site.ask(RIGHT), site.events.length], [200, 2]);
    Deno.renameSync(`${site.path}.away`, site.path);
    site.write(`ann:${phc("another")}\n`);
    assertEquals([await site.ask(RIGHT), await site.ask(basic("ann:another"))], [401, 200]);
  },
);

testWith(["read", "write"], "checkSite says what is wrong with the users", () => {
  using site = new Protected();
  const root = Deno.makeTempDirSync({ prefix: "sockeye-auth-" });
  try {
    const check = (auth: string) => {
      try {
        checkSite(completeOptions({ root, auth }));
        return "";
      } catch (error) {
        if (error instanceof StartError) return [error.message, ...error.details].join("\n");
        throw error;
      }
    };
    assertEquals(check(site.path), "");
    assertStringIncludes(check(`${root}/none`), "Cannot read the users");
    Deno.writeTextFileSync(`${root}/users`, `ann:${HASH}`);
    assertStringIncludes(check(`${root}/users`), "lie in the root");
    site.write("ann:secret");
    assertStringIncludes(check(site.path), `\n${site.path}:1: the hash`);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});
