/**
 * Where the moon stands, by the short form of Jean Meeus, Astronomical Algorithms, chapter 48: the lit part of the disc
 * is right within a per cent, the hour of a phase within one or two. All days are those of UTC.
 */

const DAY_MS = 86_400_000;
/** 1 January 2000, noon. */
const EPOCH_MS = Date.UTC(2000, 0, 1, 12);

/** The four phases that have a moment, by elongation in quarters of a circle. */
const MOMENTS = ["New moon", "First quarter", "Full moon", "Last quarter"] as const;
const BETWEEN = ["Waxing crescent", "Waxing gibbous", "Waning gibbous", "Waning crescent"] as const;

/** The moon on one day. */
export interface Moon {
  /** The day, as in 2024-04-08. */
  readonly day: string;
  /** Angle between sun and moon at noon, in degrees: 0 is new, 90 the first quarter. */
  readonly elongation: number;
  /** Lit part of the disc at noon, from 0 to 1. */
  readonly lit: number;
  /** The phase. */
  readonly phase: typeof MOMENTS[number] | typeof BETWEEN[number];
  /** Whether the day has the moment of its phase. */
  readonly isMoment: boolean;
}

/**
 * Computes the moon of a day.
 *
 * @param day The day, as in 2024-04-08.
 */
export function moonOf(day: string): Moon {
  const midnight = Date.parse(`${day}T00:00Z`);
  const elongation = elongationAt(midnight + DAY_MS / 2);
  const quarter = Math.floor(elongationAt(midnight) / 90);
  const next = Math.floor(elongationAt(midnight + DAY_MS) / 90);
  const isMoment = quarter !== next;
  const phase = (isMoment ? MOMENTS : BETWEEN)[next] ?? MOMENTS[0];
  return { day, elongation, lit: (1 - Math.cos(radians(elongation))) / 2, phase, isMoment };
}

/**
 * Finds the next day with the moment of a phase.
 *
 * @param day The day after which it is looked for.
 * @param phase The phase.
 */
export function nextDay(day: string, phase: typeof MOMENTS[number]): string {
  let found = day;
  do found = addDays(found, 1); while (moonOf(found).phase !== phase);
  return found;
}

/**
 * Goes some days on.
 *
 * @param day The day, as in 2024-04-08.
 * @param days How many, also negative.
 */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

function elongationAt(timeMs: number): number {
  const centuries = (timeMs - EPOCH_MS) / DAY_MS / 36_525;
  const mean = 297.85019 + 445_267.11140 * centuries;
  const elongation = radians(mean);
  const sun = radians(357.52911 + 35_999.05029 * centuries);
  const moon = radians(134.96340 + 477_198.86750 * centuries);
  const exact = mean + 6.289 * Math.sin(moon) - 2.100 * Math.sin(sun) + 1.274 * Math.sin(2 * elongation - moon) +
    0.658 * Math.sin(2 * elongation) + 0.214 * Math.sin(2 * moon) + 0.110 * Math.sin(elongation);
  return ((exact % 360) + 360) % 360;
}

function radians(degrees: number): number {
  return degrees * Math.PI / 180;
}
