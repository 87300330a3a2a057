/** The disc of the moon as SVG, as it is seen from the northern half of the earth. */

import type { Moon } from "./moon.ts";

const CRATERS = new URL("./craters.svg", import.meta.url).href;

/**
 * Draws the moon.
 *
 * @param moon What it looks like.
 * @param options With craters it is meant for a large picture, of which there may be one.
 */
export function drawMoon({ elongation }: Moon, { craters }: { craters: boolean }): string {
  const isWaning = elongation > 180;
  const angle = isWaning ? 360 - elongation : elongation;
  const width = (100 * Math.abs(Math.cos(angle * Math.PI / 180))).toFixed(2);
  // From the top along the edge to the bottom, and back along the border between day and night.
  const lit = `M0-100A100 100 0 0 1 0 100A${width} 100 0 0 ${angle < 90 ? 0 : 1} 0-100Z`;
  const turned = isWaning ? ` transform="scale(-1 1)"` : "";
  const surface = craters
    ? `<clipPath id="lit"><path d="${lit}"${turned}/></clipPath>` +
      `<image href="${CRATERS}" x="-100" y="-100" width="200" height="200" clip-path="url(#lit)"/>`
    : "";
  return `<svg class="moon" viewBox="-102 -102 204 204" aria-hidden="true">` +
    `<circle class="night" r="100"/><path class="day" d="${lit}"${turned}/>${surface}</svg>`;
}
