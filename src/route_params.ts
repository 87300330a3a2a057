/**
 * The names in a path pattern as a type: `"/users/:id"` gives `{ readonly id: string }`.
 *
 * The pattern is read as `URLPattern` reads a pathname (URL Pattern standard, section "Parsing patterns"): what may be
 * missing (`:name?`, `:name*`, the names in `{...}?`) may be `undefined`, and a `*` or an expression without a name is
 * called by its number. A path that is not known when types are checked gives parameters of any name. Left out: names
 * that end at a character beyond ASCII, as `:name·`.
 *
 * @module
 */

/** The parameters that a request for a path has, percent-encoded as in its URL. */
export type Params<Path extends string> = string extends Path ? Readonly<Record<string, string | undefined>>
  : { readonly [Param in ParamsIn<Path> as Param[0]]: Param[1] };

/**
 * Reads a pattern character by character: the union of its names, each with the type of its value.
 *
 * `Done` is what is known, `Open` the names since the last brace, which may still turn out to be optional, `Unnamed` as
 * long as the number of groups without a name.
 */
export type ParamsIn<
  Text extends string,
  Done extends [string, unknown] = never,
  Open extends string = never,
  Unnamed extends unknown[] = [],
> = Text extends `\\${infer _}${infer Rest}` ? ParamsIn<Rest, Done, Open, Unnamed>
  : Text extends `:${infer Rest}`
    ? NameIn<Rest> extends [infer Name extends string, infer After extends string]
      ? ParamThen<AfterExpression<After>, Name, Done, Open, Unnamed>
    : never
  : Text extends `*${infer Rest}` ? ParamThen<Rest, `${Unnamed["length"]}`, Done, Open, [...Unnamed, unknown]>
  : Text extends `(${string}`
    ? ParamThen<AfterExpression<Text>, `${Unnamed["length"]}`, Done, Open, [...Unnamed, unknown]>
  : Text extends `{${infer Rest}` ? ParamsIn<Rest, Done | [Open, string], never, Unnamed>
  : Text extends `}${"?" | "*"}${infer Rest}` ? ParamsIn<Rest, Done | [Open, string | undefined], never, Unnamed>
  : Text extends `}${infer Rest}` ? ParamsIn<Rest, Done | [Open, string], never, Unnamed>
  : Text extends `${infer _}${infer Rest}` ? ParamsIn<Rest, Done, Open, Unnamed>
  : Done | [Open, string];

/** Adds a name, whose value may be `undefined` where the modifier behind it says so, and reads on. */
export type ParamThen<
  Text extends string,
  Name extends string,
  Done extends [string, unknown],
  Open extends string,
  Unnamed extends unknown[],
> = Text extends `${"?" | "*"}${infer Rest}` ? ParamsIn<Rest, Done | [Name, string | undefined], Open, Unnamed>
  : ParamsIn<Text, Done, Open | Name, Unnamed>;

/** Splits a text where the name at its beginning ends. */
export type NameIn<Text extends string, Name extends string = ""> = Text extends `${infer Character}${infer Rest}`
  ? Character extends Punctuation ? [Name, Text] : NameIn<Rest, `${Name}${Character}`>
  : [Name, ""];

/** The characters of ASCII that no name has, apart from controls. */
export type Punctuation =
  | (" " | "!" | '"' | "#" | "%" | "&" | "'" | "(" | ")" | "*" | "+" | "," | "-" | "." | "/" | ":" | ";" | "<" | "=")
  | (">" | "?" | "@" | "[" | "\\" | "]" | "^" | "`" | "{" | "|" | "}" | "~");

/** What is behind the expression in parentheses at the beginning of a text, where there is one. */
export type AfterExpression<Text extends string> = Text extends `(${infer Rest}` ? AfterParenthesis<Rest> : Text;

/** What is behind the parenthesis that closes; `Inner` is as long as the number of those open in between. */
export type AfterParenthesis<Text extends string, Inner extends unknown[] = []> = Text extends
  `\\${infer _}${infer Rest}` ? AfterParenthesis<Rest, Inner>
  : Text extends `(${infer Rest}` ? AfterParenthesis<Rest, [...Inner, unknown]>
  : Text extends `)${infer Rest}` ? Inner extends [unknown, ...infer Outer] ? AfterParenthesis<Rest, Outer> : Rest
  : Text extends `${infer _}${infer Rest}` ? AfterParenthesis<Rest, Inner>
  : "";
