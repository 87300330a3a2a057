/** If-Range: RFC 9110 section 13.1.5. */

import { exchange, get, group, head, type Row, rule } from "../row.ts";

const RANGE = "Range: bytes=2-5";
const PART = { status: 206, fields: { "content-range": "bytes 2-5/10" }, body: "2345" } as const;
const WHOLE = { status: 200, fields: { "content-range": null }, body: { file: "/ten.txt" } } as const;

/** Values that do not match, and why. */
const STALE: readonly (readonly [name: string, value: string])[] = [
  ["weak form of own tag", "W/<<opaque /ten.txt>>"],
  ["tag of another file", "<<etag /bytes.bin>>"],
  ["list with own tag", '"other", <<etag /ten.txt>>'],
  ["*", "*"],
  ["earlier date", "<<modified /ten.txt -1>>"],
  ["later date", "<<modified /ten.txt +1>>"],
  ["now", "<<now 0>>"],
  ["garbage", "garbage"],
  ["unclosed tag", '"unclosed'],
  ["a number", "0"],
];

/** Rows about If-Range. */
export const IF_RANGE: readonly Row[] = group("if-range", [
  rule("RFC 9110 section 13.1.5", "The range counts where the validator matches exactly", [
    {
      name: "If-Range: own tag",
      send: get("/ten.txt", RANGE, "If-Range: <<etag /ten.txt>>"),
      expect: PART,
      needs: ["strong /ten.txt"],
    },
    {
      name: "If-Range: own tag, before Range",
      send: get("/ten.txt", "If-Range: <<etag /ten.txt>>", RANGE),
      expect: PART,
      needs: ["strong /ten.txt"],
    },
    {
      name: "If-Range: own date",
      send: get("/ten.txt", RANGE, "If-Range: <<modified /ten.txt>>"),
      expect: PART,
    },
    ...["rfc850", "asctime"].map((form) => ({
      name: `If-Range: own date, ${form}`,
      send: get("/ten.txt", RANGE, `If-Range: <<modified /ten.txt ${form}>>`),
      expect: [PART, WHOLE],
    })),
    {
      name: "If-Range: own tag, with an unsatisfiable range",
      send: get("/ten.txt", "Range: bytes=99-", "If-Range: <<etag /ten.txt>>"),
      expect: { status: 416, fields: { "content-range": "bytes */10" } },
      needs: ["strong /ten.txt"],
    },
    {
      name: "If-Range: own tag, with several ranges",
      send: get("/bytes.bin", "Range: bytes=0-9,5000-5009", "If-Range: <<etag /bytes.bin>>"),
      expect: { status: [206, 200], body: { ranges: [[0, 9], [5000, 5009]], of: "/bytes.bin" } },
    },
  ]),
  rule("RFC 9110 section 13.1.5", "The range is ignored where the validator does not match, by strong comparison", [
    {
      name: "If-Range: other tag",
      steps: [
        ...exchange(get("/ten.txt", RANGE), PART),
        ...exchange(get("/ten.txt", RANGE, 'If-Range: "other"'), WHOLE),
      ],
      core: 23,
    },
    ...STALE.map(([name, value]) => ({
      name: `If-Range: ${name}`,
      send: get("/ten.txt", RANGE, `If-Range: ${value}`),
      expect: WHOLE,
    })),
    {
      name: "If-Range: other tag, with an unsatisfiable range",
      send: get("/ten.txt", "Range: bytes=99-", 'If-Range: "other"'),
      expect: WHOLE,
    },
  ]),
  rule("RFC 9110 section 13.1.5", "If-Range without Range is ignored", [
    { name: "If-Range alone", send: get("/ten.txt", 'If-Range: "other"'), expect: WHOLE },
    { name: "If-Range: own tag alone", send: get("/ten.txt", "If-Range: <<etag /ten.txt>>"), expect: WHOLE },
    {
      name: "HEAD with Range and If-Range",
      send: head("/ten.txt", RANGE, "If-Range: <<etag /ten.txt>>"),
      expect: { status: 200, fields: { "content-range": null } },
    },
  ]),
]);
