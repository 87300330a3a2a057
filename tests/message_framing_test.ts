/**
 * `http1.ts`: where a message ends, whether its connection persists, and what it expects; RFC 9112 sections 6 and 9.3.
 *
 * Many rows are known attacks of request smuggling (RFC 9112 section 11.2): two readers must never disagree about where a
 * message ends.
 */

import type { MessageFraming } from "../src/message.ts";
import { fields, fields10, fixed, requestLine, showFraming, TCHAR, testEveryByte, testHeads } from "./head_rows.ts";

// Section 6: where the body ends.

const NONE: MessageFraming = { kind: "none" };
const CHUNKED: MessageFraming = { kind: "chunked" };

testHeads("RFC 9112 section 6.2", showFraming, [
  ["neither length nor coding", fields(), NONE],
  ["0", fields("Content-Length: 0"), fixed(0)],
  ["3", fields("Content-Length: 3"), fixed(3)],
  ["white space around the length", fields("Content-Length: \t3\t "), fixed(3)],
  ["no white space before the length", fields("Content-Length:3"), fixed(3)],
  ["leading zeros are decimal", fields("Content-Length: 0010"), fixed(10)],
  ["many leading zeros", fields(`Content-Length: ${"0".repeat(30)}7`), fixed(7)],
  ["any case", fields("cONTENT-lENGTH: 3"), fixed(3)],
  ["in HTTP/1.0", fields10("Content-Length: 3"), fixed(3)],
  ["in GET", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n", fixed(3)],
  ["the largest safe integer", fields("Content-Length: 9007199254740991"), fixed(9007199254740991)],
  ["one more than that", fields("Content-Length: 9007199254740992"), 400],
  ["what rounds to a safe integer", fields("Content-Length: 9007199254740993"), 400],
  ["2 to the 64", fields("Content-Length: 18446744073709551616"), 400],
  ["2 to the 64 and 3", fields("Content-Length: 18446744073709551619"), 400],
  ["400 digits", fields(`Content-Length: ${"9".repeat(400)}`), 400],
  ["empty", fields("Content-Length:"), 400],
  ["white space alone", fields("Content-Length:  "), 400],
  ["+3", fields("Content-Length: +3"), 400],
  ["-1", fields("Content-Length: -1"), 400],
  ["-0", fields("Content-Length: -0"), 400],
  ["3.0", fields("Content-Length: 3.0"), 400],
  ["1e3", fields("Content-Length: 1e3"), 400],
  ["0x10", fields("Content-Length: 0x10"), 400],
  ["0b1", fields("Content-Length: 0b1"), 400],
  ["0o7", fields("Content-Length: 0o7"), 400],
  ["1_000", fields("Content-Length: 1_000"), 400],
  ["3,3", fields("Content-Length: 3,3"), 400],
  ["3, 3", fields("Content-Length: 3, 3"), 400],
  ["3, 4", fields("Content-Length: 3, 4"), 400],
  ["3,", fields("Content-Length: 3,"), 400],
  [",3", fields("Content-Length: ,3"), 400],
  ["3 3", fields("Content-Length: 3 3"), 400],
  ["1 0", fields("Content-Length: 1 0"), 400],
  ["3;", fields("Content-Length: 3;"), 400],
  ["3 bytes", fields("Content-Length: 3 bytes"), 400],
  ["quoted", fields('Content-Length: "3"'), 400],
  ["Infinity", fields("Content-Length: Infinity"), 400],
  ["NaN", fields("Content-Length: NaN"), 400],
  ["chunked as a length", fields("Content-Length: chunked"), 400],
  ["superscript digits", fields("Content-Length: \xb3"), 400],
  ["digits of another script", fields("Content-Length: \xd9\xa3"), 400],
  ["a no-break space before the length", fields("Content-Length: \xa03"), 400],
  ["a no-break space behind the length", fields("Content-Length: 3\xa0"), 400],
  ["NUL behind the length", fields("Content-Length: 3\0"), 400],
  ["repeated, the same", fields("Content-Length: 3", "Content-Length: 3"), 400],
  ["repeated, differing", fields("Content-Length: 3", "Content-Length: 4"), 400],
  ["repeated, differing in zeros", fields("Content-Length: 3", "Content-Length: 03"), 400],
  ["repeated, the second empty", fields("Content-Length: 3", "Content-Length:"), 400],
  ["repeated, apart and in another case", fields("Content-Length: 3", "X: y", "content-length: 3"), 400],
  ["repeated in HTTP/1.0", fields10("Content-Length: 3", "Content-Length: 4"), 400],
  ["a space before the colon of the length", fields("Content-Length : 3"), 400],
  ["an underscore is another field", fields("Content_Length: 3"), NONE],
  ["a longer name is another field", fields("X-Content-Length: 3"), NONE],
  ["a shorter name is another field", fields("Content-Lengt: 3"), NONE],
]);

/** Section 6.1: chunked is last, and something that is not understood comes before it. */
const UNKNOWN_CODING = 501;

testHeads("RFC 9112 section 6.1", showFraming, [
  ["chunked", fields("Transfer-Encoding: chunked"), CHUNKED],
  ["Chunked", fields("Transfer-Encoding: Chunked"), CHUNKED],
  ["CHUNKED in a field of any case", fields("TRANSFER-encoding: CHUNKED"), CHUNKED],
  ["a tab before chunked", fields("Transfer-Encoding:\tchunked"), CHUNKED],
  ["white space around chunked", fields("Transfer-Encoding: \t chunked \t"), CHUNKED],
  ["no space before chunked", fields("Transfer-Encoding:chunked"), CHUNKED],
  ["empty list elements before chunked, RFC 9110 section 5.6.1", fields("Transfer-Encoding: , ,chunked"), 400],
  ["empty list elements behind chunked", fields("Transfer-Encoding: chunked, ,"), 400],
  ["an empty line beside chunked", fields("Transfer-Encoding:", "Transfer-Encoding: chunked"), 400],
  ["in a later minor version", fields("Transfer-Encoding: chunked").replace("1.1", "1.5"), CHUNKED],
  ["gzip, chunked", fields("Transfer-Encoding: gzip, chunked"), UNKNOWN_CODING],
  ["gzip and chunked in two lines", fields("Transfer-Encoding: gzip", "Transfer-Encoding: chunked"), UNKNOWN_CODING],
  ["identity, chunked", fields("Transfer-Encoding: identity, chunked"), UNKNOWN_CODING],
  ["gzip", fields("Transfer-Encoding: gzip"), 400],
  ["identity", fields("Transfer-Encoding: identity"), 400],
  ["xchunked", fields("Transfer-Encoding: xchunked"), 400],
  ["chunkedx", fields("Transfer-Encoding: chunkedx"), 400],
  ["chunke", fields("Transfer-Encoding: chunke"), 400],
  ["two words", fields("Transfer-Encoding: chunked chunked"), 400],
  ["a parameter", fields("Transfer-Encoding: chunked;q=1"), 400],
  ["a semicolon", fields("Transfer-Encoding: chunked;"), 400],
  ["a colon before chunked", fields("Transfer-Encoding: : chunked"), 400],
  ["quoted", fields('Transfer-Encoding: "chunked"'), 400],
  ["in single quotes", fields("Transfer-Encoding: 'chunked'"), 400],
  ["in brackets", fields("Transfer-Encoding: [chunked]"), 400],
  ["NEL before chunked", fields("Transfer-Encoding: \x85chunked"), 400],
  ["a no-break space before chunked", fields("Transfer-Encoding: \xa0chunked"), 400],
  ["a no-break space behind chunked", fields("Transfer-Encoding: chunked\xa0"), 400],
  ["a byte order mark before chunked", fields("Transfer-Encoding: \xef\xbb\xbfchunked"), 400],
  ["empty", fields("Transfer-Encoding:"), 400],
  ["a comma", fields("Transfer-Encoding: ,"), 400],
  ["chunked, chunked", fields("Transfer-Encoding: chunked, chunked"), 400],
  ["chunked in two lines", fields("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), 400],
  ["chunked in two lines of differing case", fields("Transfer-Encoding: chunked", "transfer-encoding: CHUNKED"), 400],
  ["chunked, identity", fields("Transfer-Encoding: chunked, identity"), 400],
  ["chunked and identity in two lines", fields("Transfer-Encoding: chunked", "Transfer-Encoding: identity"), 400],
  ["chunked, gzip", fields("Transfer-Encoding: chunked, gzip"), 400],
  ["chunked and x in two lines", fields("Transfer-Encoding: chunked", "Transfer-Encoding: x"), 400],
  ["gzip, identity", fields("Transfer-Encoding: gzip, identity"), 400],
  ["a vertical tab before chunked", fields("Transfer-Encoding: \x0bchunked"), 400],
  ["a form feed before chunked", fields("Transfer-Encoding: \x0cchunked"), 400],
  ["a vertical tab behind chunked", fields("Transfer-Encoding: chunked\x0b"), 400],
  ["NUL behind chunked", fields("Transfer-Encoding: chunked\0"), 400],
  ["bare CR before chunked", fields("Transfer-Encoding: \rchunked"), 400],
  ["bare CR behind chunked", fields("Transfer-Encoding: chunked\r"), 400],
  ["bare LF before chunked", fields("Transfer-Encoding: \nchunked"), 400],
  ["obs-fold before chunked", fields("Transfer-Encoding:", " chunked"), 400],
  ["a space before the colon of the coding", fields("Transfer-Encoding : chunked"), 400],
  ["a space before the name of the coding", fields(" Transfer-Encoding: chunked"), 400],
  ["a vertical tab behind the name of the coding", fields("Transfer-Encoding\x0b: chunked"), 400],
  ["bare LF before the name of the coding", fields("X: y\nTransfer-Encoding: chunked"), 400],
  ["bare CR before the name of the coding", fields("X: y\rTransfer-Encoding: chunked"), 400],
  ["in HTTP/1.0", fields10("Transfer-Encoding: chunked"), 400],
  ["in HTTP/1.0 with keep-alive", fields10("Connection: keep-alive", "Transfer-Encoding: chunked"), 400],
  ["an unknown coding in HTTP/1.0", fields10("Transfer-Encoding: gzip"), 400],
  ["behind a length", fields("Content-Length: 3", "Transfer-Encoding: chunked"), 400],
  ["before a length", fields("Transfer-Encoding: chunked", "Content-Length: 3"), 400],
  ["beside the length 0", fields("Transfer-Encoding: chunked", "Content-Length: 0"), 400],
  ["beside an invalid length", fields("Transfer-Encoding: chunked", "Content-Length: x"), 400],
  ["an unknown coding beside a length", fields("Content-Length: 3", "Transfer-Encoding: xchunked"), 400],
  ["an empty coding beside a length", fields("Content-Length: 3", "Transfer-Encoding:"), 400],
  ["identity beside a length", fields("Content-Length: 3", "Transfer-Encoding: identity"), 400],
  ["an underscore is another field", fields("Transfer_Encoding: chunked"), NONE],
  ["TE is another field", fields("TE: chunked"), NONE],
  ["a longer name is another field", fields("X-Transfer-Encoding: chunked"), NONE],
  [
    "Connection cannot take the coding away",
    fields("Connection: Transfer-Encoding", "Transfer-Encoding: chunked"),
    CHUNKED,
  ],
  ["Connection cannot take the length away", fields("Connection: Content-Length", "Content-Length: 3"), fixed(3)],
]);

testEveryByte(
  "before chunked",
  showFraming,
  (byte) => `Transfer-Encoding:${byte}chunked`,
  (byte) => /^[ \t]$/.test(byte) ? CHUNKED : 400,
);

testEveryByte(
  "behind chunked",
  showFraming,
  (byte) => `Transfer-Encoding: chunked${byte}`,
  (byte) => /^[ \t]$/.test(byte) ? CHUNKED : 400,
);

testEveryByte(
  "before a length",
  showFraming,
  (byte) => `Content-Length:${byte}3`,
  (byte) => /^[ \t]$/.test(byte) ? fixed(3) : /^[0-9]$/.test(byte) ? fixed(Number(`${byte}3`)) : 400,
);

testEveryByte(
  "behind a length",
  showFraming,
  (byte) => `Content-Length: 3${byte}`,
  (byte) => /^[ \t]$/.test(byte) ? fixed(3) : /^[0-9]$/.test(byte) ? fixed(Number(`3${byte}`)) : 400,
);

testEveryByte(
  "before the name Transfer-Encoding",
  showFraming,
  (byte) => `${byte}Transfer-Encoding: chunked`,
  (byte) => TCHAR.test(byte) ? NONE : 400,
);

testEveryByte(
  "behind the name Transfer-Encoding",
  showFraming,
  (byte) => `Transfer-Encoding${byte}: chunked`,
  (byte) => TCHAR.test(byte) ? NONE : 400,
);

// Section 9.3: persistence.

const connection = (...values: string[]) => fields(...values.map((value) => `Connection: ${value}`));
const connection10 = (...values: string[]) => connection(...values).replace("HTTP/1.1", "HTTP/1.0");

testHeads("RFC 9112 section 9.3", (head) => head.persistent, [
  ["HTTP/1.1 persists", connection(), true],
  ["close", connection("close"), false],
  ["CLOSE", connection("CLOSE"), false],
  ["keep-alive", connection("keep-alive"), true],
  ["close in a list", connection("upgrade, close"), false],
  ["close first in a list", connection("close , x"), false],
  ["close between tabs", connection("x,\tclose\t,y"), false],
  ["close with empty list elements", connection(",,close,"), false],
  ["close in a second line", connection("x", "close"), false],
  ["close beside keep-alive", connection("keep-alive, close"), false],
  ["an empty value", connection(""), true],
  ["closed is another option", connection("closed"), true],
  ["x-close is another option", connection("x-close"), true],
  ["close with a parameter is another option", connection("close;x"), true],
  ["two words are no option", connection("close x"), true],
  ["a no-break space belongs to the option", connection("\xa0close"), true],
  ["quoted close is another option", connection('"close"'), true],
  ["Proxy-Connection says nothing", fields("Proxy-Connection: close"), true],
  ["Keep-Alive says nothing", fields("Keep-Alive: timeout=0"), true],
  ["HTTP/1.0 does not persist", connection10(), false],
  ["HTTP/1.0 with keep-alive", connection10("keep-alive"), true],
  ["HTTP/1.0 with Keep-Alive in a list", connection10("x, Keep-Alive"), true],
  ["HTTP/1.0 with keep-alive in a second line", connection10("x", "keep-alive"), true],
  ["HTTP/1.0 with keep-alive and close", connection10("keep-alive, close"), false],
  ["HTTP/1.0 with another option", connection10("keep-alives"), false],
  ["HTTP/1.0 with Proxy-Connection", fields10("Proxy-Connection: keep-alive"), false],
  ["CONNECT does not persist, or a tunnel might be taken for requests", requestLine("CONNECT b:443 HTTP/1.1"), false],
  ["CONNECT does not persist with keep-alive", requestLine("CONNECT b:443 HTTP/1.1\r\nConnection: keep-alive"), false],
  ["a later minor version persists", connection().replace("HTTP/1.1", "HTTP/1.7"), true],
]);

// RFC 9110 section 10.1.1: Expect.

testHeads("RFC 9110 section 10.1.1", (head) => head.expectsContinue, [
  ["no expectation", fields("Content-Length: 3"), false],
  ["100-continue", fields("Expect: 100-continue", "Content-Length: 3"), true],
  ["100-Continue", fields("expect: 100-Continue", "Content-Length: 3"), true],
  ["white space around 100-continue", fields("Expect:  100-continue\t", "Content-Length: 3"), true],
  ["100-continue before a chunked body", fields("Expect: 100-continue", "Transfer-Encoding: chunked"), true],
  ["an empty expectation", fields("Expect:"), false],
  ["HTTP/1.0 expects nothing", fields10("Expect: 100-continue", "Content-Length: 3"), false],
  ["an unknown expectation in HTTP/1.0", fields10("Expect: x"), false],
  ["an unknown expectation", fields("Expect: 200-ok"), 417],
  ["a longer expectation", fields("Expect: 100-continued"), 417],
  ["100-continue with a parameter", fields("Expect: 100-continue;x=y"), 417],
  ["100-continue and an unknown expectation", fields("Expect: 100-continue, x"), 417],
  ["100-continue and an unknown expectation in two lines", fields("Expect: 100-continue", "Expect: x"), 417],
]);
