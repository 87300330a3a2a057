/** `Cache-Control`: which names carry a hash of their content, what is kept, and the rules of `--cache`. */

import { assertEquals, assertThrows } from "@std/assert";
import { parseCacheRules, selectCacheControl } from "../src/cache_policy.ts";
import { hasContentHash } from "../src/content_hash.ts";
import { UsageError } from "../src/errors.ts";

/** Names as the tools wrote them (Vite 8, Rollup 4, webpack 5, esbuild 0.28, Parcel 2), or as they document them. */
const HASHED: readonly [tool: string, paths: string][] = [
  [
    "webpack",
    "/main.0e82feffb4d9cccf8d6c.js /main.0e82feffb4d9cccf8d6c.js.map /main.91cd0bc5.css /main.91cd0bc5.css.map",
  ],
  ["webpack, chunks and assets", "/9902.9cec9ca5.chunk.js /5744.f5e56f3e.chunk.js.map /28de11c2f0c66bb10649.png"],
  ["Create React App, Vue CLI", "/static/js/main.3f9c2b1a.js /static/css/main.e6c13ad2.chunk.css /js/app.5f2d0a1c.js"],
  ["Angular before 17", "/runtime.2a7b9c1d3e4f5061.js /styles.ef46db3751d8e999.css"],
  ["Rspack", "/static/js/index.3f9c2b1a5d.js"],
  ["Next.js", "/_next/static/chunks/4bd1b696-f6bc6d3f1e4b2f6e.js /_next/static/css/3f9c2b1a5d6e7f80.css"],
  ["Gatsby", "/app-3f9c2b1a5d6e7f809a1b.js /framework-0e82feffb4d9cccf8d6c.js"],
  ["Docusaurus", "/assets/js/17896441.0e82feff.js /assets/js/runtime~main.3f9c2b1a.js"],
  ["Parcel", "/m127.bb67645e.js /m245.c197b1fe.js.map /h8b.aeb4369b.css /pic.546b3aec.png /app.3f9c2b1a.webmanifest"],
  ["Rails, Phoenix", "/application-6d58c9e6.js /app-07d2bf0d12655d9f51c0637718da4889.css"],
  ["Django", "/static/base.27e20196a850.css /static/admin/css/fonts.cc6140298ba7.css"],
  ["Hugo", "/main.min.5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5.css"],
  ["file-loader", "/07d2bf0d12655d9f51c0637718da4889.woff2 /img/56770a64be1a1132502b276c4132a76bb94d9e1b.svg"],
  ["mdBook", "/searcher-c2a407aa.js /mark-09e88c2c.min.js /FiraSans-Regular-0fe48ade.woff2 /LICENSE-MIT-23f18e03.txt"],
  ["esbuild", "/chunk-IFF3Q367.js /m228-76PQEXR7.js /m178-L55JXA4T.js.map /m254-HMKH3GTU.png /main-N7XMXJZJ.css"],
  ["esbuild, chunks without digits", "/chunk-REXALYQY.js /chunk-DMYAYBSB.js.map"],
  ["Vite", "/assets/m65-KJaL7Yv4.js /assets/m53-CsXrCCJC.js.map /assets/pic-DsOmtUpD.png /assets/m9-Bpy-I-4b.js"],
  ["Vite, as its users report", "/assets/a-D-tfNpnx.js /assets/queries-LIOgKzLg2.js"],
  ["Rollup", "/m274-BuSC-IT7.js /m86-Tihm5fEu.js /binding-DXnWtC_4.mjs"],
  ["VitePress", "/assets/app.BxUk3f9_.js /assets/index.md.BxUk3f9_.lean.js /assets/style.D-tfNpnx.css"],
  [
    "SvelteKit",
    "/_app/immutable/chunks/BxUk3f9_.js /_app/immutable/nodes/0.homepage.js /base/_app/immutable/a/zwggxcug.js",
  ],
  ["Astro", "/_astro/index.abcdefgh.css /_astro/photo.BxUk3f9_.webp /_astro/photo.BxUk3f9__Z1aBcD.webp"],
  ["Nuxt", "/_nuxt/entry.DHupmiSx.css /_nuxt/zwggxcug.js"],
];

for (const [tool, paths] of HASHED) {
  for (const path of paths.split(" ")) {
    Deno.test(`hasContentHash: ${path} (${tool})`, () => assertEquals(hasContentHash(path), true));
  }
}

const PLAIN: readonly [reason: string, paths: string][] = [
  ["no hash", "/app.js /index.html /main.css /favicon.ico /robots.txt / /a/b/ /LICENSE /.well-known/x /x. /.js"],
  [
    "a date",
    "/report-20240101.pdf /report-2024-01-01.pdf /log.20240101.txt /logo-20240608.png /backup-202401011230.js",
  ],
  ["a date with a month in hexadecimal", "/report-1feb2024.pdf /menu-12dec24.css /x.31dec2024.js /feb-20240201.js"],
  ["a version", "/jquery-3.7.1.min.js /lib-10.20.30.js /bootstrap-5.3.0-alpha1.css /lib.v12345678.js /three.r128.js"],
  ["digits only", "/img-12345678.png /DSC.00012345.jpg /1700000000000000.png /12345678901234567890.js"],
  ["words", "/main-homepage.js /main-overview.css /vendor.polyfill.js /x-settings.mjs /apple-touch-icon.png"],
  ["hyphens in words", "/safari-pinned-tab.svg /readme-how-to-build.js /main-my-class.js /icon-a_b_c_d_.svg"],
  ["capital words", "/module-README.js /chapter-OVERVIEW.png /README.md /app-CHANGELOG.js /main-INTERNAL.css"],
  ["words together", "/chart-HomePage.js /x-myModule.js /a.parseUrl.js /Inter-SemiBold.woff2 /Roboto-BlackItalic.ttf"],
  ["words together, short ones too", "/guide-HowToUse.png /trait.FromRawFd.js /trait.ToString.js /x-GoToPage.svg"],
  [
    "words with numbers",
    "/x-Chapter1.svg /x-Version2.js /x-Html5App.js /x-iPhone12.png /x-Win10x64.js /x-Q1Report.svg",
  ],
  ["words with a letter", "/x-VitaminC.png /x-AppendixA.png /x-xAxisTop.js /x-Utf8View.js"],
  ["a size", "/mstile-150x150.png /bg-1920x1080.jpg /icon-1024x768.png /favicon-32x32.png"],
  ["a camera's name", "/x-IMG23456.jpg /x-DSC_0001.jpg /IMG_2024.jpg /PXL_20240101.jpg"],
  ["a UUID", "/a/550e8400-e29b-41d4-a716-446655440000.png /x-550e8400-e29b-41d4-a716-4466554400ff.js"],
  ["a UUID without hyphens", "/550e8400e29b41d4a716446655440000.png /0188e84fe29b71d4a716446655440000.jpg"],
  ["a number of MongoDB", "/507f1f77bcf86cd799439011.jpg"],
  ["a short commit", "/app-3f9c2b1.js /app.3f9c2.js"],
  ["hexadecimal of another length", "/app-3f9c2b1a5.js /app.3f9c2b1a5d6.js /app.0e82feffb4d9cccf8d6c0.js"],
  ["words in hexadecimal", "/runtime-deadbeef.js /menu-cafe2024.css /x.face2024.js /cabbage-decade80.png"],
  ["a whole name that is short", "/3f9c2b1a.js /3f9c2b1a5d6e.png /BxUk3f9_.js /IFF3Q367.js"],
  ["a whole name of a document", "/c663a1dbe79da342.json /3f9c2b1a5d6e7f80.pdf /0e82feffb4d9cccf8d6c"],
  ["a document", "/paper-BxUk3f9_.pdf /data-KJaL7Yv4.json /x-IFF3Q367.txt /a-KJaL7Yv4.html"],
  ["underscore before", "/app_3f9c2b1a.js /app_BxUk3f9_.js"],
  ["capital hexadecimal", "/app.3F9C2B1A.js"],
  ["a hash that could be words and numbers", "/m234-DgpmdeCL.js /main2-C14MOSn3.mjs /a-zwggxcug.js /a-Dhu2pmiS.js"],
  ["a hash with one change of letters and digits", "/m212-ANQTKZF3.js /pic-5QDHIIZY.png /a.ab146329.js /a.87675594.js"],
  ["no hash in the last part", "/app.3f9c2b1a.en.js /3f9c2b1a/app.js /app-KJaL7Yv4/index.js /app.3f9c2b1a.js.gz"],
  [
    "documents in folders of tools",
    "/_app/version.json /_nuxt/builds/latest.json /_astro/data.json /x_astro/abcdefgh.js",
  ],
  ["a whole word in a folder of tools", "/_nuxt/entry.js /_astro/client-side.js"],
];

for (const [reason, paths] of PLAIN) {
  for (const path of paths.split(" ")) {
    Deno.test(`hasContentHash: not ${path} (${reason})`, () => assertEquals(hasContentHash(path), false));
  }
}

const KEEP = "public, max-age=31536000, immutable";
const SCRIPT = { path: "/app.3f9c2b1a.js", mediaType: "text/javascript" };

const POLICIES: readonly [different: Partial<typeof SCRIPT>, value: string][] = [
  [{}, KEEP],
  [{ path: "/app.js" }, "no-cache"],
  // Never for pages and for unknown content.
  [{ path: "/a.3f9c2b1a.html", mediaType: "text/html" }, "no-cache"],
  [{ path: "/a.3f9c2b1a.html", mediaType: "text/html; charset=utf-8" }, "no-cache"],
  [{ path: "/a.3f9c2b1a.xhtml", mediaType: "application/xhtml+xml" }, "no-cache"],
  [{ path: "/a.3f9c2b1a.unheardof", mediaType: "application/octet-stream" }, "no-cache"],
  [{ path: "/a.3f9c2b1a.txt", mediaType: "text/plain; charset=utf-8" }, KEEP],
];

for (const [different, value] of POLICIES) {
  Deno.test(`selectCacheControl ${JSON.stringify(different)} is ${value}`, () => {
    assertEquals(selectCacheControl({ ...SCRIPT, ...different }), value);
    assertEquals(selectCacheControl({ ...SCRIPT, ...different }, []), value);
  });
}

const RULES =
  "/img/*=public, max-age=86400; *.css=max-age=3600; /img/a.css=no-store; /private/:x/*=no-store; *.html=private";

const RULED: readonly [different: Partial<typeof SCRIPT>, value: string][] = [
  [{}, KEEP],
  [{ path: "/img/a/b.png" }, "public, max-age=86400"],
  [{ path: "/img" }, "public, max-age=86400"],
  [{ path: "/a/img/b.png" }, "no-cache"],
  [{ path: "/a.css" }, "max-age=3600"],
  [{ path: "/a/b/app.3f9c2b1a.css" }, "max-age=3600"],
  [{ path: "/img/a.css" }, "public, max-age=86400"],
  [{ path: "/private/a/app.3f9c2b1a.js" }, "no-store"],
  [{ path: "/a.html", mediaType: "text/html" }, "private"],
];

for (const [different, value] of RULED) {
  Deno.test(`selectCacheControl ${JSON.stringify(different)} under rules is ${value}`, () => {
    assertEquals(selectCacheControl({ ...SCRIPT, ...different }, parseCacheRules(RULES)), value);
  });
}

Deno.test("selectCacheControl takes rules that were sent to another thread", () => {
  const rules = structuredClone(parseCacheRules("/:a/*.js=no-store"));
  assertEquals(selectCacheControl({ ...SCRIPT, path: "/a/b.js" }, rules), "no-store");
});

const VALUES: readonly [rules: string, values: readonly string[]][] = [
  ["*=no-store", ["no-store"]],
  [" /a = no-cache ;; *.b=public,max-age=0 ; ", ["no-cache", "public, max-age=0"]],
  ["*=max-age=60, s-maxage=0, stale-while-revalidate=9999999999, stale-if-error=1", [
    "max-age=60, s-maxage=0, stale-while-revalidate=9999999999, stale-if-error=1",
  ]],
  ["*=private, must-revalidate, proxy-revalidate, no-transform, must-understand, immutable", [
    "private, must-revalidate, proxy-revalidate, no-transform, must-understand, immutable",
  ]],
  ["*=Public, Max-Age=1", ["Public, Max-Age=1"]],
];

for (const [text, values] of VALUES) {
  Deno.test(`parseCacheRules ${text}`, () => assertEquals(parseCacheRules(text).map(({ value }) => value), values));
}

const DIRECTIVES = "immutable, max-age, must-revalidate, must-understand, no-cache, no-store, no-transform, private, " +
  "proxy-revalidate, public, s-maxage, stale-if-error, stale-while-revalidate";

const FAULTS: readonly [rules: string, fault: string][] = [
  ["", "there is no rule"],
  [" ; ", "there is no rule"],
  ["no-store", '"no-store" is not of the form pattern=directives'],
  ["=no-store", '"=no-store" is not of the form pattern=directives'],
  ["img/*=no-store", "the pattern img/* must begin with a slash or a *"],
  ["/a//b=no-store", "the pattern /a//b has an empty segment, which no path has"],
  ["*.a*=no-store", "the pattern *.a* has more than one *"],
  ["*=", `"" is no directive of Cache-Control; there are ${DIRECTIVES}`],
  ["*=max-ag=3", `"max-ag" is no directive of Cache-Control; there are ${DIRECTIVES}`],
  ["*=constructor", `"constructor" is no directive of Cache-Control; there are ${DIRECTIVES}`],
  ["*=3600", `"3600" is no directive of Cache-Control; there are ${DIRECTIVES}`],
  ["*=public max-age=3", `"public max-age" is no directive of Cache-Control; there are ${DIRECTIVES}`],
  ["*=max-age", "max-age needs a number of seconds, as in max-age=3600"],
  ["*=max-age=", "max-age needs a number of seconds, as in max-age=3600"],
  ["*=max-age=1h", "max-age needs a number of seconds, as in max-age=3600"],
  ["*=max-age=-1", "max-age needs a number of seconds, as in max-age=3600"],
  ["*=max-age=12345678901", "max-age needs a number of seconds, as in max-age=3600"],
  ["*=no-store=1", "no-store takes no value"],
  ['*=private="set-cookie"', "private with field names is not supported"],
  ["*=no-store\r\nX-Evil: 1", `"no-store\\r\\nX-Evil: 1" is no directive of Cache-Control; there are ${DIRECTIVES}`],
  [
    "a=no-store; *=max-age=x, public=1; /ok=public",
    "the pattern a must begin with a slash or a *; " +
    "max-age needs a number of seconds, as in max-age=3600; public takes no value",
  ],
];

for (const [text, fault] of FAULTS) {
  Deno.test(`parseCacheRules refuses ${JSON.stringify(text)}`, () => {
    assertEquals(assertThrows(() => parseCacheRules(text), UsageError).message, `--cache: ${fault}`);
  });
}
