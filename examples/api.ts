/**
 * A JSON API: notes to be listed, made, read, replaced and removed. Who replaces a note may say which version of it
 * is meant, so that nobody overwrites what somebody else has just written.
 *
 *     deno run --allow-net --allow-read main.ts -w 1 --app examples/api.ts
 *
 *     curl -i localhost:8080/notes -d '{"text":"Buy salt"}' -H 'Content-Type: application/json'
 *     curl -i localhost:8080/notes/1
 *     curl -i localhost:8080/notes/1 -X PUT -d '{"text":"Buy salt","done":true}' \
 *       -H 'Content-Type: application/json' -H 'If-Match: "1"'
 *
 * The notes are in the memory of a worker, and workers share none: so there is one. A database would do for any number.
 */

import { route } from "../mod.ts";

/** What a client sends. */
interface Note {
  readonly text: string;
  readonly done: boolean;
}

/** What is kept of it. */
interface KeptNote extends Note {
  readonly id: number;
  /** How often it was written: its entity tag, RFC 9110 section 8.8.3. */
  readonly version: number;
}

/** What is wrong with a request, for the client: RFC 9457. */
class Problem extends Error {
  constructor(readonly status: number, detail: string) {
    super(detail);
  }
}

const LONGEST_TEXT = 1_000;

const notes = new Map<number, KeptNote>();
let lastId = 0;

/** Checks what a client sent: nothing of it is believed. */
async function readNote(request: Request): Promise<Note> {
  if (!/^application\/json\b/i.test(request.headers.get("content-type") ?? "")) {
    throw new Problem(415, "A note is application/json");
  }
  const text = await request.text();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Problem(400, "This is not JSON");
  }
  if (typeof value !== "object" || value === null || !("text" in value) || typeof value.text !== "string") {
    throw new Problem(422, "A note has a text");
  }
  if (value.text === "" || value.text.length > LONGEST_TEXT) {
    throw new Problem(422, `The text of a note has 1 to ${LONGEST_TEXT} characters`);
  }
  const done = "done" in value ? value.done : false;
  if (typeof done !== "boolean") throw new Problem(422, "A note is done, or not: true or false");
  return { text: value.text, done };
}

function find(id: string): KeptNote {
  const note = notes.get(Number(id));
  if (note === undefined) throw new Problem(404, "There is no such note");
  return note;
}

/** RFC 9110 section 13.1.1. */
function checkVersion(request: Request, { version }: KeptNote): void {
  const wanted = request.headers.get("if-match");
  if (wanted === null || wanted === "*" || wanted.split(/\s*,\s*/).includes(`"${version}"`)) return;
  throw new Problem(412, `The note has changed: this is version ${version} of it`);
}

function keep(note: KeptNote, status: number): Response {
  notes.set(note.id, note);
  return answer(note, status);
}

function answer(note: KeptNote, status = 200): Response {
  const headers = { ETag: `"${note.version}"`, ...(status === 201 && { Location: `/notes/${note.id}` }) };
  return Response.json(note, { status, headers });
}

export default route({
  onError(error) {
    if (!(error instanceof Problem)) throw error;
    const { status, message } = error;
    return Response.json({ status, detail: message }, {
      status,
      headers: { "Content-Type": "application/problem+json" },
    });
  },
}, {
  "GET /": () => Response.json({ notes: "/notes" }),
  "GET /notes": () => Response.json([...notes.values()]),
  "POST /notes": async (request) => keep({ id: ++lastId, version: 1, ...await readNote(request) }, 201),
  "GET /notes/:id": (_request, { params }) => answer(find(params.id)),
  "PUT /notes/:id": async (request, { params }) => {
    const note = await readNote(request);
    const before = find(params.id);
    checkVersion(request, before);
    return keep({ id: before.id, version: before.version + 1, ...note }, 200);
  },
  "DELETE /notes/:id": (request, { params }) => {
    const note = find(params.id);
    checkVersion(request, note);
    notes.delete(note.id);
    return new Response(null, { status: 204 });
  },
});
