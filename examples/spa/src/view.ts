/** What the views give to the router. */

/** What is shown at an address. */
export interface View {
  /** The heading, which is also in the title of the window; text. */
  readonly title: string;
  /** The rest; HTML. */
  readonly body: string;
}

/** Under which path the application lives. */
export const BASE: string = import.meta.env.BASE_URL;

const LONG = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeZone: "UTC" });

/**
 * Formats a day, as in Monday 8 April 2024.
 *
 * @param day The day, as in 2024-04-08.
 */
export function formatDay(day: string): string {
  return LONG.format(new Date(day)).replace(",", "");
}
