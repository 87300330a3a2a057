/** Types of `@std/cli/parse-args`, written by hand for the untyped npm module. */

/** The names in a list of aliases, which may be one name or several. */
type AliasNames<List> = List extends string ? List : List extends readonly (infer Name extends string)[] ? Name : never;

/** `Flag` and every name that `Aliases` ties to it, in either direction. */
type Synonyms<Flag extends string, Aliases> =
  | Flag
  | {
    [Name in keyof Aliases & string]: Flag extends Name | AliasNames<Aliases[Name]> ? Name | AliasNames<Aliases[Name]>
      : never;
  }[keyof Aliases & string];

/** The type of the default given for `Flag` under any of its names; `undefined` without one. */
type DefaultOf<Flag extends string, Aliases, Defaults> = Extract<Synonyms<Flag, Aliases>, keyof Defaults> extends never
  ? undefined
  : Defaults[Extract<Synonyms<Flag, Aliases>, keyof Defaults>];

/** A flag that was not given is `false`, unless it has a default. */
type BooleanFlags<Flags extends string, Aliases, Defaults> = {
  [Flag in Synonyms<Flags, Aliases>]: DefaultOf<Flag, Aliases, Defaults> extends undefined ? boolean
    : boolean | DefaultOf<Flag, Aliases, Defaults>;
};

/** A flag that was not given is absent, unless it has a default. */
type StringFlags<Flags extends string, Aliases, Defaults> =
  & {
    [
      Flag in Synonyms<Flags, Aliases> as DefaultOf<Flag, Aliases, Defaults> extends undefined ? Flag : never
    ]?: string;
  }
  & {
    [
      Flag in Synonyms<Flags, Aliases> as DefaultOf<Flag, Aliases, Defaults> extends undefined ? never : Flag
    ]: string | DefaultOf<Flag, Aliases, Defaults>;
  };

/** A flag that may be repeated is an array; when it was not given, an empty one if its type is known, else absent. */
type CollectedFlags<Flags extends string, Strings extends string, Booleans extends string, Aliases> =
  & { [Flag in Synonyms<Flags, Aliases> & Synonyms<Strings, Aliases>]: string[] }
  & { [Flag in Synonyms<Flags, Aliases> & Exclude<Synonyms<Booleans, Aliases>, Synonyms<Strings, Aliases>>]: boolean[] }
  & { [Flag in Exclude<Synonyms<Flags, Aliases>, Synonyms<Strings | Booleans, Aliases>>]?: unknown[] };

/** What {@linkcode parseArgs} returns: the positional arguments, the flags named in the options, and any other flag as `unknown`. */
export type Args<
  Booleans extends string = never,
  Strings extends string = never,
  Collected extends string = never,
  Defaults extends object = Record<never, never>,
  Aliases extends object = Record<never, never>,
  DoubleDash extends boolean | undefined = undefined,
> =
  & {
    /** Positional arguments. One that looks like a number is a number, unless `string` lists `"_"`. */
    _: (string | number)[];
    [flag: string]: unknown;
  }
  & BooleanFlags<Exclude<Booleans, Synonyms<Collected, Aliases>>, Aliases, Defaults>
  & StringFlags<Exclude<Strings, Synonyms<Collected, Aliases> | "_">, Aliases, Defaults>
  & CollectedFlags<Collected, Strings, Booleans, Aliases>
  & (DoubleDash extends true ? { /** The arguments after `--`. */ "--": string[] } : Record<never, never>);

/** Options of {@linkcode parseArgs}. */
export interface ParseOptions<
  Booleans extends string = string,
  Strings extends string = string,
  Collected extends string = string,
  Defaults extends object = object,
  Aliases extends object = object,
  DoubleDash extends boolean | undefined = boolean | undefined,
> {
  /** Put the arguments after `--` in `result["--"]` instead of `result._`. @default {false} */
  readonly "--"?: DoubleDash;
  /** Further names of flags. */
  readonly alias?: Aliases & Readonly<Record<string, string | readonly string[]>>;
  /** Flags that take no value; `true` treats every flag without `=` so. @default {false} */
  readonly boolean?: boolean | Booleans | readonly Booleans[];
  /** Flags that may be repeated; their values are collected in an array. */
  readonly collect?: Collected | readonly Collected[];
  /** Values of flags that are not given. */
  readonly default?: Defaults;
  /** Flags that `--no-name` sets to `false`. */
  readonly negatable?: string | readonly string[];
  /** Take everything after the first positional argument as positional. @default {false} */
  readonly stopEarly?: boolean;
  /** Flags whose value stays a string, also when it looks like a number. */
  readonly string?: Strings | readonly Strings[];
  /**
   * Called for each argument that the options do not name; returning `false` leaves it out of the result.
   * A positional argument comes without `key` and `value`.
   */
  readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/**
 * Parses command line arguments into flags and positional arguments.
 *
 * @param args The arguments, usually `Deno.args`.
 * @param options Which flags exist, and what they take.
 * @returns The flags by name; positional arguments in `_`.
 */
export function parseArgs<
  Booleans extends string = never,
  Strings extends string = never,
  Collected extends string = never,
  Defaults extends object = Record<never, never>,
  const Aliases extends object = Record<never, never>,
  const DoubleDash extends boolean | undefined = undefined,
>(
  args: readonly string[],
  options?: ParseOptions<Booleans, Strings, Collected, Defaults, Aliases, DoubleDash>,
): Args<Booleans, Strings, Collected, Defaults, Aliases, DoubleDash>;
