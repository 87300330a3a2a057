/**
 * A browser plays a film from the server and seeks in it, RFC 9110 section 14.
 *
 * The film, `fixtures/film.mp4`, is 22 MB for 30 seconds, which a browser does not load ahead, and small when packed:
 * its pictures are plain and the rest is filler. Each picture is a grey that tells its second, so that it can be seen
 * whether the right piece has come. It was made with
 *
 *     ffmpeg -f lavfi -i "color=black:s=160x90:r=10:d=30,format=yuv420p,geq=lum='20+7*floor(T)':cb=128:cr=128" \
 *       -c:v libx264 -profile:v main -g 10 -bf 0 -b:v 6M -minrate 6M -maxrate 6M -bufsize 3M \
 *       -x264-params nal-hrd=cbr:filler=1 -movflags +faststart -fflags +bitexact -flags +bitexact film.mp4
 *     gzip -9n film.mp4
 */

import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { Tab } from "../chromium.ts";
import { TempDir, testInBrowser } from "../chromium.ts";
import { ServerProcess } from "../server_process.ts";

const FILM = new URL("../fixtures/film.mp4.gz", import.meta.url);
const FILM_SECONDS = 30;

const PAGE = `<!doctype html><html lang="en"><title>Film</title><link rel="icon" href="data:,">
<video src="film.mp4" preload="metadata" muted></video>`;

testInBrowser("a film in a browser, RFC 9110 section 14", async (devtools, t) => {
  await using folder = await TempDir.create();
  const filmBytes = await unpack(FILM, join(folder.path, "film.mp4"));
  await Deno.writeTextFile(join(folder.path, "index.html"), PAGE);
  await using server = await ServerProcess.start(["-r", folder.path, "-v", "-w", "1"]);
  await using tab = await devtools.openTab(server.origin);
  await tab.open("/", "load");

  await t.step("its length is known without the whole of it", async () => {
    await tab.evaluate(HAS_DATA);
    assertEquals(await tab.evaluate(`video.duration`), FILM_SECONDS);
    assertEquals(await tab.evaluate(`[video.seekable.start(0), video.seekable.end(0)]`), [0, FILM_SECONDS]);
  });
  for (const second of [27, 3, 15]) {
    await t.step(`second ${second} is shown after seeking`, async () => {
      assertEquals(await seek(tab, second + 0.55), [second + 0.55, second]);
    });
  }
  await t.step("it plays on from there", async () => {
    const [playing, shown] = await tab.evaluate<[number, number]>(PLAY);
    assert(playing >= 15.55 && shown > playing, `playing at ${playing}, then ${shown}`);
  });
  assertEquals(tab.problems, []);

  await t.step("every answer was a range, of which one began near the end", async () => {
    const starts = tab.answers.filter(({ url }) => url.endsWith("/film.mp4")).map(({ fields }) => {
      const [, start, end] = /^bytes (\d+)-(\d+)\/\d+$/.exec(fields["content-range"] ?? "") ?? [];
      assertEquals(Number(end), filmBytes - 1);
      return Number(start) / filmBytes * FILM_SECONDS;
    });
    assertEquals(starts[0], 0);
    assert(starts.some((second) => second > 25 && second < 27.55), `ranges began at the seconds ${starts.join()}`);
    const { stderr } = await server.stop();
    const statuses = [...stderr.matchAll(/"GET \/film\.mp4 HTTP\/1\.1" (\d+) /g)].map(([, status]) => status);
    assertEquals([statuses.length > 1, ...new Set(statuses)], [true, "206"], stderr);
  });
});

/** Unpacks a file and answers with its size. */
async function unpack(from: URL, to: string): Promise<number> {
  const packed = await Deno.open(from);
  await Deno.writeFile(to, packed.readable.pipeThrough(new DecompressionStream("gzip")));
  return (await Deno.stat(to)).size;
}

/** Goes to a time; answers with the time that is reached and the second that the picture tells. */
function seek(tab: Tab, seconds: number): Promise<[number, number]> {
  return tab.evaluate(`new Promise((done, fail) => {
    video.onerror = () => fail(new Error(video.error.message));
    // The picture may come a moment later than the event.
    const look = (looks) => {
      const shown = (${SHOWN})();
      if (shown === Math.floor(${seconds}) || looks === 0) done([video.currentTime, shown]);
      else setTimeout(look, 10, looks - 1);
    };
    video.onseeked = () => look(500);
    video.currentTime = ${seconds};
  })`);
}

// What is evaluated in the page.

/** Waits for the first picture. */
const HAS_DATA = `globalThis.video = document.querySelector("video");
  new Promise((done) => video.readyState >= 2 ? done(1) : video.onloadeddata = () => done(1))`;

/** The second that the picture tells: luma 20 and 7 more for each; RGB spreads the luma 16 to 235 over 0 to 255. */
const SHOWN = `() => {
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  context.drawImage(video, 0, 0, 1, 1);
  return Math.round((context.getImageData(0, 0, 1, 1).data[0] * 219 / 255 + 16 - 20) / 7);
}`;

/** Plays; answers with the time at which it began to and a later one. */
const PLAY = `new Promise((done, fail) => {
  let playing;
  video.onplaying = () => playing = video.currentTime;
  video.ontimeupdate = () => playing !== undefined && video.currentTime > playing && done([playing, video.currentTime]);
  video.play().catch(fail);
})`;
