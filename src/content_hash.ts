/**
 * File name → whether it carries a hash of the content, in a form that a known build tool writes.
 *
 * | form | written by |
 * |---|---|
 * | `app.3f9c2b1a.js`, 8, 10, 12, 16, 20, 32, 40 or 64 hexadecimal digits after `.` or `-` | webpack, Rspack, Parcel, Next.js, Gatsby, Docusaurus, Rails, Django, Phoenix, Hugo |
 * | `28de11c2f0c66bb10649.png`, nothing but 16, 20, 32, 40 or 64 hexadecimal digits | webpack assets, Next.js, Turbopack |
 * | `chunk-IFF3Q367.js`, 8 of A-Z and 2-7 after `-` | esbuild, Angular |
 * | `index-D-tfNpnx.js`, 8 to 10 of base64url after `-`, 8 after `.` | Rollup, Rolldown, Vite, VitePress |
 * | anything of these 8, in a folder that is theirs | SvelteKit, Astro, Nuxt |
 *
 * A mistaken yes is stale content for a year, a mistaken no is a conditional request. So what can be read as something
 * else is no hash, although it may be one: dates, numbers, UUIDs, words, and words and numbers written together.
 *
 * @module
 */

/** What build tools put between the hash and the extension, and the extensions themselves. */
const ENDING = /(?:\.(?:chunk|min|bundle|lean))*(?:\.[A-Za-z0-9]+)(?:(?<=\.(?:m?js|css))\.map)?$/;

const HEXADECIMAL = /(?:^|[.-])([0-9a-f]+)$/;
const HEXADECIMAL_LENGTHS: ReadonlySet<number> = new Set([8, 10, 12, 16, 20, 32, 40, 64]);
/** A name of nothing else: of this length it is not the number of an object (24 in MongoDB) or of a commit (7). */
const WHOLE_NAME_LENGTHS: ReadonlySet<number> = new Set([16, 20, 32, 40, 64]);
const NO_LENGTHS: ReadonlySet<number> = new Set();
const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
/** A UUID of version 1, 4 or 7 without its hyphens, RFC 9562 section 5. */
const PLAIN_UUID = /^[0-9a-f]{12}[147][0-9a-f]{3}[89ab][0-9a-f]{15}$/;
/** 1feb2024: the only months that are hexadecimal. */
const DAY = /^[0-9]{1,2}(?:feb|dec)[0-9]{2,4}$/;

const BASE32 = /^(.*)-([A-Z2-7]{8})$/;
/** Longer than 8 only behind a hyphen: Rollup adds digits where two chunks would have the same name. */
const BASE64URL = /(?:[.-](?=([A-Za-z0-9_-]{8})$)|-(?=([A-Za-z0-9_-]{9,10})$))/g;

/** What base64url is read as first: words, numbers, one letter with a number, one letter in front or behind. */
const WORDS = new RegExp(
  "^[a-z]?(?:[A-Z]?[a-z]{2,}|[A-Z]{2,}|[A-Za-z]?[0-9]+|[-_]|" +
    "(?:An|As|At|Be|By|Db|Do|Eq|Fd|Go|Id|If|In|Io|Is|It|Js|Me|My|No|Of|On|Or|Os|Pc|Rc|So|To|Ts|Tv|Ui|Up|Us|Vs|We))+[A-Z]?$",
);

/** Folders in which these tools put nothing without a hash. */
const TOOL_FOLDER = /\/(?:_app\/immutable|_astro|_nuxt)\//;
/** Astro adds a second hash for the size of a picture. */
const TOOL_NAME = /(?:^|[._-])[A-Za-z0-9_-]{8}(?:_[A-Za-z0-9]{5,7})?$/;

/** Files that Rollup, esbuild and their kin name: code and what code imports, not documents. */
const IMPORTED = /\.(?:m?js|css|wasm|woff2?|ttf|otf|eot|png|jpe?g|gif|webp|avif|svg|ico|mp[34]|webm|ogg)(?:\.map)?$/;

/**
 * Tells whether a file name carries a hash of the file's content.
 *
 * @param path The path of the file below the root.
 */
export function hasContentHash(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const stem = name.replace(ENDING, "");
  if (stem === name || UUID.test(stem)) return false;
  const isImported = IMPORTED.test(name);
  if (endsInHexadecimal(stem, isImported ? WHOLE_NAME_LENGTHS : NO_LENGTHS)) return true;
  if (!isImported) return false;
  return endsInBase32(stem) || endsInBase64Url(stem) || (TOOL_FOLDER.test(path) && TOOL_NAME.test(stem));
}

function endsInHexadecimal(stem: string, wholeNameLengths: ReadonlySet<number>): boolean {
  const digits = HEXADECIMAL.exec(stem)?.[1] ?? "";
  const lengths = digits === stem ? wholeNameLengths : HEXADECIMAL_LENGTHS;
  return lengths.has(digits.length) && changesOf(digits) >= 2 && !DAY.test(digits) && !PLAIN_UUID.test(digits);
}

function endsInBase32(stem: string): boolean {
  const [, front, hash = ""] = BASE32.exec(stem) ?? [];
  return front === "chunk" || changesOf(hash) >= 2;
}

function endsInBase64Url(stem: string): boolean {
  for (const [, usual, longer] of stem.matchAll(BASE64URL)) {
    const hash = usual ?? longer ?? "";
    if (/[a-z]/.test(hash) && /[A-Z]/.test(hash) && !WORDS.test(hash)) return true;
  }
  return false;
}

/** How often letters and digits take turns: not at all in a date or a word, once in `cafe2024`. */
function changesOf(text: string): number {
  return Math.max(0, (text.match(/[0-9]+|[^0-9]+/g)?.length ?? 0) - 1);
}
