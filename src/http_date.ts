/**
 * HTTP-date ↔ milliseconds since the epoch, RFC 9110 section 5.6.7.
 *
 * All three formats are read, as a recipient must, and only IMF-fixdate is written. Case, white space and `GMT` are as
 * in the grammar, and the date has to exist; anything else is `undefined`, since a field with such a value is ignored.
 * Only the day name need not be the right one: it adds nothing to the date, and recipients "are encouraged to be robust
 * in parsing timestamps".
 *
 * Not here: the clock. A year of two digits needs the present time, which is an argument.
 *
 * @module
 */

/** IMF-fixdate, 29 characters: `Sun, 06 Nov 1994 08:49:37 GMT`. */
const IMF_FIXDATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}:[0-9]{2}:[0-9]{2}) GMT$/;

/** asctime-date, 24 characters: `Sun Nov  6 08:49:37 1994`. */
const ASCTIME_DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z]{2}) ([0-9]{2}| [0-9]) ([0-9]{2}:[0-9]{2}:[0-9]{2}) ([0-9]{4})$/;

/** rfc850-date, 30 to 33 characters: `Sunday, 06-Nov-94 08:49:37 GMT`. */
const RFC850_DATE =
  /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, ([0-9]{2})-([A-Z][a-z]{2})-([0-9]{2}) ([0-9]{2}:[0-9]{2}:[0-9]{2}) GMT$/;

const MONTHS: readonly string[] = [
  ...["Jan", "Feb", "Mar", "Apr", "May", "Jun"],
  ...["Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
];

/** After this the Gregorian calendar repeats. `Date.UTC` takes the years below 100 for 19xx, so it is given later ones. */
const CYCLE_YEARS = 400;
const CYCLE_MS = 146_097 * 86_400_000;

/** How far ahead a year of two digits may lie. */
const AHEAD_YEARS = 50;

/**
 * Parses an HTTP-date in any of its three formats.
 *
 * @param text The field value.
 * @param nowMs The present time in milliseconds since the epoch; only a year of two digits depends on it.
 * @returns Milliseconds since the epoch, whole seconds, or `undefined` where the value is not an HTTP-date.
 */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  if (text.length === 29) {
    const [, day, month, year, time] = IMF_FIXDATE.exec(text) ?? [];
    return toMs(Number(year), month, day, time);
  }
  if (text.length === 24) {
    const [, month, day, time, year] = ASCTIME_DATE.exec(text) ?? [];
    return toMs(Number(year), month, day, time);
  }
  const [, day, month, year, time] = RFC850_DATE.exec(text) ?? [];
  if (year === undefined) return undefined;
  const latest = new Date(nowMs);
  latest.setUTCFullYear(latest.getUTCFullYear() + AHEAD_YEARS);
  const century = Math.floor(latest.getUTCFullYear() / 100) * 100;
  const ms = toMs(century + Number(year), month, day, time);
  return ms !== undefined && ms <= latest.getTime() ? ms : toMs(century - 100 + Number(year), month, day, time);
}

/**
 * Formats a time as IMF-fixdate, the one format that is sent.
 *
 * @param ms Milliseconds since the epoch, in the years 0 to 9999; a fraction of a second is cut off.
 */
export function formatHttpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

/** Puts the parts of a date together; one that does not exist, such as 31 February, is `undefined`. */
function toMs(year: number, month = "", day = "", time = ""): number | undefined {
  const monthIndex = MONTHS.indexOf(month);
  const second = toSecondOfDay(time);
  if (monthIndex < 0 || second === undefined) return undefined;
  const midnight = Date.UTC(year + CYCLE_YEARS, monthIndex, Number(day)) - CYCLE_MS;
  return new Date(midnight).getUTCDate() === Number(day) ? midnight + second * 1000 : undefined;
}

/** time-of-day: "00:00:00 - 23:59:60 (leap second)". A leap second has no number of its own; it is the next midnight. */
function toSecondOfDay(time: string): number | undefined {
  const hour = Number(time.slice(0, 2));
  const minute = Number(time.slice(3, 5));
  const second = Number(time.slice(6));
  const exists = hour < 24 && minute < 60 && (second < 60 || time === "23:59:60");
  return exists ? (hour * 60 + minute) * 60 + second : undefined;
}
