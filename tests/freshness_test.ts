/**
 * A handler that has served a site for long, against one that has just been made: however files, folders and links change,
 * a second later both answer the same.
 */

import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { StaticHandler } from "../src/message.ts";
import { ask } from "./ask.ts";
import { testWith } from "./permissions.ts";
import { createRandom } from "./random.ts";
import type { SiteSettings } from "./site.ts";
import { FRESH_MS, Site } from "./site.ts";

const TEXT = "All work and no play makes Jack a dull boy. ".repeat(40);
const FILES = ["index.html", "page.html", "page.html.gz", "page.html.br", "style.css", "style", "large.bin"];
const FOLDERS = ["", "dir/", "dir/sub/", "link/", "other/"];
const TARGETS = FOLDERS.flatMap((folder) => [...FILES, "", "page", "style"].map((name) => `/${folder}${name}`));
const CODINGS = ["gzip, br", undefined];

/** Everything in the site has times of its own, in the past and never twice. */
class Walk {
  readonly site: Site;
  readonly #random: (below: number) => number;
  #stepMs = Date.parse("2020-01-01T00:00:00Z");

  constructor(site: Site, seed: number) {
    this.site = site;
    this.#random = createRandom(seed);
    for (const folder of ["dir/sub", "other"]) Deno.mkdirSync(site.path(folder), { recursive: true });
    site.link("link", "dir");
    site.write("../secret.txt", "secret");
    for (let i = 0; i < 20; i++) this.step();
  }

  /** Changes something; what cannot be done just now is left. Returns what it was. */
  step(): string {
    const file = this.#pick(FOLDERS) + this.#pick(FILES);
    const other = this.#pick(FOLDERS) + this.#pick(FILES);
    const change = this.#pick(Object.keys(CHANGES) as (keyof typeof CHANGES)[]);
    const before = new Set(walk(this.site.base));
    try {
      CHANGES[change](
        this.site,
        file,
        other,
        `${this.#stepMs} ${file} ${file.endsWith(".bin") ? TEXT.repeat(3) : TEXT}`,
      );
    } catch (error) {
      assert(error instanceof Error && ("code" in error || error instanceof TypeError), String(error));
    }
    this.#age(before);
    return `${change} ${file} ${other}`;
  }

  /** What was changed now was changed long ago, later than anything before. */
  #age(before: ReadonlySet<string>): void {
    const time = new Date(this.#stepMs += 10_000);
    for (const path of walk(this.site.base)) {
      const { mtime } = Deno.lstatSync(path);
      const isNew = !before.has(path) || Date.now() - (mtime?.getTime() ?? 0) < 3_600_000;
      if (isNew && !Deno.lstatSync(path).isSymlink) Deno.utimeSync(path, time, time);
    }
  }

  #pick<Item>(items: readonly Item[]): Item {
    const item = items[this.#random(items.length)];
    assert(item !== undefined);
    return item;
  }
}

/** Writing follows links, so none leads out of the temporary folder. */
const CHANGES = {
  write: (site: Site, file: string, _other: string, text: string) => Deno.writeTextFileSync(site.path(file), text),
  append: (site: Site, file: string) => Deno.writeTextFileSync(site.path(file), "more", { append: true }),
  exchange: (site: Site, file: string, _other: string, text: string) => {
    Deno.writeTextFileSync(site.path("../new"), text);
    Deno.renameSync(site.path("../new"), site.path(file));
  },
  rename: (site: Site, file: string, other: string) => Deno.renameSync(site.path(file), site.path(other)),
  remove: (site: Site, file: string) => Deno.removeSync(site.path(file)),
  chmod: (site: Site, file: string) => {
    const mode = (Deno.statSync(site.path(file)).mode ?? 0) & 0o777;
    Deno.chmodSync(site.path(file), mode === 0o644 ? 0o640 : 0o644);
  },
  link: (site: Site, file: string, other: string) => site.link(file, site.path(other)),
  linkOut: (site: Site, file: string) => site.link(file, site.path("../secret.txt")),
  relink: (site: Site, _file: string, other: string) => site.relink("link", other.startsWith("dir") ? "other" : "dir"),
  exchangeFolders: (site: Site) => {
    Deno.renameSync(site.path("dir"), site.path("../x"));
    Deno.renameSync(site.path("other"), site.path("dir"));
    Deno.renameSync(site.path("../x"), site.path("other"));
  },
  moveFolderOut: (site: Site) => {
    Deno.renameSync(site.path("dir"), site.path("../out"));
    site.link("dir", "../out");
  },
  moveFolderIn: (site: Site) => {
    Deno.removeSync(site.path("dir"));
    Deno.renameSync(site.path("../out"), site.path("dir"));
  },
  mkdir: (site: Site) => Deno.mkdirSync(site.path("dir/sub"), { recursive: true }),
};

/** All paths of a folder, and itself. */
function walk(path: string): string[] {
  const entries = [...Deno.readDirSync(path)].sort((a, b) => a.name < b.name ? -1 : 1);
  return [
    path,
    ...entries.flatMap(({ name, isDirectory }) => isDirectory ? walk(join(path, name)) : [join(path, name)]),
  ];
}

function answers(handler: StaticHandler): string[] {
  return TARGETS.flatMap((target) =>
    CODINGS.map((coding) => {
      const { status, fields, text } = ask(handler, target, { fields: coding ? [["Accept-Encoding", coding]] : [] });
      const { etag, location, "content-encoding": encoding } = fields;
      return [target, coding, status, etag, location, encoding, text?.slice(0, 80), text?.length].join(" ");
    })
  );
}

const SITES: readonly [name: string, settings: SiteSettings][] = [
  ["plain", {}],
  ["with clean URLs", { cleanUrls: true }],
  ["without links", { symlinks: "deny" }],
  ["following links", { symlinks: "follow" }],
];

for (const [name, settings] of SITES) {
  testWith(
    ["read", "write"],
    `staticHandler answers as one that has just been made, a second after a change: ${name}`,
    () => {
      using site = new Site(settings);
      const walk = new Walk(site, 1 + SITES.findIndex(([other]) => other === name));
      const changes: string[] = [];
      for (let step = 0; step < 40; step++) {
        answers(site.handler);
        changes.push(walk.step());
        site.clock.nowMs += FRESH_MS;
        assertEquals(
          answers(site.handler),
          answers(site.makeHandler()),
          `step ${step}: ${changes.slice(-3).join(", ")}`,
        );
      }
    },
  );
}
