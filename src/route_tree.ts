/**
 * Path patterns by method, and the search among many of them.
 *
 * A pattern means what it means to `new URLPattern({ pathname })` (URL Pattern standard), and captures the same. Whole
 * segments that are text or `:name`, and `*` at the end, are searched as a tree: a step per segment of the path, however
 * many patterns there are. A pattern with anything else in it hangs, as a real `URLPattern`, at the node where that
 * begins, so that only patterns with the same segments in front are tried.
 *
 * The order in which patterns are added does not matter. They are compared by segments, from the left, and where two
 * differ in kind, the one that says more comes first:
 *
 *     1. text                                              /users/me
 *     2. a name with text or an expression beside it       /users/:id(\\d+)  /users/:file.json
 *     3. a name                                            /users/:id
 *     4. what may be missing or take several segments      /users/:id?  /users/*.json  /users/:path+
 *     5. `*` at the end                                    /users/*
 *
 * From a segment of kind 2 or 4 on the longer pattern comes first, names not counted, then the one that sorts first. A
 * pattern that does not have the method of the request is passed over.
 *
 * @module
 */

/** Methods of RFC 9110 section 9.3 that a `Request` can have, and PATCH (RFC 5789). */
export const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/** A method that a route can be for. */
export type Method = typeof METHODS[number];

/** What the groups of a pattern captured, by name or number: percent-encoded, and without a prototype. */
export type Groups = Readonly<Record<string, string | undefined>>;

/** A value whose pattern matches a path. */
export interface RouteMatch<Value> {
  /** The value. */
  readonly value: Value;
  /** What its pattern captured. */
  readonly groups: Groups;
}

/** What one pattern has for one method. */
interface Entry<Value> {
  /** The pattern as it was written. */
  readonly path: string;
  readonly value: Value;
  /** What the captured segments are called. */
  readonly names: readonly string[];
  /** What matches the whole path, where the tree alone cannot tell. */
  readonly pattern: URLPattern | undefined;
}

/** The entries of patterns that match the same paths, by method; `undefined` stands for any. */
type Entries<Value> = Map<Method | undefined, Entry<Value>>;

/** Patterns that begin with the same segments. What no pattern needs is not made: there may be thousands of nodes. */
interface Node<Value> {
  /** Those that go on with text. */
  texts?: Map<string, Node<Value>>;
  /** Those that go on with a name. */
  name?: Node<Value>;
  /** Those that end here. */
  end?: Entries<Value>;
  /** Those that end with a `*`. */
  wildcard?: Entries<Value>;
  /** Those that go on with a segment of kind 2, in order of precedence, by their text without names. */
  mixed?: Map<string, Entries<Value>>;
  /** Those that go on with one of kind 4. */
  spanning?: Map<string, Entries<Value>>;
}

/** A pattern, cut where it goes on with something that the tree has no step for. */
interface ParsedPattern {
  /** The steps: text, or `undefined` for a name. */
  readonly steps: readonly (string | undefined)[];
  /** What the steps and the `*` are called. */
  readonly names: readonly string[];
  /** How it goes on. */
  readonly rest: "end" | "wildcard" | "mixed" | "spanning";
}

/** What a request asks for, and the segments that were captured on the way to a node. */
interface Search {
  readonly method: string;
  readonly path: string;
  readonly captured: string[];
}

/** A pattern whose text a URL parser leaves as it is (URL standard, section "Path state"): most are, and parse fast. */
const CANONICAL = /^(?:\/(?!(?:\.|%2e){1,2}(?:\/|$))[\w.~!$&'@,;=%:*-]*)+$/i;

/** A segment without syntax. */
const TEXT = /^(?:[^\\:*?+(){}]|\\.)*$/u;

/** A name, as the URL Pattern standard has it ("is a valid name code point"). */
const NAME = /:([\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*)/u;
const NAME_ALONE = new RegExp(`^${NAME.source}$`, "u");
const NAMES = new RegExp(NAME.source, "gu");

/** An expression; of the parentheses in it, those that have no others. */
const EXPRESSION = /\((?:\\.|[^()\\]|\((?:\\.|[^()\\])*\))*\)/gu;

/** An expression for anything, slashes too. */
const ANYTHING = /\(\.[*+]\)/g;

/** A modifier, or a group with a slash in it. */
const SPANNING = /[*?+]|\{[^}]*$/;

/** Patterns by method, each with a value. */
export class RouteTree<Value> {
  readonly #root: Node<Value> = {};

  /**
   * Adds a pattern.
   *
   * @param method The method that it is for; `undefined` for each that has no value of its own.
   * @param path The pattern.
   * @param value What the search finds.
   * @throws {TypeError} Where it is no pattern, or one that matches the same paths has a value for the method already.
   */
  add(method: Method | undefined, path: string, value: Value): void {
    let parsed = parseSteps(path);
    let pattern: URLPattern | undefined;
    let text = path;
    if (!CANONICAL.test(path) || parsed.rest === "mixed" || parsed.rest === "spanning" || hasTwice(parsed.names)) {
      pattern = new URLPattern({ pathname: path });
      text = pattern.pathname;
      parsed = parseSteps(text);
    }
    let node = this.#root;
    for (const step of parsed.steps) node = descend(node, step);
    const entries = enter(node, parsed.rest, text.replace(NAMES, ":"));
    const taken = entries.get(method);
    if (taken !== undefined) throw new TypeError(`"${taken.path}" matches the same paths`);
    const isDecided = parsed.rest === "end" || parsed.rest === "wildcard";
    entries.set(method, { path, value, names: parsed.names, pattern: isDecided ? undefined : pattern });
  }

  /**
   * Finds the first pattern in the order of precedence that matches and has a value for the method, or for any. HEAD
   * takes that of GET where it has none of its own (RFC 9110 section 9.3.2).
   *
   * @param method The method of the request.
   * @param path The path of a URL, as a URL parser leaves it.
   * @returns The value and what was captured, or `undefined`.
   */
  find(method: string, path: string): RouteMatch<Value> | undefined {
    return findBelow(this.#root, 1, { method, path, captured: [] });
  }

  /**
   * Finds what there is for a path by any method that was added.
   *
   * @param path The path of a URL, as a URL parser leaves it.
   * @returns The methods with what {@linkcode find} finds for them, in the order of {@linkcode METHODS}.
   */
  findAll(path: string): Map<Method, RouteMatch<Value>> {
    const found = new Map<Method, RouteMatch<Value>>();
    for (const method of METHODS) {
      const match = this.find(method, path);
      if (match !== undefined) found.set(method, match);
    }
    return found;
  }
}

/** Cuts a pattern into steps, up to the first segment that is none. */
function parseSteps(path: string): ParsedPattern {
  const steps: (string | undefined)[] = [];
  const names: string[] = [];
  const [front, ...segments] = path.split("/");
  // As in `{/a/b}?/c`.
  if (front !== "") return { steps, names, rest: "spanning" };
  for (const [index, segment] of segments.entries()) {
    const name = NAME_ALONE.exec(segment)?.[1];
    if (name !== undefined) {
      names.push(name);
      steps.push(undefined);
    } else if (TEXT.test(segment)) {
      steps.push(segment.replace(/\\(.)/gu, "$1"));
    } else if (segment === "*" && index === segments.length - 1) {
      return { steps, names: [...names, "0"], rest: "wildcard" };
    } else {
      return { steps, names, rest: isSpanning(segment) ? "spanning" : "mixed" };
    }
  }
  return { steps, names, rest: "end" };
}

function isSpanning(segment: string): boolean {
  return SPANNING.test(segment.replace(ANYTHING, "*").replace(EXPRESSION, "").replace(/\\./gu, ""));
}

function hasTwice(names: readonly string[]): boolean {
  return new Set(names).size < names.length;
}

/** The node below another for one more step, made where it is missing. */
function descend<Value>(node: Node<Value>, step: string | undefined): Node<Value> {
  if (step === undefined) return node.name ??= {};
  node.texts ??= new Map();
  const below = node.texts.get(step) ?? {};
  node.texts.set(step, below);
  return below;
}

/** The entries for the patterns that go on in one way, made and put in order where they are missing. */
function enter<Value>(node: Node<Value>, rest: ParsedPattern["rest"], text: string): Entries<Value> {
  if (rest === "end" || rest === "wildcard") return node[rest] ??= new Map();
  const known = node[rest]?.get(text);
  if (known !== undefined) return known;
  const added: Entries<Value> = new Map();
  const all = [...node[rest] ?? [], [text, added] as const];
  node[rest] = new Map(all.sort(([a], [b]) => b.length - a.length || (a < b ? -1 : 1)));
  return added;
}

/** Finds among the patterns at a node; `start` is where the next segment begins, beyond the path where there is none. */
function findBelow<Value>(node: Node<Value>, start: number, search: Search): RouteMatch<Value> | undefined {
  const { path, captured } = search;
  if (start > path.length) {
    return findEntry(node.end, search) ?? findPattern(node.spanning, search);
  }
  const slash = path.indexOf("/", start);
  const end = slash < 0 ? path.length : slash;
  const segment = path.slice(start, end);
  const below = node.texts?.get(segment);
  let found = below && findBelow(below, end + 1, search);
  found ??= findPattern(node.mixed, search);
  if (found === undefined && node.name !== undefined && end > start) {
    captured.push(segment);
    found = findBelow(node.name, end + 1, search);
    captured.pop();
  }
  found ??= findPattern(node.spanning, search);
  if (found !== undefined || node.wildcard === undefined) return found;
  captured.push(path.slice(start));
  found = findEntry(node.wildcard, search);
  captured.pop();
  return found;
}

/** Finds among patterns that the tree cannot decide. */
function findPattern<Value>(
  patterns: ReadonlyMap<string, Entries<Value>> | undefined,
  search: Search,
): RouteMatch<Value> | undefined {
  if (patterns === undefined) return undefined;
  for (const entries of patterns.values()) {
    const found = findEntry(entries, search);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Takes what is for the method, if the path matches. */
function findEntry<Value>(entries: Entries<Value> | undefined, search: Search): RouteMatch<Value> | undefined {
  const entry = entries && selectEntry(entries, search.method);
  if (entry === undefined) return undefined;
  if (entry.pattern === undefined) return { value: entry.value, groups: nameGroups(entry.names, search.captured) };
  // A whole URL: this way the exec of Deno 2.9.6 takes a third of the time that it takes with an object.
  const groups = entry.pattern.exec(`http://localhost${search.path}`)?.pathname.groups;
  return groups && { value: entry.value, groups };
}

/** What is there for a method. */
function selectEntry<Value>(entries: Entries<Value>, method: string): Entry<Value> | undefined {
  // A method that no route can be for is no key of the map.
  const key = method as Method;
  return entries.get(key) ?? (method === "HEAD" ? entries.get("GET") : undefined) ?? entries.get(undefined);
}

function nameGroups(names: readonly string[], captured: readonly string[]): Groups {
  const groups: Record<string, string | undefined> = Object.create(null);
  for (let i = 0; i < names.length; i++) groups[names[i] ?? ""] = captured[i];
  return groups;
}
