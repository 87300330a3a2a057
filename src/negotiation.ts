/**
 * Which form of an answer a client prefers, RFC 9110 section 12: `Accept-Encoding` and `Accept` → a choice.
 *
 * What a client sent is a wish, never an error: an element that is not in the grammar counts as not sent, and where
 * nothing that exists is acceptable the field is disregarded, as RFC 9110 section 12.4.1 lets an origin server do.
 * Parameters of a media range other than `q` are not compared: no resource here has two forms that differ in them.
 *
 * Not the standard library's `negotiation`: it needs a `Headers` object, takes about 2 µs, decides between equals by
 * the client's order (`gzip, br` would never give br), and reads `q=2` and `Q=0` as acceptable.
 *
 * @module
 */

/** A content coding that files are stored or compressed in, RFC 9110 section 8.4.1, RFC 7932, RFC 8878. */
export type ContentCoding = "br" | "zstd" | "gzip";

/** The content codings, the one that the server prefers first: the smallest result for text. */
export const CONTENT_CODINGS: readonly ContentCoding[] = ["br", "zstd", "gzip"];

/** How much a client wants each coding: 0 is unacceptable; `identity` is 0 also where it is merely the last resort. */
type CodingWeights = Readonly<Record<ContentCoding | "identity", number>>;

/** Clients repeat themselves: a few values make up nearly all requests. */
const REMEMBERED_VALUES = 32;
const REMEMBERED_LENGTH = 128;
const remembered = new Map<string, CodingWeights>();

/**
 * Selects the content coding of a response, RFC 9110 section 12.5.3.
 *
 * No field means identity: every coding is acceptable then, but who can decode one says so. Where not even identity is
 * acceptable it is sent nevertheless: the alternative is 406, and a client that refuses everything is better served by
 * content it may still be able to read.
 *
 * @param acceptEncoding The value of `Accept-Encoding`; several lines joined with a comma.
 * @param available The codings that the representation exists in, the preferred one first.
 * @returns The available coding with the greatest weight, or `identity`, which must weigh more than any to be chosen.
 */
export function selectContentCoding(
  acceptEncoding: string | undefined,
  available: readonly ContentCoding[],
): ContentCoding | "identity" {
  if (acceptEncoding === undefined || acceptEncoding === "" || available.length === 0) return "identity";
  const weights = remembered.get(acceptEncoding) ?? parseAcceptEncoding(acceptEncoding);
  let selected: ContentCoding | undefined;
  for (const coding of available) {
    if (weights[coding] > (selected === undefined ? 0 : weights[selected])) selected = coding;
  }
  return selected === undefined || weights[selected] < weights.identity ? "identity" : selected;
}

/** Accept-Encoding = #( codings [ weight ] ), RFC 9110 section 12.5.3. */
function parseAcceptEncoding(value: string): CodingWeights {
  const listed = new Map<string, number>();
  for (const { item, weight, hasParameters } of parseWeightedList(value)) {
    if (!hasParameters) raise(listed, item === "x-gzip" ? "gzip" : item, weight);
  }
  const rest = listed.get("*") ?? 0;
  const weightOf = (coding: string) => listed.get(coding) ?? rest;
  const weights = {
    br: weightOf("br"),
    zstd: weightOf("zstd"),
    gzip: weightOf("gzip"),
    identity: weightOf("identity"),
  };
  if (value.length <= REMEMBERED_LENGTH) {
    if (remembered.size >= REMEMBERED_VALUES) remembered.clear();
    remembered.set(value, weights);
  }
  return weights;
}

/** The media types of the pages that the server itself makes, the one that wins between equals first. */
const PAGE_TYPES = { html: "text/html", json: "application/json", text: "text/plain" } as const;

/**
 * Selects the form of an error answer, RFC 9110 section 12.5.1.
 *
 * @param accept The value of `Accept`.
 * @returns What is wanted most; between equals what is named, HTML before JSON before text; text for a client that
 * names none of them, such as curl or an image element.
 */
export function selectErrorType(accept: string | undefined): "html" | "json" | "text" {
  return selectPageType(accept, ["html", "json", "text"], "text");
}

/**
 * Selects the form of a directory listing, RFC 9110 section 12.5.1.
 *
 * @param accept The value of `Accept`.
 * @returns JSON only where it is named and HTML is not wanted as much.
 */
export function selectListingType(accept: string | undefined): "html" | "json" {
  return selectPageType(accept, ["html", "json"], "html");
}

/**
 * Tells whether a request is a navigation: browsers name HTML when they open a page, and send only wildcards or other
 * types for what a page loads.
 *
 * @param accept The value of `Accept`.
 * @returns Whether `text/html` or `application/xhtml+xml` is named with a weight above 0.
 */
export function acceptsHtml(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  const html = parseWeightedList(accept).filter(({ item }) => item === "text/html" || item === "application/xhtml+xml");
  return html.some(({ weight }) => weight > 0);
}

function selectPageType<Name extends keyof typeof PAGE_TYPES>(
  accept: string | undefined,
  names: readonly Name[],
  usual: Name,
): Name {
  if (accept === undefined || accept === "*/*") return usual;
  const ranges = parseWeightedList(accept);
  const wishes = names.map((name) => ({ name, ...weighMediaType(ranges, PAGE_TYPES[name]) }));
  const greatest = Math.max(...wishes.map(({ weight }) => weight));
  const wanted = wishes.filter(({ weight }) => weight === greatest && weight > 0);
  const named = wanted.find(({ isNamed }) => isNamed);
  if (named !== undefined) return named.name;
  return wanted.length === 0 || wanted.some(({ name }) => name === usual) ? usual : wanted[0]?.name ?? usual;
}

/** The most specific media range that matches decides, RFC 9110 section 12.5.1. */
function weighMediaType(ranges: readonly WeightedItem[], type: string): { weight: number; isNamed: boolean } {
  const anySubtype = `${type.slice(0, type.indexOf("/"))}/*`;
  for (const range of [type, anySubtype, "*/*"]) {
    const matching = ranges.filter(({ item }) => item === range);
    const plain = matching.filter(({ hasParameters }) => !hasParameters);
    const decisive = plain.length > 0 ? plain : matching;
    if (decisive.length > 0) {
      return { weight: Math.max(...decisive.map(({ weight }) => weight)), isNamed: range === type };
    }
  }
  return { weight: 0, isNamed: false };
}

/** One element of a list in which each carries a weight. */
interface WeightedItem {
  /** The coding or media range, in lower case. */
  readonly item: string;
  /** The `q` parameter, 1 where there is none; RFC 9110 section 12.4.2. */
  readonly weight: number;
  /** Whether it has parameters besides `q`. */
  readonly hasParameters: boolean;
}

/** coding, or type "/" subtype with wildcards. */
const ITEM = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/;
/** weight = "q=" qvalue, RFC 9110 section 12.4.2; literals of ABNF match in any case. */
const WEIGHT = /^q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/i;

/** Elements that are not in the grammar are left out; so are empty ones (RFC 9110 section 5.6.1.2). */
function parseWeightedList(value: string): WeightedItem[] {
  const items: WeightedItem[] = [];
  for (const element of splitUnquoted(value, ",")) {
    const [item = "", ...parameters] = splitUnquoted(element, ";").map((part) => part.trim());
    const weights = parameters.filter((parameter) => /^q[\t ]*=/i.test(parameter));
    const weight = weights.length === 0 ? "1" : WEIGHT.exec(weights[0] ?? "")?.[1];
    if (weight === undefined || weights.length > 1 || !ITEM.test(item)) continue;
    const hasParameters = parameters.some((parameter) => parameter !== "" && parameter !== weights[0]);
    items.push({ item: item.toLowerCase(), weight: Number(weight), hasParameters });
  }
  return items;
}

/** Splits at a delimiter outside quoted strings, RFC 9110 section 5.6.4; an open quote reaches to the end. */
function splitUnquoted(value: string, delimiter: string): string[] {
  if (!value.includes('"')) return value.split(delimiter);
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < value.length; at++) {
    const character = value[at];
    if (character === "\\" && isQuoted) at++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === delimiter && !isQuoted) {
      parts.push(value.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(value.slice(start));
  return parts;
}

function raise(weights: Map<string, number>, item: string, weight: number): void {
  weights.set(item, Math.max(weight, weights.get(item) ?? 0));
}
