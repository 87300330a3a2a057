/** The view of `/`. */

import { moonOf, nextDay } from "./moon.ts";
import { drawMoon } from "./picture.ts";
import type { View } from "./view.ts";
import { BASE, formatDay } from "./view.ts";

/**
 * The moon of today and what comes next.
 *
 * @param today The day, as in 2024-04-08.
 */
export function tonight(today: string): View {
  const moon = moonOf(today);
  const next = (["New moon", "Full moon"] as const).map((phase) => [nextDay(today, phase), phase] as const).toSorted();
  return {
    title: moon.phase,
    body: `<div class="tonight">${drawMoon(moon, { craters: true })}
      <div><p class="lead">${formatDay(today)}<br><strong>${
      Math.round(100 * moon.lit)
    } %</strong> of the disc is lit.</p>
      <dl>${
      next.map(([day, phase]) => `<dt>${phase}</dt><dd>${formatDay(day).replace(/^\w+ /, "")}</dd>`).join("")
    }</dl>
      <p><a class="button" href="${BASE}month/${today.slice(0, 7)}">The whole month</a></p></div></div>`,
  };
}
