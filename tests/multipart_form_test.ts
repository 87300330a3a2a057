/** Forms with files, whole and in pieces cut at every place: what comes out is the same. */

import { assertEquals, assertThrows } from "@std/assert";
import { HttpError } from "../src/errors.ts";
import { MultipartForm, parseFileName } from "../src/multipart_form.ts";
import { concat } from "./raw_client.ts";

const TYPE = "multipart/form-data; boundary=----Web";

const encode = (text: string) => new TextEncoder().encode(text);

/** Feeds pieces, and gives the files with their content, or the status of the error. */
function parse(pieces: readonly Uint8Array[], type = TYPE): string[] | number {
  const files: { name: string; content: Uint8Array; isComplete: boolean }[] = [];
  try {
    const form = new MultipartForm(type);
    for (const piece of [...pieces, undefined]) {
      for (const event of piece === undefined ? form.end() : form.write(piece)) {
        const file = files.at(-1);
        if (event.kind === "file") files.push({ name: event.name, content: new Uint8Array(0), isComplete: false });
        else if (file === undefined) throw new Error("content before a file");
        else if (event.kind === "bytes") file.content = concat([file.content, event.bytes]);
        else file.isComplete = true;
      }
    }
  } catch (error) {
    if (error instanceof HttpError) return error.status;
    throw error;
  }
  return files.map(({ name, content, isComplete }) =>
    `${name}=${new TextDecoder().decode(content)}${isComplete ? "" : "…"}`
  );
}

function file(name: string, content: string): string {
  return `------Web\r\nContent-Disposition: form-data; name="f"; filename="${name}"\r\n\r\n${content}\r\n`;
}

const FIELD = '------Web\r\nContent-Disposition: form-data; name="a"\r\n\r\nvalue\r\n';
const END = "------Web--\r\n";

const FORMS: readonly [name: string, form: string, files: string[] | number][] = [
  ["a file", file("a.txt", "one") + END, ["a.txt=one"]],
  ["several files and fields", FIELD + file("a", "1") + FIELD + file("b", "2") + FIELD + END, ["a=1", "b=2"]],
  ["an empty file", file("a", "") + END, ["a="]],
  ["content like a delimiter", file("a", "\r\n------We\r\r\n--\r\n-----Web") + END, [
    "a=\r\n------We\r\r\n--\r\n-----Web",
  ]],
  ["content that ends with hyphens", file("a", "x--") + file("b", "---") + END, ["a=x--", "b=---"]],
  ["no file chosen", file("", "") + END, []],
  ["nothing", END, []],
  ["text before and behind", `before\r\n${file("a", "1")}${END}behind\r\n------Web\r\nx`, ["a=1"]],
  ["no line end at its end", `${file("a", "1")}------Web--`, ["a=1"]],
  ["a name beyond ASCII", file("ü🐟.txt", "1") + END, ["ü🐟.txt=1"]],
  ["a name with a quote, of a browser and of curl", file("a%22b", "1") + file('a\\"b', "2") + END, ['a"b=1', 'a"b=2']],
  ["a name without quotes", `${file("a", "1").replace('"a"', "a.b")}${END}`, ["a.b=1"]],
  ["a whole path", file("C:\\dir\\a.txt", "1") + file("../../b", "2") + END, ["a.txt=1", "b=2"]],
  ["no end", file("a", "1"), 400],
  ["no end in a file", file("a", "1").slice(0, -5), 400],
  ["no end in a head", file("a", "1").slice(0, 30), 400],
  ["no name of a field", `------Web\r\nContent-Disposition: form-data\r\n\r\nx\r\n${END}`, 400],
  ["a head that is none", `------Web\r\n?\u0001: x\r\n\r\nx\r\n${END}`, 400],
  ["no form", "garbage", 400],
  ["the name ..", file("..", "1") + END, 400],
];

for (const [name, form, expected] of FORMS) {
  const bytes = encode(form);
  Deno.test(`MultipartForm parses ${name}, cut anywhere, RFC 7578`, () => {
    assertEquals(parse([bytes]), expected);
    assertEquals(parse(Array.from(bytes, (byte) => Uint8Array.of(byte))), expected, "byte by byte");
    for (let one = 1; one < bytes.length; one++) {
      assertEquals(parse([bytes.slice(0, one), bytes.slice(one)]), expected, `cut at ${one}`);
      for (let two = one + 1; two < Math.min(one + 20, bytes.length); two++) {
        const pieces = [bytes.slice(0, one), bytes.slice(one, two), bytes.slice(two)];
        assertEquals(parse(pieces), expected, `cut at ${one} and ${two}`);
      }
    }
  });
}

for (
  const type of [
    "",
    "text/plain",
    "multipart/mixed; boundary=a",
    "multipart/form-data",
    "multipart/form-data-x; boundary=a",
  ]
) {
  Deno.test(`MultipartForm refuses ${JSON.stringify(type)}, RFC 9110 section 15.5.16`, () => {
    assertEquals(parse([encode(END)], type), 415);
  });
}

Deno.test("MultipartForm refuses a boundary that cannot be read", () => {
  assertEquals(parse([encode(END)], "multipart/form-data; charset=utf-8"), 400);
});

Deno.test("MultipartForm bounds the number of parts, and fields that are no files", () => {
  assertEquals(parse([encode(file("a", "").repeat(1_001) + END)]), 400);
  assertEquals(parse([encode(FIELD.replace("value", "x".repeat(65_537)) + END)]), 400);
});

const NAMES: readonly [text: string, name: string | undefined][] = [
  ["a.txt", "a.txt"],
  ["a%22b.txt", 'a"b.txt'],
  ["100%.txt", "100%.txt"],
  ["/etc/passwd", "passwd"],
  ["..\\..\\boot.ini", "boot.ini"],
  ["...", "..."],
  [".", undefined],
  ["..", undefined],
  ["a/", undefined],
  ["a%0Ab", undefined],
  ["a\0b", undefined],
];

for (const [text, name] of NAMES) {
  Deno.test(`parseFileName makes ${name} of ${JSON.stringify(text)}`, () => {
    if (name === undefined) assertThrows(() => parseFileName(text), HttpError);
    else assertEquals(parseFileName(text), name);
  });
}
