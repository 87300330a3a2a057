/**
 * The router: the address decides what is shown, and a click on a link of the application changes both without asking
 * the server. The server is asked for an address only when it is opened or reloaded, and then gives `index.html`.
 */

import { month } from "./month.ts";
import { tonight } from "./tonight.ts";
import type { View } from "./view.ts";
import { BASE } from "./view.ts";

const ROUTES: readonly (readonly [pattern: RegExp, show: (today: string, part: string) => View | Promise<View>])[] = [
  [/^$/, tonight],
  [/^month\/([0-9]{4}-(?:0[1-9]|1[0-2]))$/, (today, part) => month(part, today)],
  [/^about$/, async () => (await import("./about.ts")).about()],
];

const NOWHERE: View = { title: "No moon here", body: "<p>There is nothing to see at this address.</p>" };

const nav = select("header nav");
const main = select("main");

function select(selector: string): HTMLElement {
  const element = document.querySelector<HTMLElement>(selector);
  if (element === null) throw new Error(`There is no ${selector} in index.html`);
  return element;
}

/** Shows what belongs to the address. */
async function show(): Promise<void> {
  const { href, pathname } = location;
  const today = new Date().toISOString().slice(0, 10);
  const path = pathname.startsWith(BASE) ? pathname.slice(BASE.length) : undefined;
  const [route, match] = findRoute(path);
  const view = route === undefined ? NOWHERE : await route(today, match?.[1] ?? "");
  if (location.href !== href) return; // somebody went on meanwhile
  nav.innerHTML = `<a class="name" href="${BASE}">Lunation</a>` + [
    link("", "Tonight", path),
    link(`month/${today.slice(0, 7)}`, "Month", path),
    link("about", "About", path),
  ].join("");
  main.innerHTML = `<h1 tabindex="-1"></h1>${view.body}`;
  select("h1").textContent = view.title;
  document.title = `${view.title} · Lunation`;
}

function findRoute(path: string | undefined): [typeof ROUTES[number][1], RegExpExecArray] | [] {
  for (const [pattern, route] of ROUTES) {
    const match = path === undefined ? null : pattern.exec(path);
    if (match !== null) return [route, match];
  }
  return [];
}

function link(to: string, text: string, path: string | undefined): string {
  return `<a href="${BASE}${to}"${to === path ? ` aria-current="page"` : ""}>${text}</a>`;
}

document.addEventListener("click", async (event) => {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (link === null || !isPlain || link.origin !== location.origin || !link.pathname.startsWith(BASE)) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  await show();
  scrollTo(0, 0);
  select("h1").focus({ preventScroll: true }); // tells a screen reader that there is something new
});
addEventListener("popstate", show);
await show();
