/** The view of `/month/YYYY-MM`. */

import type { Moon } from "./moon.ts";
import { addDays, moonOf } from "./moon.ts";
import { drawMoon } from "./picture.ts";
import type { View } from "./view.ts";
import { BASE } from "./view.ts";

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const NAME = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });

/**
 * The moons of a month.
 *
 * @param month The month, as in 2024-04.
 * @param today The day, as in 2024-04-08.
 */
export function month(month: string, today: string): View {
  const first = `${month}-01`;
  const weeks: string[] = [];
  const weekday = (new Date(first).getUTCDay() + 6) % 7;
  for (let monday = addDays(first, -weekday); monday < nextMonth(month); monday = addDays(monday, 7)) {
    const cells = WEEKDAYS.map((_, at) => {
      const day = addDays(monday, at);
      return day.startsWith(month) ? formatCell(moonOf(day), day === today) : "<td></td>";
    });
    weeks.push(`<tr>${cells.join("")}</tr>`);
  }
  const heads = WEEKDAYS.map((name) => `<th scope="col"><abbr title="${name}">${name.slice(0, 2)}</abbr></th>`);
  return {
    title: formatMonth(first),
    body: `<table><thead><tr>${heads.join("")}</tr></thead><tbody>${weeks.join("")}</tbody></table>
      <nav class="turn" aria-label="Months">${formatLink(addDays(first, -1), "prev")}
      ${formatLink(nextMonth(month), "next")}</nav>`,
  };
}

function formatCell(moon: Moon, isToday: boolean): string {
  // On a narrow screen only the first word of "First quarter" is seen.
  const [first, ...rest] = moon.phase.split(" ");
  const seen = moon.isMoment ? `<b aria-hidden="true">${first} <span>${rest.join(" ")}</span></b>` : "";
  return `<td${isToday ? ` aria-current="date"` : ""}><time datetime="${moon.day}">${Number(moon.day.slice(8))}</time>
    ${drawMoon(moon, { craters: false })}${seen}<span class="unseen">${moon.phase}, ${
    Math.round(100 * moon.lit)
  } % lit</span></td>`;
}

function formatLink(day: string, rel: "prev" | "next"): string {
  return `<a class="button" rel="${rel}" href="${BASE}month/${day.slice(0, 7)}">${formatMonth(day)}</a>`;
}

/** The first day after a month. */
function nextMonth(month: string): string {
  return `${addDays(`${month}-28`, 4).slice(0, 7)}-01`;
}

function formatMonth(day: string): string {
  return NAME.format(new Date(day));
}
