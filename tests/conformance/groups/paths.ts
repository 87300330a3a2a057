/** Paths to files, percent-encoding, redirects, what must stay hidden: RFC 3986, RFC 9110 sections 4.2, 15.4, 17.3. */

import { SECRET } from "../fixtures.ts";
import { get, group, head, raw, type Row, rule } from "../row.ts";

function file(name: string) {
  return { status: 200, body: { file: name } } as const;
}

const NOT_THERE = { status: [404, 400, 403], body: { not: new RegExp(SECRET) } } as const;
const CLIENT_ERROR = { status: [400, 404], body: { not: new RegExp(SECRET) } } as const;
/** Whatever it is, it is nothing from outside and no failure of the server. */
const NO_LEAK = {
  status: ["2xx", "3xx", "4xx"],
  body: { not: new RegExp(`root:[^:]*:0:0:|${SECRET}`) },
  sameSite: true,
} as const;

/** Spellings of a name and the file it is. */
const SPELLINGS: readonly (readonly [target: string, path: string])[] = [
  ["/t%65n.txt", "/ten.txt"],
  ["/%74%65%6E%2e%74%78%74", "/ten.txt"],
  ["/sp%20ace.txt", "/sp ace.txt"],
  ["/%C3%BCn%C3%AFcode.txt", "/ünïcode.txt"],
  ["/%c3%bcn%c3%afcode.txt", "/ünïcode.txt"],
  ["/percent%2541.txt", "/percent%41.txt"],
  ["/plus+sign.txt", "/plus+sign.txt"],
  ["/plus%2Bsign.txt", "/plus+sign.txt"],
  ["/semi;colon.txt", "/semi;colon.txt"],
  ["/semi%3Bcolon.txt", "/semi;colon.txt"],
  ["/question%3Fmark.txt", "/question?mark.txt"],
  ["/hash%23tag.txt", "/hash#tag.txt"],
  ["/%5Bbrackets%5D.txt", "/[brackets].txt"],
  ["/~tilde.txt", "/~tilde.txt"],
  ["/%7Etilde.txt", "/~tilde.txt"],
  ["/.well-known/security.txt", "/.well-known/security.txt"],
];

/** Names that are not there, one of which a careless decoder would find. */
const ABSENT = [
  ...["/nothing", "/dir/nothing", "/nothing/", "/ten.txt/", "/ten.txt/x", "/TEN.TXT", "/percent%41.txt", "/ten.txt;a"],
  ...["/ten.txt%20", "/ten.txt.", "/sp+ace.txt", "/ten%2Etxt%2F", "/ten.txt%00.html", `/${"x".repeat(300)}`],
  ...[
    `/${"d/".repeat(500)}`,
    "/link-dangling.txt",
    "/link-loop.txt",
    "/ten.txt~",
    "/ten.txt::$DATA",
    "/ten%E2%80%8B.txt",
  ],
];

/** Percent-encoding that is none, or no name can hold. */
const BROKEN = ["/ten.txt%", "/%f", "/%g0", "/%%30", "/ten%u002etxt", "/%c0%ae%c0%ae/", "/%ed%a0%80", "/%fe%ff"];

const CLIMBS = [
  ...["/../../../../../../../../etc/passwd", "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd"],
  ...["/..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd", "/%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd"],
  "/..%5c..%5c..%5c..%5c..%5c..%5cetc%5cpasswd",
];

const MORE_CLIMBS = [
  ...["/..\\..\\..\\..\\..\\etc\\passwd", "/....//....//....//....//etc/passwd", "/..;/..;/..;/..;/etc/passwd"],
  ...[
    "/%252e%252e%252f%252e%252e%252fetc/passwd",
    "/dir/../../../../../../../etc/passwd",
    "//etc/passwd",
    "/%2fetc%2fpasswd",
  ],
  ...[
    "/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
    "/%u002e%u002e/etc/passwd",
    "/.%00./.%00./etc/passwd",
    "/..%00/etc/passwd",
  ],
  ...["/dir/..%2f..%2f..%2f..%2f..%2fetc/passwd", "/./.././../../../../etc/passwd", "/..?/../etc/passwd", "/%2e%2e"],
  ...[
    "/ten.txt/../../../../../etc/passwd",
    "/nothing/../../../../../etc/passwd",
    "/file:///etc/passwd",
    "/C:/Windows/win.ini",
  ],
];

/** Hidden names in spellings. */
const HIDDEN = [
  ...[
    "/%2eenv",
    "/%2Eenv",
    "/./.env",
    "/dir/../.env",
    "//.env",
    "/.env/",
    "/.env?x",
    "/.git/config",
    "/.git/",
    "/.git",
  ],
  ...["/dir/.hidden", "/noindex/.hidden", "/.%65nv", "/.well-known/../.env", "/.env%00", "/.env%20"],
];

/** Rows about paths. */
export const PATHS: readonly Row[] = group("paths", [
  rule("RFC 3986 sections 2.1 and 6.2.2", "A path is percent-decoded once, and equivalent spellings name one file", [
    ...SPELLINGS.map(([target, path]) => ({ name: target, send: get(target), expect: file(path) })),
  ]),
  rule("RFC 3986 section 5.2.4", "Dot segments are removed", [
    ...["/dir/../ten.txt", "/./ten.txt", "/dir/./../ten.txt", "/../ten.txt", "/dir/%2e%2e/ten.txt"].map((target) => ({
      name: target,
      send: get(target),
      expect: [file("/ten.txt"), { status: ["3xx", 400, 404], sameSite: true }] as const,
    })),
  ]),
  rule("RFC 9110 section 15.5.5", "404 where there is nothing of that name", [
    ...ABSENT.map((target) => ({
      name: `nothing at ${target.slice(0, 40)}`,
      send: get(target),
      expect: [NOT_THERE, { status: 414 }, { status: "3xx", sameSite: true }] as const,
    })),
    { name: "404 for a plain name", send: get("/nothing.html"), expect: { status: 404 } },
  ]),
  rule("RFC 3986 section 2.1", "Broken percent-encoding is an error of the client", [
    { name: "%00 in a path", send: get("/ten.txt%00"), expect: CLIENT_ERROR, core: 47 },
    { name: "%zz in a path", send: get("/%zz"), expect: CLIENT_ERROR, core: 48 },
    { name: "%ff in a path", send: get("/%ff"), expect: CLIENT_ERROR, core: 49 },
    ...BROKEN.map((target) => ({ name: target, send: get(target), expect: CLIENT_ERROR })),
  ]),
  rule("RFC 3986 section 2.2", "An encoded slash is no slash, or at least leads nowhere else", [
    {
      name: "/dir%2Finner.txt",
      send: get("/dir%2Finner.txt"),
      expect: [file("/dir/inner.txt"), { status: [400, 404] }],
    },
    {
      name: "/dir%5Cinner.txt",
      send: get("/dir%5Cinner.txt"),
      expect: { status: [400, 404] },
    },
  ]),
  rule("RFC 9110 section 17.3", "No spelling of a path leads out of the root", [
    ...CLIMBS.map((target) => ({ name: `climb ${target}`, send: get(target), expect: NO_LEAK, core: 50 })),
    ...MORE_CLIMBS.map((target) => ({ name: `climb ${target}`, send: get(target), expect: NO_LEAK })),
    {
      name: "climb in the absolute form",
      send: get("http://<<host>>/../../../../../../etc/passwd"),
      expect: NO_LEAK,
    },
    ...["/../<<outside>>/secret.txt", "/%2e%2e/<<outside>>/secret.txt", "/dir/../../<<outside>>/secret.txt"].map(
      (target) => ({ name: `climb to a folder beside the root: ${target}`, send: get(target), expect: NO_LEAK }),
    ),
    {
      name: "a link to a file outside",
      send: get("/link-outside.txt"),
      expect: NOT_THERE,
      core: 52,
    },
    { name: "a link to a folder outside", send: get("/linkdir-outside/secret.txt"), expect: NOT_THERE },
    { name: "HEAD of a link to a file outside", send: head("/link-outside.txt"), expect: NOT_THERE },
    {
      name: "a link to a file inside: followed or not there",
      send: get("/link-inside.txt"),
      expect: [file("/ten.txt"), { status: [403, 404] }],
    },
  ]),
  rule("RFC 9110 section 17.3", "Hidden files are not there; RFC 8615 is the exception", [
    { name: "/.env", send: get("/.env"), expect: NOT_THERE, core: 51 },
    { name: "HEAD /.env", send: head("/.env"), expect: NOT_THERE },
    ...HIDDEN.map((target) => ({
      name: target,
      send: get(target),
      expect: [NOT_THERE, { status: "3xx", sameSite: true }] as const,
    })),
    {
      name: "a folder without an index shows nothing hidden",
      send: get("/noindex/"),
      expect: { status: [200, 403, 404], body: { not: /\.hidden|link-outside/ } },
    },
  ]),
  rule("RFC 9110 section 15.4", "A folder without its slash is redirected, on the same authority, with the query", [
    { name: "/dir is redirected", send: get("/dir"), expect: { status: [301, 302, 307, 308], location: "/dir/" } },
    {
      name: "a redirect keeps the query",
      send: get("/dir?a=1&b=%20c/d"),
      expect: { status: "3xx", location: "/dir/?a=1&b=%20c/d" },
      core: 53,
    },
    {
      name: "no // in Location",
      send: get("//dir"),
      expect: [
        { status: "3xx", sameSite: true, fields: { location: { not: /^\/\// } } },
        { status: [400, 404] },
      ],
      core: 54,
    },
    ...[
      "//evil.example/..",
      "//evil.example/%2e%2e",
      "/%5cevil.example/..",
      "/\\evil.example/..",
      "///dir",
      "/%2f%2fdir",
    ]
      .concat("//evil.example//", "/.//evil.example/..", "/dir/..//evil.example", "/%09/evil.example/..").map((
        target,
      ) => ({
        name: `${target} does not lead away`,
        send: get(target),
        expect: { status: ["2xx", "3xx", "4xx"], sameSite: true } as const,
      })),
    { name: "HEAD is redirected as well", send: head("/dir"), expect: { status: "3xx", location: "/dir/" } },
    {
      name: "an HTTP/1.0 request without Host is redirected",
      send: raw("GET /dir HTTP/1.0"),
      expect: { status: "3xx", fields: { location: /\/$/ } },
    },
    {
      name: "a line end in a path makes no field",
      send: get("/dir%0d%0aX-Injected:%20yes"),
      expect: { status: ["2xx", "3xx", "4xx"], fields: { "x-injected": null } },
    },
    {
      name: "a line end in a query makes no field",
      send: get("/dir?a=%0d%0aX-Injected:%20yes"),
      expect: [
        { status: "3xx", fields: { "x-injected": null, location: /\/\?a=%0[dD]%0[aA]X-Injected:(%20|\+)yes$/ } },
        { status: 400, fields: { "x-injected": null } },
      ],
    },
  ]),
]);
