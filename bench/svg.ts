/**
 * What the images of the benchmarks have in common: a frame with a title, text, and colours for a light and for a dark
 * page. The images are small and their styles follow the page, which chart libraries leave to a script in the browser.
 *
 * @module
 */
import { escape } from "@std/html/entities";

/** Attributes of text that explains. */
export const NOTE = 'class="note"';

/** Colours by name, on light and on dark ground; text on its ground has a contrast of 4.5 at least. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 }
  .note { font-size: 12px; fill: #59636e }
  .ground { fill: #ffffff; stroke: #d1d9e0 }
  .value { paint-order: stroke; stroke: #ffffff; stroke-width: 4px }
  .grid { stroke: #d1d9e0 }
  .axis { stroke: #59636e }
  .reference { stroke: #59636e; stroke-dasharray: 4 3 }
  .less { fill: #1a7f37 }
  .more { fill: #bc4c00 }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round }
  .line-0 { stroke: #0969da } .mark-0 { fill: #0969da }
  .line-1 { stroke: #bc4c00; stroke-dasharray: 6 3 } .mark-1 { fill: #bc4c00 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .note { fill: #9198a1 }
    .ground { fill: #0d1117; stroke: #3d444d }
    .value { stroke: #0d1117 }
    .grid { stroke: #3d444d }
    .axis, .reference { stroke: #9198a1 }
    .less { fill: #3fb950 }
    .more { fill: #f0883e }
    .line-0 { stroke: #4493f8 } .mark-0 { fill: #4493f8 }
    .line-1 { stroke: #f0883e } .mark-1 { fill: #f0883e }
  }`;

/** What stands around an image. */
export interface Frame {
  /** Its size. */
  readonly width: number;
  /** See {@linkcode Frame.width}. */
  readonly height: number;
  /** Its title. */
  readonly title: string;
  /** What it shows, in words, for those who do not see it. */
  readonly description: string;
}

/**
 * A line of text.
 *
 * @param x From the left.
 * @param y Its base, from above.
 * @param content The text.
 * @param attributes Further attributes.
 */
export function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${x}" y="${y}"${attributes && ` ${attributes}`}>${escape(content)}</text>`;
}

/**
 * A whole image.
 *
 * @param frame What stands around it.
 * @param content Its elements.
 */
export function frame({ width, height, title, description }: Frame, content: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"` +
    ' role="img" aria-labelledby="title description">',
    `<title id="title">${escape(title)}</title>`,
    `<desc id="description">${escape(description)}</desc>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6"/>`,
    ...content,
    "</svg>\n",
  ].join("\n");
}
