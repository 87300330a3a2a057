/**
 * What is wrong with a page for its readers: what axe-core finds by the rules of WCAG 2.2 A and AA and of good practice,
 * and the contrast of text on pictures and gradients, of which axe says that it cannot tell.
 *
 * That is measured from a picture of the page without its text: the worst pixel behind a text decides, WCAG 2.2 section
 * 1.4.3. Everything is evaluated from outside the page, so its Content-Security-Policy does not matter.
 */

import axe from "axe-core/axe.min.js" with { type: "text" };
import type { Tab } from "./chromium.ts";

/** Color scheme and width in CSS pixels. */
const LOOKS = [["light", 1280], ["dark", 1280], ["dark", 390], ["light", 390]] as const;

/**
 * Checks the page in a tab, light and dark, wide and on a phone.
 *
 * @param tab The tab; it has loaded the page.
 * @returns What is wrong, nothing if all is well.
 */
export async function findBarriers(tab: Tab): Promise<string[]> {
  await tab.evaluate(`${axe}; 0`);
  const found: string[] = [];
  for (const [scheme, width] of LOOKS) {
    await tab.emulate(scheme);
    await tab.resize(width);
    const problems = [...await tab.evaluate<string[]>(RUN_AXE), ...await measureContrast(tab)];
    found.push(...problems.map((problem) => `${scheme}, ${width} px: ${problem}`));
  }
  return found;
}

async function measureContrast(tab: Tab): Promise<string[]> {
  if (!await tab.evaluate<boolean>(`globalThis.unsure.length > 0`)) return [];
  await tab.evaluate(`document.adoptedStyleSheets.push(globalThis.withoutText); 0`);
  const { data } = await tab.send("Page.captureScreenshot", { captureBeyondViewport: true, optimizeForSpeed: true });
  await tab.evaluate(`document.adoptedStyleSheets.pop(); 0`);
  return await tab.evaluate<string[]>(`(${MEASURE})("${data}")`);
}

// What is evaluated in the page.

/** Answers with the violations, and leaves the elements whose contrast is not known in `unsure`. */
const RUN_AXE = `axe.run(document, {
  resultTypes: ["violations", "incomplete"],
  elementRef: true,
  rules: { "target-size": { enabled: true } },
}).then(({ violations, incomplete }) => {
  const isContrast = ({ id }) => id === "color-contrast";
  const describe = ({ id, nodes }) => nodes.map((node) => id + ": " + node.html + " " + node.failureSummary);
  globalThis.unsure = incomplete.filter(isContrast).flatMap(({ nodes }) => nodes.map(({ element }) => element));
  globalThis.withoutText = new CSSStyleSheet();
  withoutText.replaceSync("*, ::before, ::after { -webkit-text-fill-color: transparent !important;" +
    "text-decoration-color: transparent !important; text-shadow: none !important; transition: none !important }");
  return [...violations, ...incomplete.filter((result) => !isContrast(result))].flatMap(describe);
})`;

/** A function from the picture, in base64, to the texts with too little contrast. */
const MEASURE = `async (base64) => {
  const png = new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]);
  const image = await createImageBitmap(png);
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const linear = (value) => value <= 10.31475 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4;
  const luminance = (r, g, b) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  return unsure.flatMap((element) => {
    const { color, fontSize, fontWeight } = getComputedStyle(element);
    if (!color.startsWith("rgb(")) return ["contrast of " + color + " is not known: " + element.outerHTML.slice(0, 200)];
    const text = luminance(...color.match(/[\\d.]+/g).map(Number));
    const size = parseFloat(fontSize);
    const needed = size >= 24 || size >= 18.66 && fontWeight >= 700 ? 3 : 4.5;
    let worst = 21;
    for (const node of element.childNodes) {
      if (node.nodeType !== Node.TEXT_NODE) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const { x, y, width, height } of range.getClientRects()) {
        if (width < 1 || height < 1) continue;
        const { data } = context.getImageData(x + scrollX, y + scrollY, width, height);
        for (let at = 0; at < data.length; at += 4) {
          worst = Math.min(worst, contrast(text, luminance(data[at], data[at + 1], data[at + 2])));
        }
      }
    }
    return worst >= needed ? [] : ["contrast " + worst.toFixed(2) + ": " + element.outerHTML.slice(0, 200)];
  });
}`;
