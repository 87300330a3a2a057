/** `listing.ts` and `listing_page.ts`: queries, order, pages, JSON, and names in each of the places where they stand. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Listing, ListingEntry, ListingQuery } from "../src/listing.ts";
import {
  cutPage,
  DEFAULT_QUERY,
  entryReference,
  formatListingJson,
  formatTime,
  listingReference,
  orderEntries,
  parseListingQuery,
} from "../src/listing.ts";
import {
  formatListingPage,
  formatSize,
  parseCrumbs,
  POLICY,
  SCRIPT,
  STYLE,
  UPLOAD_POLICY,
} from "../src/listing_page.ts";
import { atOnce } from "../src/steps.ts";
import { UPLOAD_FORM, UPLOAD_SCRIPT, UPLOAD_STYLE } from "../src/upload_form.ts";

const TIME = Date.UTC(2026, 10, 22, 15, 4, 5, 678);

function file(name: string, size = 1, modifiedMs: number | null = TIME): ListingEntry {
  return { name, type: "file", size, modifiedMs: modifiedMs ?? undefined };
}

function folder(name: string, modifiedMs: number | null = TIME): ListingEntry {
  return { name, type: "directory", size: undefined, modifiedMs: modifiedMs ?? undefined };
}

function listing(entries: readonly ListingEntry[], rest: Partial<Listing> = {}): Listing {
  return { ...DEFAULT_QUERY, entries, pages: 1, total: entries.length, isSortable: true, omitted: 0, ...rest };
}

const CRUMBS = [{ name: "", href: "../" }, { name: "dir", href: "./" }];

function pageOf(entries: readonly ListingEntry[], rest?: Partial<Listing>): string {
  return formatListingPage(listing(entries, rest), CRUMBS);
}

// Queries.

const QUERIES: readonly [query: string, expected: Partial<ListingQuery>][] = [
  ["", {}],
  ["?", {}],
  ["?sort=size", { sort: "size" }],
  ["?sort=time&order=desc&page=3", { sort: "time", order: "desc", page: 3 }],
  ["?sort=name&order=asc&page=1&search=", {}],
  ["?search=a+b%26%C3%A9", { search: "a b&é" }],
  ["?search=%20%20x%20", { search: "x" }],
  ["?search=%FF%ED%A0%80", { search: "\ufffd\ufffd\ufffd\ufffd" }],
  ["?search=" + "x".repeat(300), { search: "x".repeat(255) }],
  ["?search=" + "x".repeat(254) + "%F0%9F%90%9F", { search: "x".repeat(254) + "\ufffd" }],
  // unknown or malformed: the default
  ["?sort=SIZE&order=DESC", {}],
  ["?sort=mtime&order=down&page=x", {}],
  ["?sort=toString&order=__proto__", {}],
  ["?page=0", {}],
  ["?page=-1", {}],
  ["?page=01", {}],
  ["?page=1.5", {}],
  ["?page=1e3", {}],
  ["?page=0x10", {}],
  ["?page=+2", {}],
  ["?page=999999999", { page: 999_999_999 }],
  ["?page=9999999999", {}],
  ["?page=", {}],
  ["?v=3&utm_source=x", {}],
  // repeated: the first
  ["?sort=size&sort=time&page=2&page=3", { sort: "size", page: 2 }],
];

for (const [query, expected] of QUERIES) {
  const name = query.length > 60 ? `${query.slice(0, 60)}...` : query;
  Deno.test(`parseListingQuery: "${name}"`, () => {
    assertEquals(parseListingQuery(query), { ...DEFAULT_QUERY, ...expected });
  });
}

const REFERENCES: readonly [query: Partial<ListingQuery>, expected: string][] = [
  [{}, "./"],
  [{ sort: "size" }, "./?sort=size"],
  [{ sort: "time", order: "desc", page: 2, search: "x" }, "./?sort=time&order=desc&search=x&page=2"],
  [{ search: "a b&c=\"'<>#%é" }, "./?search=a+b%26c%3D%22%27%3C%3E%23%25%C3%A9"],
];

for (const [query, expected] of REFERENCES) {
  Deno.test(`listingReference: ${expected}, and back`, () => {
    const whole = { ...DEFAULT_QUERY, ...query };
    assertEquals(listingReference(whole), expected);
    assertEquals(parseListingQuery(expected.slice(2)), whole);
  });
}

// Order and pages.

const ENTRIES = [
  file("a", 30, 2),
  folder("b", 9),
  file("c", 10, 3),
  folder("d", 8),
  file("e", 20, null),
  file("f", 10, 1),
];

const ORDERS: readonly [sort: ListingQuery["sort"], order: ListingQuery["order"], expected: string][] = [
  ["name", "asc", "bdacef"],
  ["name", "desc", "dbfeca"],
  ["size", "asc", "bdcfea"],
  ["size", "desc", "bdaecf"],
  ["time", "asc", "dbefac"],
  ["time", "desc", "bdcafe"],
];

for (const [sort, order, expected] of ORDERS) {
  Deno.test(`orderEntries by ${sort}, ${order}: folders first, equals in the order given`, () => {
    const given = Object.freeze([...ENTRIES]);
    const ordered = atOnce(orderEntries(given, { sort, order }));
    assertEquals(ordered.map(({ name }) => name).join(""), expected);
  });
}

const PAGES: readonly [
  total: number,
  page: number,
  expected: [first: number, count: number, page: number, pages: number],
][] = [
  [0, 1, [-1, 0, 1, 1]],
  [0, 7, [-1, 0, 1, 1]],
  [1, 1, [0, 1, 1, 1]],
  [1000, 1, [0, 1000, 1, 1]],
  [1000, 2, [0, 1000, 1, 1]],
  [1001, 1, [0, 1000, 1, 2]],
  [1001, 2, [1000, 1, 2, 2]],
  [1001, 999_999_999, [1000, 1, 2, 2]],
  [100_000, 50, [49_000, 1000, 50, 100]],
];

for (const [total, page, expected] of PAGES) {
  Deno.test(`cutPage: page ${page} of ${total} entries`, () => {
    const cut = cutPage(Array.from({ length: total }, (_, at) => at), page);
    assertEquals([cut.entries[0] ?? -1, cut.entries.length, cut.page, cut.pages], expected);
  });
}

// Names. What stands in the reference, in the text, and what a browser makes of the reference.

const NAMES: readonly [name: string, href: string, text: string][] = [
  ["plain.txt", "./plain.txt", "plain.txt"],
  [`"><img onerror=alert(1)>`, "./%22%3E%3Cimg%20onerror%3Dalert(1)%3E", "&quot;&gt;&lt;img onerror=alert(1)&gt;"],
  ["a?b#c%.txt", "./a%3Fb%23c%25.txt", "a?b#c%.txt"],
  ["100%25.txt", "./100%2525.txt", "100%25.txt"],
  ["javascript:alert(1)", "./javascript%3Aalert(1)", "javascript:alert(1)"],
  ["it's & so on", "./it&#39;s%20%26%20so%20on", "it&#39;s &amp; so on"],
  ["&lt;", "./%26lt%3B", "&amp;lt;"],
  ["</script><b>", "./%3C%2Fscript%3E%3Cb%3E", "&lt;/script&gt;&lt;b&gt;"],
  ["back\\slash", "./back%5Cslash", "back\\slash"],
  ["..;x", "./..%3Bx", "..;x"],
  ["🐟", "./%F0%9F%90%9F", "🐟"],
  ["👩‍🚀", "./%F0%9F%91%A9%E2%80%8D%F0%9F%9A%80", "👩‍🚀"],
  ["שלום", "./%D7%A9%D7%9C%D7%95%D7%9D", "שלום"],
  // what cannot be seen, or turns the text around
  [" ", "./%20", "[U+0020]"],
  ["\u2003\u00a0", "./%E2%80%83%C2%A0", "[U+2003][U+00A0]"],
  [" a ", "./%20a%20", " a "],
  ["new\nline\t\x7f", "./new%0Aline%09%7F", "new[U+000A]line[U+0009][U+007F]"],
  ["photo\u202egpj.exe", "./photo%E2%80%AEgpj.exe", "photo[U+202E]gpj.exe"],
  [
    "a\u2066b\u200fc\u200bd\ufeff",
    "./a%E2%81%A6b%E2%80%8Fc%E2%80%8Bd%EF%BB%BF",
    "a[U+2066]b[U+200F]c[U+200B]d[U+FEFF]",
  ],
  ["\ud800x\udc00", "./%EF%BF%BDx%EF%BF%BD", "\ufffdx\ufffd"],
];

for (const [name, href, text] of NAMES) {
  Deno.test(`formatListingPage: the name ${JSON.stringify(name)} is only a name`, () => {
    for (const slash of ["", "/"]) {
      const page = pageOf([slash === "" ? file(name) : folder(name)]);
      const [row = ""] = /<tr role="row"><th role="rowheader".*<\/tr>/.exec(page) ?? [];
      const found = /<a href="([^"]*)"><svg[^>]*><use [^>]*><\/svg><span><bdi>([^<]*)<\/bdi>(\/?)<\/span><\/a>/.exec(
        row,
      );
      assertEquals(found?.slice(1), [href + slash, text, slash]);
      const url = new URL(href.replace("&#39;", "'") + slash, "http://host/a/b/");
      assertEquals(decodeURIComponent(url.href), `http://host/a/b/${name.toWellFormed()}${slash}`);
      assertEquals(url.search + url.hash, "");
    }
  });
  Deno.test(`formatListingPage: ${JSON.stringify(name)} as title, breadcrumb and search`, () => {
    const crumbs = [{ name: "", href: "../../" }, { name, href: "../" }, { name, href: "./" }];
    const page = formatListingPage(listing([file("x")], { search: name, pages: 3, page: 2 }), crumbs);
    const tags = ["title", "h1", 'nav aria-label="Folders above"', 'caption class="seen"'];
    for (const tag of tags) {
      const [, inner = ""] = new RegExp(`<${tag}>(.*)</${tag.split(" ")[0]}>`).exec(page) ?? [];
      assertStringIncludes(inner, text, tag);
    }
    const value = /name="search" value="([^"]*)"/.exec(page)?.[1] ?? "";
    const plain = value.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll(
      "&#39;",
      "'",
    );
    assertEquals(plain.replaceAll("&amp;", "&"), name);
    const known = pageOf([file("x")], { search: "x", pages: 3, page: 2 }).match(/<[a-z]+/g);
    const inside = formatListingPage(listing([file("x")], { search: name, pages: 3, page: 2 }), CRUMBS).match(
      /<[a-z]+/g,
    );
    assertEquals(inside, known, "no further element");
  });
}

Deno.test("entryReference is relative for every code unit, and ends with a slash for folders only", () => {
  for (let unit = 1; unit <= 0xffff; unit++) {
    const reference = entryReference({ name: String.fromCharCode(unit), type: "file" });
    assert(/^\.\/(?:[A-Za-z0-9_.!~*'()-]|(?:%[0-9A-F]{2})+)$/.test(reference), `${unit.toString(16)}: ${reference}`);
  }
  assertEquals(entryReference({ name: "a", type: "directory" }), "./a/");
});

// The way to a folder.

const WAYS: readonly [path: string, expected: string][] = [
  ["/", " → http://host/"],
  ["/a/", " → http://host/, a → http://host/a/"],
  ["/a/b%20c/", " → http://host/, a → http://host/a/, b c → http://host/a/b%20c/"],
  ["//a///b/", " → http://host/, a → http://host//a/, b → http://host//a///b/"],
  ["//", " → http://host/"],
];

for (const [path, expected] of WAYS) {
  Deno.test(`parseCrumbs: ${path} as a browser resolves it, RFC 3986 section 5.2`, () => {
    const resolve = (href: string) => new URL(href, new URL(`http://host${path}`)).href;
    const crumbs = parseCrumbs(path);
    const way = crumbs.map(({ name, href }) => `${name} → ${resolve(href)}`).join(", ");
    if (path === "//") assertEquals(crumbs.map(({ name }) => name), [""]);
    else assertEquals(way, expected);
    assert(crumbs.every(({ href }) => /^(?:\.\/|(?:\.\.\/)+)$/.test(href)));
  });
}

// The page.

const SIZES: readonly [size: number, expected: string][] = [
  [0, "0 B"],
  [1, "1 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [1049, "1.0 kB"],
  [1050, "1.1 kB"],
  [9949, "9.9 kB"],
  [9950, "10 kB"],
  [123_456, "123 kB"],
  [999_499, "999 kB"],
  [999_500, "1.0 MB"],
  [999_999_999, "1.0 GB"],
  [5_000_000_000, "5.0 GB"],
  [Number.MAX_SAFE_INTEGER, "9.0 PB"],
];

for (const [size, expected] of SIZES) {
  Deno.test(`formatSize: ${size} → ${expected}`, () => assertEquals(formatSize(size), expected));
}

const TIMES: readonly [ms: number | undefined, expected: string | undefined][] = [
  [0, "1970-01-01T00:00:00Z"],
  [TIME, "2026-11-22T15:04:05Z"],
  [-1, "1969-12-31T23:59:59Z"],
  [8.64e15, "+275760-09-13T00:00:00Z"],
  [8.64e15 + 1, undefined],
  [NaN, undefined],
  [-Infinity, undefined],
  [undefined, undefined],
];

for (const [ms, expected] of TIMES) {
  Deno.test(`formatTime: ${ms} → ${expected}`, () => assertEquals(formatTime(ms), expected));
}

Deno.test("formatListingPage shows size and time for people, and exactly", () => {
  const page = pageOf([file("a", 1_234_567), folder("b"), file("c", 12, NaN)]);
  assertStringIncludes(page, `<td role="cell"><data value="1234567" title="1,234,567 bytes">1.2 MB</data></td>`);
  assertStringIncludes(page, `<time datetime="2026-11-22T15:04:05Z">2026-11-22 15:04</time>`);
  assertStringIncludes(page, `<td role="cell"><data value="12">12 B</data></td><td role="cell"></td>`);
  assertEquals(page.match(/<td role="cell"><\/td>/g)?.length, 2);
});

const HEADS: readonly [rest: Partial<Listing>, expected: string[][]][] = [
  [{}, [["ascending", "./?order=desc"], ["", "./?sort=size&order=desc"], ["", "./?sort=time&order=desc"]]],
  [{ order: "desc" }, [["descending", "./"], ["", "./?sort=size&order=desc"], ["", "./?sort=time&order=desc"]]],
  [{ sort: "size" }, [["", "./"], ["ascending", "./?sort=size&order=desc"], ["", "./?sort=time&order=desc"]]],
  [{ sort: "time", order: "desc", search: "x", page: 2, pages: 2 }, [
    ["", "./?search=x"],
    ["", "./?sort=size&order=desc&search=x"],
    ["descending", "./?sort=time&search=x"],
  ]],
  [{ isSortable: false }, [["ascending", "./?order=desc"], ["", ""], ["", ""]]],
];

for (const [rest, expected] of HEADS) {
  Deno.test(`formatListingPage: heads of ${JSON.stringify(rest)}`, () => {
    const page = pageOf([file("a")], rest);
    const heads = [
      ...page.matchAll(/<th role="columnheader" scope="col"(?: aria-sort="(\w+)")?>(?:<a href="([^"]*)")?/g),
    ];
    assertEquals(heads.map(([, state = "", href = ""]) => [state, href.replaceAll("&amp;", "&")]), expected);
    assertEquals(page.includes("Too many for sorting"), rest.isSortable === false);
  });
}

const NEIGHBOURS: readonly [page: number, pages: number, expected: string][] = [
  [1, 1, ""],
  [1, 2, "Next ./?page=2"],
  [2, 2, "Previous ./"],
  [1, 9, "Next ./?page=2, Last ./?page=9"],
  [5, 9, "First ./, Previous ./?page=4, Next ./?page=6, Last ./?page=9"],
  [9, 9, "First ./, Previous ./?page=8"],
];

for (const [page, pages, expected] of NEIGHBOURS) {
  Deno.test(`formatListingPage: links of page ${page} of ${pages}`, () => {
    const [nav = ""] = /<nav class="pages".*<\/nav>/.exec(pageOf([file("a")], { page, pages })) ?? [];
    const links = [...nav.matchAll(/<a href="([^"]*)">(\w+)<\/a>/g)].map(([, href, label]) => `${label} ${href}`);
    assertEquals(links.join(", "), expected);
  });
}

Deno.test("formatListingPage says what is not there", () => {
  const empty = pageOf([]);
  assertStringIncludes(empty, "This folder is empty.");
  assert(!/<table|<form/.test(empty.replace(/<(style|script)>.*<\/\1>/gs, "")));
  const none = pageOf([], { search: "<x>" });
  assertStringIncludes(none, "No name here contains “<bdi>&lt;x&gt;</bdi>”.");
  assertStringIncludes(none, `<a href="./">show all</a>`);
});

Deno.test("formatListingPage loads nothing and has no style or script but the two of the policy", () => {
  const page = pageOf([file("a.png"), folder("b")], { pages: 3, page: 2 });
  assertEquals([...page.matchAll(/<(script|style)\b[^>]*>/g)].map(([tag]) => tag), ["<style>", "<script>"]);
  assertEquals(page.match(/ (?:src|srcset|style|on\w+)=|url\((?!#)|@import|<(?:link|img|iframe|base)\b/g), null);
  assertEquals([...page.matchAll(/href="(?!#|\.)[^"]*"/g)], []);
  assert(!/<\/(?:style|script)/i.test(STYLE + SCRIPT));
});

for (const [directive, text] of [["style-src", STYLE], ["script-src", SCRIPT]] as const) {
  Deno.test(`POLICY names the digest of the ${directive.slice(0, -4)}, CSP section 6.7.2.3`, async () => {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
    assertStringIncludes(POLICY, `${directive} 'sha256-${digest.toBase64()}';`);
  });
}

for (const [directive, text] of [["style-src", UPLOAD_STYLE], ["script-src", UPLOAD_SCRIPT]] as const) {
  Deno.test(`UPLOAD_POLICY names the digest of the ${directive.slice(0, -4)}, CSP section 6.7.2.3`, async () => {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
    assertMatch(
      UPLOAD_POLICY,
      new RegExp(`${directive} 'sha256-[^' ]+' ${RegExp.escape(`'sha256-${digest.toBase64()}'`)};`),
    );
  });
}

Deno.test("UPLOAD_POLICY allows requests to this server, and nothing else beside POLICY", () => {
  assertEquals(
    UPLOAD_POLICY.replace(/(-src 'sha256-[^' ]+') 'sha256-[^' ]+'/g, "$1").replace("connect-src 'self'; ", ""),
    POLICY,
  );
});

Deno.test("formatListingPage has the form for uploads only where files can be added, also to an empty folder", () => {
  for (const entries of [[], [file("a")]]) {
    const page = formatListingPage(listing(entries), parseCrumbs("/"), { isUploading: true });
    assertStringIncludes(page, UPLOAD_FORM);
    assertEquals([...page.matchAll(/<(script|style)\b[^>]*>/g)].length, 4);
    assert(!formatListingPage(listing(entries), parseCrumbs("/")).includes("multipart"));
  }
});

Deno.test("POLICY allows nothing else", () => {
  const rest = POLICY.replace(/(style|script)-src 'sha256-[^' ]+'; /g, "");
  assertEquals(
    rest,
    "default-src 'none'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  );
});

// JSON.

Deno.test("formatListingJson has every field, RFC 8259", () => {
  const entries = [folder("d", null), file('"\n\u2028\ud800', 5)];
  const text = formatListingJson(
    listing(entries, { sort: "size", order: "desc", page: 2, pages: 3, total: 2002 }),
    "/é/",
  );
  assertEquals(JSON.parse(text), {
    path: "/é/",
    entries: [
      { name: "d", type: "directory", size: null, modified: null },
      { name: '"\n\u2028\ud800', type: "file", size: 5, modified: "2026-11-22T15:04:05Z" },
    ],
    page: 2,
    pages: 3,
    total: 2002,
    sort: "size",
    order: "desc",
  });
  assert(text.endsWith("}\n"));
  assertEquals(JSON.parse(formatListingJson(listing([], { search: "x" }), "/")).search, "x");
});
