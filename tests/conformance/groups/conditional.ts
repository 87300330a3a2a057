/** Single preconditions: RFC 9110 sections 13.1 and 13.2.1. Their combinations are in `precedence.ts`. */

import { exchange, get, group, head, request, type Row, rule } from "../row.ts";

const OK = { status: 200, body: { file: "/ten.txt" } } as const;
const NOT_MODIFIED = { status: 304, body: "" } as const;
const FAILED = { status: 412, body: { not: /0123456789/ } } as const;

/** What is no HTTP-date and yet is taken for one by lenient parsers. */
const NO_DATES = ["yesterday", "", "9999", "2099-01-01", "<<now +60>>, <<now +60>>", "Sat, 03 Feb 2099 25:61:61 GMT"];

/** What 304 carries as 200 would. */
const FIELDS_OF_304 = ["etag", "vary", "cache-control", "expires", "content-location"];

/** Rows about preconditions. */
export const CONDITIONAL: readonly Row[] = group("conditional", [
  rule("RFC 9110 section 13.1.2", "If-None-Match is false where a listed tag matches by weak comparison", [
    {
      name: "If-None-Match: own tag",
      send: get("/ten.txt", "If-None-Match: <<etag /ten.txt>>"),
      expect: NOT_MODIFIED,
      ends: "open",
    },
    {
      name: "If-None-Match: weak form of own tag",
      send: get("/ten.txt", "If-None-Match: W/<<opaque /ten.txt>>"),
      expect: NOT_MODIFIED,
      core: 1,
    },
    {
      name: "If-None-Match: strong form of own tag",
      send: get("/ten.txt", "If-None-Match: <<opaque /ten.txt>>"),
      expect: NOT_MODIFIED,
    },
    {
      name: "If-None-Match: list with own tag last",
      send: get("/ten.txt", 'If-None-Match: "a", W/"b", <<etag /ten.txt>>'),
      expect: NOT_MODIFIED,
      core: 2,
    },
    {
      name: "If-None-Match: list with own tag first, no space",
      send: get("/ten.txt", 'If-None-Match: <<etag /ten.txt>>,"a"'),
      expect: NOT_MODIFIED,
    },
    {
      name: "If-None-Match: two lines",
      send: get("/ten.txt", 'If-None-Match: "a"', "If-None-Match: <<etag /ten.txt>>"),
      expect: NOT_MODIFIED,
    },
    {
      name: "If-None-Match: empty list members",
      send: get("/ten.txt", "If-None-Match: , <<etag /ten.txt>> ,"),
      expect: NOT_MODIFIED,
    },
    {
      name: "If-None-Match: a comma within a tag does not split it",
      send: get("/ten.txt", 'If-None-Match: "a,b", <<etag /ten.txt>>'),
      expect: NOT_MODIFIED,
    },
    { name: "If-None-Match: other tag", send: get("/ten.txt", 'If-None-Match: "other"'), expect: OK },
    { name: "If-None-Match: empty tag", send: get("/ten.txt", 'If-None-Match: ""'), expect: OK },
    {
      name: "If-None-Match: tag of another file",
      send: get("/ten.txt", "If-None-Match: <<etag /bytes.bin>>"),
      expect: OK,
    },
    {
      name: "If-None-Match: *",
      send: get("/ten.txt", "If-None-Match: *"),
      expect: NOT_MODIFIED,
      core: 3,
    },
    {
      name: 'If-None-Match: "*" is a tag, not the star',
      send: get("/ten.txt", 'If-None-Match: "*"'),
      expect: OK,
    },
    {
      name: "If-None-Match: a word without quotes is no tag",
      send: get("/ten.txt", "If-None-Match: unquoted"),
      expect: OK,
    },
  ]),
  rule("RFC 9110 section 13.1.2", "HEAD with a matching If-None-Match is 304", [
    {
      name: "HEAD If-None-Match: own tag",
      send: head("/ten.txt", "If-None-Match: <<etag /ten.txt>>"),
      expect: { status: 304 },
      core: 4,
    },
    {
      name: "HEAD If-None-Match: other tag",
      send: head("/ten.txt", 'If-None-Match: "other"'),
      expect: { status: 200 },
    },
    { name: "HEAD If-None-Match: *", send: head("/ten.txt", "If-None-Match: *"), expect: { status: 304 } },
  ]),
  rule("RFC 9110 section 15.4.5", "304 carries the fields that 200 would, where they guide a cache, and no content", [
    {
      name: "304 carries ETag",
      send: get("/ten.txt", "If-None-Match: <<etag /ten.txt>>"),
      expect: { status: 304, fields: { etag: /./ } },
      core: 5,
    },
    ...["/ten.txt", "/page.html", "/coded.txt"].map((path) => ({
      name: `304 for ${path} has the fields of 200`,
      steps: [
        ...exchange(get(path), { status: 200 }),
        ...exchange(get(path, `If-None-Match: <<etag ${path}>>`), { status: 304 }),
        { compare: FIELDS_OF_304, of: [0, 1], as: "equal" } as const,
        { compare: ["content-length"], of: [0, 1], as: "equal or absent" } as const,
      ],
    })),
    {
      name: "304 has no metadata that a cache does not need",
      send: get("/ten.txt", "If-None-Match: *"),
      expect: { status: 304, fields: { "content-type": null, "content-encoding": null, "content-range": null } },
    },
    {
      name: "304 by date has the fields of 200",
      steps: [
        ...exchange(get("/ten.txt"), { status: 200 }),
        ...exchange(get("/ten.txt", "If-Modified-Since: <<modified /ten.txt>>"), NOT_MODIFIED),
        { compare: FIELDS_OF_304, of: [0, 1], as: "equal" },
      ],
      ends: "open",
    },
  ]),
  rule("RFC 9110 section 13.1.3", "If-Modified-Since is false where the file is not newer than the date", [
    {
      name: "If-Modified-Since: equal",
      send: get("/ten.txt", "If-Modified-Since: <<modified /ten.txt>>"),
      expect: NOT_MODIFIED,
    },
    {
      name: "If-Modified-Since: later",
      send: get("/ten.txt", "If-Modified-Since: <<modified /ten.txt +1>>"),
      expect: NOT_MODIFIED,
      core: 6,
    },
    {
      name: "If-Modified-Since: now",
      send: get("/ten.txt", "If-Modified-Since: <<now 0>>"),
      expect: NOT_MODIFIED,
    },
    {
      name: "If-Modified-Since: earlier",
      send: get("/ten.txt", "If-Modified-Since: <<modified /ten.txt -1>>"),
      expect: OK,
    },
    {
      name: "If-Modified-Since: equal to a time that was cut to the second",
      send: get("/fraction.txt", "If-Modified-Since: <<modified /fraction.txt>>"),
      expect: NOT_MODIFIED,
    },
    {
      name: "HEAD If-Modified-Since: equal",
      send: head("/ten.txt", "If-Modified-Since: <<modified /ten.txt>>"),
      expect: { status: 304 },
    },
    {
      name: "HEAD If-Modified-Since: earlier",
      send: head("/ten.txt", "If-Modified-Since: <<modified /ten.txt -1>>"),
      expect: { status: 200 },
    },
  ]),
  rule("RFC 9110 section 5.6.7", "A recipient of dates accepts all three forms", [
    ...["rfc850", "asctime"].flatMap((form) => [
      {
        name: `If-Modified-Since: equal, ${form}`,
        send: get("/ten.txt", `If-Modified-Since: <<modified /ten.txt ${form}>>`),
        expect: NOT_MODIFIED,
      },
      {
        name: `If-Modified-Since: earlier, ${form}`,
        send: get("/ten.txt", `If-Modified-Since: <<modified /ten.txt -1 ${form}>>`),
        expect: OK,
      },
      {
        name: `If-Unmodified-Since: earlier, ${form}`,
        send: get("/ten.txt", `If-Unmodified-Since: <<modified /ten.txt -1 ${form}>>`),
        expect: FAILED,
      },
    ]),
    {
      name: "a year of two digits more than 50 years ahead is past",
      send: get("/ten.txt", "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT"),
      expect: OK,
    },
  ]),
  rule("RFC 9110 sections 13.1.3 and 13.1.4", "A date that is none, or more than one, is ignored", [
    ...NO_DATES.map((date) => ({
      name: `If-Modified-Since: ${date || "nothing"}`,
      send: get("/ten.txt", `If-Modified-Since: ${date}`),
      expect: OK,
    })),
    ...["yesterday", "", "1970", "2001-01-01"].map((date) => ({
      name: `If-Unmodified-Since: ${date || "nothing"}`,
      send: get("/ten.txt", `If-Unmodified-Since: ${date}`),
      expect: OK,
    })),
  ]),
  rule("RFC 9110 section 13.1.1", "If-Match is false where no listed tag matches by strong comparison", [
    {
      name: "If-Match: own tag",
      send: get("/ten.txt", "If-Match: <<etag /ten.txt>>"),
      expect: OK,
      needs: ["strong /ten.txt"],
    },
    {
      name: "If-Match: list with own tag",
      send: get("/ten.txt", 'If-Match: "a", <<etag /ten.txt>>'),
      expect: OK,
      needs: ["strong /ten.txt"],
    },
    {
      name: "If-Match: weak form of own tag",
      send: get("/ten.txt", "If-Match: W/<<opaque /ten.txt>>"),
      expect: FAILED,
    },
    { name: "If-Match: other tag", send: get("/ten.txt", 'If-Match: "other"'), expect: FAILED, core: 9 },
    { name: "If-Match: *", send: get("/ten.txt", "If-Match: *"), expect: OK },
    { name: "HEAD If-Match: other tag", send: head("/ten.txt", 'If-Match: "other"'), expect: { status: 412 } },
    { name: "HEAD If-Match: *", send: head("/ten.txt", "If-Match: *"), expect: { status: 200 } },
  ]),
  rule("RFC 9110 section 13.1.4", "If-Unmodified-Since is false where the file is newer than the date", [
    {
      name: "If-Unmodified-Since: equal",
      send: get("/ten.txt", "If-Unmodified-Since: <<modified /ten.txt>>"),
      expect: OK,
    },
    {
      name: "If-Unmodified-Since: later",
      send: get("/ten.txt", "If-Unmodified-Since: <<modified /ten.txt +1>>"),
      expect: OK,
    },
    {
      name: "If-Unmodified-Since: earlier",
      send: get("/ten.txt", "If-Unmodified-Since: <<modified /ten.txt -1>>"),
      expect: FAILED,
      core: 10,
    },
    {
      name: "If-Unmodified-Since: equal to a time that was cut to the second",
      send: get("/fraction.txt", "If-Unmodified-Since: <<modified /fraction.txt>>"),
      expect: { status: 200 },
    },
  ]),
  rule("RFC 9110 section 13.2.1", "Preconditions count only where the answer without them would be 2xx", [
    { name: "If-Match: * on nothing is 404", send: get("/nothing", "If-Match: *"), expect: { status: 404 } },
    { name: "If-None-Match: * on nothing is 404", send: get("/nothing", "If-None-Match: *"), expect: { status: 404 } },
    {
      name: "If-Match: other tag on a redirect is the redirect",
      send: get("/dir", 'If-Match: "other"'),
      expect: { status: "3xx", location: "/dir/" },
    },
    {
      name: "If-Modified-Since on a redirect is the redirect",
      send: get("/dir", "If-Modified-Since: <<now 0>>"),
      expect: { status: "3xx", location: "/dir/" },
    },
    {
      name: "OPTIONS has no preconditions",
      send: request("OPTIONS", "/ten.txt", 'If-Match: "other"'),
      expect: { status: ["2xx", 405, 501] },
    },
    {
      name: "If-None-Match does not let DELETE through",
      send: request("DELETE", "/ten.txt", 'If-None-Match: "other"'),
      expect: { status: [405, 501, 403] },
    },
  ]),
]);
