/**
 * The listing of a directory as a page, which works without JavaScript and loads nothing: style, script and pictures
 * are in it.
 *
 * Names are whatever somebody called a file. They are percent-encoded in references, escaped in text and attributes,
 * isolated from the direction of the text around them, and what cannot be seen in them is made visible. Rows are laid
 * out anew on a narrow screen, so the roles of the table are spelled out.
 *
 * @module
 */

import { escape } from "@std/html/entities";
import type { Listing, ListingEntry, ListingQuery, ListingSort } from "./listing.ts";
import { DEFAULT_QUERY, entryReference, formatTime, listingReference } from "./listing.ts";
import { selectMediaType } from "./media_type.ts";
import { UPLOAD_FORM, UPLOAD_SCRIPT, UPLOAD_STYLE } from "./upload_form.ts";

/** The style sheet of the page. */
export const STYLE: string = [
  ":root{color-scheme:light dark;--bg:#edf4f3;--raised:#f9fcfb;--ink:#10252c;--soft:#415a63;--line:#bfd2d3;--edge:#6b868c;",
  "--red:#ad2518;--olive:#5b6d2c;--river:#125873;--top:#14607c;--water:#0d4259;--deep:#092f41;",
  '--display:"Avenir Next",Avenir,"Nunito Sans",Corbel,"Segoe UI","Liberation Sans",Arial,sans-serif;',
  'font:1rem/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue","Liberation Sans",Arial,sans-serif;scroll-padding-top:3.5rem}',
  "@media(prefers-color-scheme:dark){:root{--bg:#0c171b;--raised:#13232a;--ink:#e3edeb;--soft:#a3b9bd;--line:#2b424a;",
  "--edge:#6f8c94;--red:#ff907c;--olive:#bccb7f;--river:#86c8df;--top:#0f4a61;--water:#0a3345;--deep:#07222f}}",
  "*{box-sizing:border-box}[hidden]{display:none!important}",
  "body{margin:0;background:var(--bg);color:var(--ink);overflow-wrap:anywhere}",
  ".wrap{max-width:76rem;margin:auto;padding-inline:clamp(1rem,4vw,3rem)}",
  "a{color:var(--red);text-underline-offset:.18em;text-decoration-thickness:.08em}",
  ":focus-visible{outline:3px solid var(--red);outline-offset:2px;border-radius:3px}",
  ".skip{position:absolute;left:-100vw;top:0;padding:.7rem 1rem;background:var(--raised);z-index:9}.skip:focus{left:0}",
  ".seen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}",
  // The water: where we are.
  "header{background:linear-gradient(var(--top),var(--water) 55%,var(--deep));color:#f1f9f8}",
  "header .wrap{display:grid;grid-template-columns:1fr auto;gap:0 1.5rem;align-items:end;padding-block:1.1rem .25rem}",
  "header a{color:inherit}header :focus-visible{outline-color:#ffd9a0}",
  "ol{list-style:none;display:flex;flex-wrap:wrap;gap:.1rem .5rem;margin:0 0 .3rem;padding:0;color:#bfdce3}",
  'li+li::before{content:"/";margin-right:.5rem}li a{display:inline-block;padding-block:.15rem}',
  "h1{grid-column:1;font:800 clamp(1.6rem,4.2vw,2.5rem)/1.15 var(--display);letter-spacing:-.025em;margin:0}",
  ".fish{grid-area:1/2/3/3;width:clamp(3.6rem,9vw,6rem);height:auto;align-self:center}",
  ".shore{display:block;width:100%;height:clamp(1.2rem,2.6vw,2.2rem);fill:var(--bg);margin-bottom:-1px}",
  // What there is.
  "main{padding-block:.4rem 3rem}",
  "form{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center}",
  "form p{margin:0 0 0 auto;color:var(--soft)}",
  "input,button{font:inherit;color:inherit;min-height:2.5rem;border:1.5px solid var(--edge);border-radius:.5rem;padding:.2rem .8rem;margin:0}",
  "input{flex:1 1 9rem;min-width:0;max-width:24rem;background:var(--raised)}input::placeholder{color:var(--soft);opacity:1}",
  "button{background:none;font-weight:600;cursor:pointer}button:hover{background:var(--ink);border-color:var(--ink);color:var(--bg)}",
  "table{width:100%;border-collapse:collapse;margin-top:.75rem}",
  "th,td{padding:0;text-align:left;font-weight:400;border-bottom:1px solid var(--line)}",
  "thead th{position:sticky;top:0;background:var(--bg);color:var(--soft);font-size:.9rem;z-index:1;border-bottom:2px solid var(--ink)}",
  "thead th>*{display:inline-block;padding:.45rem .6rem;color:inherit;white-space:nowrap;text-decoration:none}thead a:hover{text-decoration:underline}",
  '[aria-sort] a{color:var(--ink);font-weight:700}[aria-sort] a::after{content:"";display:inline-block;margin-left:.45em;vertical-align:.12em;border:.3em solid transparent;border-top:0;border-bottom:.42em solid var(--red)}',
  "[aria-sort=descending] a::after{transform:rotate(180deg)}",
  "thead th:nth-child(2),td:nth-child(2){text-align:right}",
  "td{color:var(--soft);font-size:.94rem;font-variant-numeric:tabular-nums;white-space:nowrap;padding:.4rem .6rem;width:1%}",
  "tbody a{display:flex;gap:.7rem;align-items:start;padding:.4rem .6rem;color:var(--ink);text-decoration:none}",
  "tbody a:hover bdi{text-decoration:underline;text-decoration-color:var(--red)}tbody tr:hover{background:var(--raised)}",
  "tbody a:focus-visible{outline-offset:-3px}bdi{white-space:pre-wrap}",
  "tbody svg{flex:none;width:1.35rem;height:1.35rem;margin-top:.08rem;fill:none;stroke:var(--river);stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round}",
  "tbody .d{stroke:var(--red);fill:var(--red);fill-opacity:.16}tbody .i,tbody .m{stroke:var(--olive)}",
  ".none,.note{margin:1rem 0;padding:1.1rem 1.2rem;border-left:3px solid var(--red);background:var(--raised)}",
  ".none b{font:800 1.3rem/1.3 var(--display);display:block}.note{padding:.6rem 1rem;border-color:var(--olive)}",
  ".pages{display:flex;flex-wrap:wrap;gap:.5rem 1.2rem;justify-content:center;align-items:center;margin-top:1.25rem}",
  ".pages a{padding:.5rem .3rem;font-weight:600}",
  "@media(max-width:40rem){form p{margin-left:0;flex-basis:100%}thead{display:block}thead tr{display:flex;border-bottom:2px solid var(--ink)}",
  "thead th{position:static;border:0}thead th:last-child{margin-left:auto}thead th span span{display:none}thead th>*{padding-inline:.2rem .5rem}",
  "table,tbody{display:block}tbody tr{display:flex;flex-wrap:wrap;gap:0 .75rem;border-bottom:1px solid var(--line);padding-bottom:.35rem}",
  "tbody th{flex:1 0 100%;border:0}tbody a{padding:.45rem .2rem .1rem}td{border:0;padding:0;width:auto;font-size:.88rem}",
  "td:nth-child(2){padding-left:2.25rem}td:nth-child(2):empty{padding-left:1.5rem}}",
  "@media(prefers-reduced-motion:no-preference){.fish{animation:hold 7s ease-in-out infinite}@keyframes hold{50%{transform:translateX(-3%) rotate(1deg)}}}",
  "@media print{header{background:none;color:#000}header a,ol{color:#000}.shore,.fish,form,.pages{display:none}thead th{position:static}}",
].join("");

/** The script of the page: searches while one types, moves with the arrow keys, shows times of the reader's zone. */
export const SCRIPT = `(() => {
const field = document.querySelector("[type=search]");
if (!field) return;
const status = document.querySelector("[role=status]");
const table = document.querySelector("table");
const rows = [...document.querySelectorAll("tbody tr")];
const links = rows.map((row) => row.querySelector("a"));
const fold = (text) => text.normalize("NFKD").replace(/\\p{M}+/gu, "").toLowerCase();
const names = rows.map((row) => fold(row.querySelector("bdi").textContent));
const initial = [fold(field.value.trim()), status.textContent];
if (table) {
  const isWhole = table.hasAttribute("data-whole");
  const filter = () => {
    const text = fold(field.value.trim());
    const isNarrower = text.includes(initial[0]);
    let count = 0;
    rows.forEach((row, i) => count += !(row.hidden = isNarrower && !names[i].includes(text)));
    status.textContent = text === initial[0] ? initial[1]
      : (isNarrower ? count + " of " + rows.length + " shown. " : "") + (isWhole ? "" : "Enter searches the folder.");
  };
  field.addEventListener("input", filter);
  if (field.value.trim() !== field.defaultValue.trim()) filter();
}
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  const active = document.activeElement;
  if (event.key === "/" && active !== field) {
    event.preventDefault();
    return field.select();
  }
  const shown = links.filter((link, i) => !rows[i].hidden);
  const at = shown.indexOf(active);
  if (at < 0 && active !== field) return;
  const keys = { ArrowDown: at + 1, ArrowUp: at - 1, ...(at >= 0 && { Home: 0, End: shown.length - 1 }) };
  if (!Object.hasOwn(keys, event.key)) return;
  const to = keys[event.key] < 0 ? at < 0 ? undefined : field : shown[keys[event.key]];
  if (to === undefined) return;
  event.preventDefault();
  to.focus();
});
const two = (number) => String(number).padStart(2, "0");
for (const time of document.querySelectorAll("time")) {
  const d = new Date(time.dateTime);
  const day = d.getFullYear() + "-" + two(d.getMonth() + 1) + "-" + two(d.getDate());
  time.textContent = day + " " + two(d.getHours()) + ":" + two(d.getMinutes());
}
document.querySelector("#zone")?.remove();
})();
`;

/** Nothing takes effect but the style and the script above; their digests are kept true by a test. */
export const POLICY: string =
  "default-src 'none'; style-src 'sha256-F3+oa4HFl56PmSqqvljDDoMJzAW3VfNVwWEmQKhVxu8='; script-src 'sha256-ito3Urcggz4DGXwh8IVOs0Vj6ovyb31lRnxskieP1mc='; img-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** The policy of a page with the form for uploads: its style and script too, and requests to this server. */
export const UPLOAD_POLICY: string = POLICY
  .replace("; script-src ", " 'sha256-Li2MtKbC5ac287AvtDRwtKa0UTwknpnyIS8v97nteYs='; script-src ")
  .replace("; img-src ", " 'sha256-p4PgQMJczQw8howugHHLMlg8lx3p2GpA2ogc6MlQxN8='; connect-src 'self'; img-src ");

/** One folder on the way to the one that is listed. */
export interface Crumb {
  /** Its name; empty for the root. */
  readonly name: string;
  /** A relative reference to it. */
  readonly href: string;
}

/**
 * Finds the folders on the way to the one that is listed. The references are relative to the path as it was sent, so
 * they hold behind a proxy that took away a prefix, and with empty segments.
 *
 * @param path The path as sent, with a final slash; every segment can be decoded.
 * @returns The root first, the listed folder last.
 */
export function parseCrumbs(path: string): Crumb[] {
  const segments = path.split("/").slice(0, -1);
  return segments.flatMap((segment, at) => {
    const href = "../".repeat(segments.length - 1 - at) || "./";
    if (at > 0 && (segment === "" || segment === ".")) return [];
    return [{ name: decodeURIComponent(segment), href }];
  });
}

/** What a page offers beside the listing. */
export interface ListingPageOptions {
  /**
   * Whether the folder can be fetched as an archive.
   *
   * @default {false}
   */
  readonly isArchiving?: boolean;
  /**
   * Whether files can be added to the folder.
   *
   * @default {false}
   */
  readonly isUploading?: boolean;
}

/** Where the archive of a folder is, seen from its listing. */
const ARCHIVE_REFERENCE = "./?archive=zip";

/**
 * Formats a listing as a page.
 *
 * @param listing The listing.
 * @param crumbs The folders on the way to it, itself the last.
 * @param options What else it offers.
 * @returns The text of an HTML document.
 */
export function formatListingPage(
  listing: Listing,
  crumbs: readonly Crumb[],
  { isArchiving = false, isUploading = false }: ListingPageOptions = {},
): string {
  const name = crumbs.at(-1)?.name ?? "";
  const title = name === "" ? "Files" : formatName(name);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="theme-color" content="#14607c" media="(prefers-color-scheme:light)">
<meta name="theme-color" content="#0f4a61" media="(prefers-color-scheme:dark)">
<title>${title}${listing.search === "" ? "" : ` – ${escape(showInvisible(listing.search))}`}</title>
<style>${STYLE}</style>${isUploading ? `\n<style>${UPLOAD_STYLE}</style>` : ""}
</head>
<body>
${SYMBOLS}
<a class="skip" href="#list">Skip to the list</a>
<header>
<div class="wrap">
${formatCrumbs(crumbs)}<h1><bdi>${title}</bdi></h1>
${FISH}
</div>
${SHORE}
</header>
<main class="wrap" id="list" tabindex="-1">
${formatSearch(listing, isArchiving)}${isUploading ? `\n${UPLOAD_FORM}` : ""}
${formatOmission(listing)}${listing.entries.length === 0 ? formatNothing(listing) : formatTable(listing, title)}
${listing.pages > 1 ? formatPages(listing) : ""}</main>
<script>${SCRIPT}</script>${isUploading ? `\n<script>${UPLOAD_SCRIPT}</script>` : ""}
</body>
</html>
`;
}

function formatCrumbs(crumbs: readonly Crumb[]): string {
  if (crumbs.length < 2) return "";
  const items = crumbs.slice(0, -1).map(({ name, href }) =>
    `<li><a href="${href}"><bdi>${name === "" ? "Files" : formatName(name)}</bdi></a></li>`
  );
  return `<nav aria-label="Folders above"><ol>${items.join("")}</ol></nav>\n`;
}

const FIELD = `placeholder="Name" maxlength="255" autocomplete="off" spellcheck="false"`;

function formatSearch({ sort, order, search, total }: Listing, isArchiving: boolean): string {
  if (total === 0 && search === "") return "";
  const kept = [["sort", sort, DEFAULT_QUERY.sort], ["order", order, DEFAULT_QUERY.order]] as const;
  const hidden = kept.filter(([, value, usual]) => value !== usual)
    .map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`);
  const all = `<a href="${escape(listingReference({ sort, order, page: 1, search: "" }))}">show all</a>`;
  const value = escape(search);
  const archive = `<a href="${ARCHIVE_REFERENCE}" download>Download as zip</a>`;
  const found = search === "" ? countEntries(total) : `${groupDigits(total)} found`;
  return `<form role="search" action="./">${hidden.join("")}
<label class="seen" for="q">Search for a name</label>
<input type="search" id="q" name="search" value="${value}" ${FIELD}>
<button>Search</button>
<p><span role="status">${found}</span>${search === "" ? "" : ` · ${all}`}${isArchiving ? ` · ${archive}` : ""}</p>
</form>`;
}

function formatOmission({ omitted }: Listing): string {
  if (omitted === 0) return "";
  return `<p class="note">This folder is too large to list it all: ${
    groupDigits(omitted)
  } more, behind these by name, ` +
    `are neither listed nor searched.</p>\n`;
}

function formatNothing({ search }: Listing): string {
  if (search === "") return `<p class="none"><b>This folder is empty.</b></p>`;
  return `<p class="none"><b>Nothing found.</b>No name here contains “<bdi>${
    escape(showInvisible(search))
  }</bdi>”.</p>`;
}

const COLUMNS: readonly { readonly sort: ListingSort; readonly label: string; readonly first: "asc" | "desc" }[] = [
  { sort: "name", label: "Name", first: "asc" },
  { sort: "size", label: "Size", first: "desc" },
  { sort: "time", label: `Modified<span id="zone"> (UTC)</span>`, first: "desc" },
];

function formatTable(listing: Listing, title: string): string {
  const { entries, sort, order, pages, page, search, isSortable } = listing;
  const heads = COLUMNS.map((column) => formatHead(column, listing));
  const isWhole = pages === 1 && search === "";
  const direction = order === "asc" ? "ascending" : "descending";
  const part = pages === 1 ? "" : `, page ${page} of ${pages}`;
  const note = isSortable
    ? ""
    : `<p class="note">Too many for sorting by size or time. A search that finds fewer can be sorted.</p>\n`;
  return `${note}<table role="table"${isWhole ? " data-whole" : ""}>
<caption class="seen">Contents of <bdi>${title}</bdi> by ${sort}, ${direction}${part}</caption>
<thead role="rowgroup"><tr role="row">${heads.join("")}</tr></thead>
<tbody role="rowgroup">
${entries.map(formatRow).join("")}</tbody>
</table>`;
}

function formatHead({ sort, label, first }: typeof COLUMNS[number], listing: Listing): string {
  if (sort !== "name" && !listing.isSortable) {
    return `<th role="columnheader" scope="col"><span>${label}</span></th>`;
  }
  const isSorted = listing.sort === sort;
  const query: ListingQuery = {
    sort,
    order: isSorted ? listing.order === "asc" ? "desc" : "asc" : first,
    page: 1,
    search: listing.search,
  };
  const state = isSorted ? ` aria-sort="${listing.order === "asc" ? "ascending" : "descending"}"` : "";
  const link = `<a href="${escape(listingReference(query))}">${label}</a>`;
  return `<th role="columnheader" scope="col"${state}>${link}</th>`;
}

function formatRow(entry: ListingEntry): string {
  const icon = selectIcon(entry);
  const slash = entry.type === "directory" ? "/" : "";
  return `<tr role="row"><th role="rowheader" scope="row"><a href="${escape(entryReference(entry))}">` +
    `<svg class="${icon}" aria-hidden="true"><use href="#${icon}"/></svg>` +
    `<span><bdi>${formatName(entry.name)}</bdi>${slash}</span></a></th>` +
    `<td role="cell">${formatSizeData(entry.size)}</td><td role="cell">${formatTimeData(entry.modifiedMs)}</td></tr>\n`;
}

function formatSizeData(size: number | undefined): string {
  if (size === undefined) return "";
  const title = size < 1000 ? "" : ` title="${groupDigits(size)} bytes"`;
  return `<data value="${size}"${title}>${formatSize(size)}</data>`;
}

function formatTimeData(ms: number | undefined): string {
  const time = formatTime(ms);
  if (time === undefined) return "";
  return `<time datetime="${time}">${time.replace("T", " ").replace(/:[0-9]{2}Z$/, "")}</time>`;
}

function formatPages(listing: Listing): string {
  const { page, pages } = listing;
  const link = (to: number, label: string) =>
    to < 1 || to > pages ? "" : `<a href="${escape(listingReference({ ...listing, page: to }))}">${label}</a>`;
  return `<nav class="pages" aria-label="Pages">${page > 2 ? link(1, "First") : ""}${link(page - 1, "Previous")}` +
    `<span>Page ${groupDigits(page)} of ${groupDigits(pages)}</span>${link(page + 1, "Next")}` +
    `${page < pages - 1 ? link(pages, "Last") : ""}</nav>\n`;
}

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

/**
 * Formats a size so that it can be read at a glance: two or three digits and a decimal unit.
 *
 * @param size The size in bytes.
 */
export function formatSize(size: number): string {
  let value = size;
  let unit = 0;
  while (unit < UNITS.length - 1 && value >= (unit === 0 ? 1000 : 999.5)) {
    value /= 1000;
    unit++;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

function groupDigits(number: number): string {
  return String(number).replace(/\B(?=([0-9]{3})+$)/g, ",");
}

function countEntries(total: number): string {
  return total === 1 ? "1 entry" : `${groupDigits(total)} entries`;
}

function formatName(name: string): string {
  return escape(showInvisible(name));
}

/** Letters, numbers, punctuation or symbols: something to see. */
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;
/** Controls, and what turns the direction of text around: `photo\u202Egpj.exe` would look like a picture. */
const MISLEADING = /[\p{Cc}\p{Bidi_Control}\u200b\u2028\u2029\ufeff]/gu;

/** A link without visible text could not be found, and a name must not look like another one. */
function showInvisible(name: string): string {
  const text = name.toWellFormed();
  return text.replace(VISIBLE.test(text) ? MISLEADING : /./gsu, formatCodePoint);
}

function formatCodePoint(character: string): string {
  return `[U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}]`;
}

/** The pictures: folder, file, text, image, media, archive. */
type Icon = "d" | "f" | "t" | "i" | "m" | "z";

const ARCHIVE = /zip|tar|compressed|rar|7z|xz|zstd/;
const TEXT = /^text\/|json|xml|javascript|yaml|toml|pdf|rtf|document/;

function selectIcon({ name, type }: ListingEntry): Icon {
  if (type === "directory") return "d";
  const mediaType = selectMediaType(name);
  if (mediaType.startsWith("image/")) return "i";
  if (/^(?:audio|video)\//.test(mediaType)) return "m";
  if (ARCHIVE.test(mediaType)) return "z";
  return TEXT.test(mediaType) ? "t" : "f";
}

const SHEET = "M6 3h8l4 4v14H6zM14 3v4h4";
const PICTURES: Readonly<Record<Icon, string>> = {
  d: "M3 6.5C3 5.7 3.7 5 4.5 5h5l2 2.5h8c.8 0 1.5.7 1.5 1.5v9c0 .8-.7 1.5-1.5 1.5h-15C3.7 19.5 3 18.8 3 18z",
  f: SHEET,
  t: `${SHEET}M9 11h6M9 14h6M9 17h4`,
  i: "M4 5h16v14H4zM4 16l4.5-5 4 4.5 2.5-2.5 5 5M15.5 9h.01",
  m: "M4 5h16v14H4zM10 9v6l5-3z",
  z: `${SHEET}M10 3v2M10 7v2M10 11v2M9 16h2v2H9z`,
};

const SYMBOLS = `<svg hidden>${
  Object.entries(PICTURES).map(([id, path]) => `<symbol id="${id}" viewBox="0 0 24 24"><path d="${path}"/></symbol>`)
    .join("")
}</svg>`;

const FISH = `<svg class="fish" viewBox="40 0 1110 492" width="111" height="49" aria-hidden="true">` +
  `<clipPath id="b"><path d="M52 268C76 226 150 192 246 164C300 146 352 70 456 68C566 70 690 134 800 180C870 206 925 222 972 230C996 236 1000 310 972 318C940 320 880 336 790 368C690 404 570 436 460 436C370 434 300 408 240 386C190 370 140 362 112 356C92 350 82 334 84 318C90 300 98 300 104 312C130 326 156 324 196 318C150 306 112 296 92 300C84 308 78 330 66 336C54 324 44 296 52 268Z"/></clipPath>` +
  `<path d="M962 226C1014 224 1070 188 1132 124C1150 140 1136 204 1112 272C1132 336 1146 392 1128 412C1072 360 1014 326 962 320Z" fill="#93a653"/>` +
  `<path d="M520 86C528 44 566 14 626 10C634 48 662 104 716 152ZM700 396C716 430 742 458 782 464C796 438 824 388 872 344Z" fill="#c43123"/>` +
  `<g clip-path="url(#b)"><path d="M0 0H1200V500H0Z" fill="#ec5a45"/><path d="M0 0H290C312 110 332 150 350 196C366 250 360 320 318 372C300 396 280 410 262 420L0 500Z" fill="#93a653"/></g>` +
  `<circle cx="176" cy="240" r="24" fill="#10160a"/></svg>`;

const SHORE = `<svg class="shore" viewBox="0 0 1200 60" preserveAspectRatio="none" aria-hidden="true">` +
  `<path d="M0 34C140 4 260 62 420 36S700 8 840 34 1080 58 1200 26V60H0Z"/></svg>`;
