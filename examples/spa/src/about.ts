/** The view of `/about`; it is loaded when it is asked for. */

import type { View } from "./view.ts";

/** How it is computed, and how this application is put together. */
export function about(): View {
  return {
    title: "How it works",
    body:
      `<p>The moon takes about 29½ days from one new moon to the next: a lunation. Sun and moon pull at it, so no two
      take the same time. Lunation adds the six largest of these pulls to the mean angle between sun and moon, and draws
      what is lit.</p>
      <p>Nothing is asked of a server. This text is a piece of JavaScript of its own, which came when you asked for it.
      The address of every view works on its own: reload it, keep it, send it to somebody.</p>
      <p>Days are days of UTC, and the moon is seen from the north.</p>`,
  };
}
