/** `isCompressible`, type by type; and for extensions as the server types them. */

import { assertEquals } from "@std/assert";
import { isCompressible } from "../src/compressible.ts";
import { selectMediaType } from "../src/media_type.ts";

const TYPES: readonly [compressible: boolean, types: readonly string[]][] = [
  [true, ["text/html", "text/plain", "text/css", "text/javascript", "text/x-unheard-of"]],
  [true, ["text/html; charset=utf-8", "TEXT/HTML", " text/css ", "application/json;charset=utf-8"]],
  [true, ["application/json", "application/ld+json", "application/problem+json", "application/manifest+json"]],
  [true, ["application/xml", "application/atom+xml", "image/svg+xml", "application/yaml", "application/x-ndjson"]],
  [true, ["application/javascript", "application/wasm", "font/ttf", "font/otf", "image/bmp", "image/x-icon"]],
  [false, ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"]],
  [false, ["font/woff", "font/woff2", "video/mp4", "video/webm", "audio/mpeg", "audio/ogg"]],
  [false, ["application/pdf", "application/zip", "application/gzip", "application/epub+zip"]],
  [false, ["application/octet-stream", "application/x-unheard-of", "x/y", "", ";", "text"]],
  [false, ["text/event-stream", "text/event-stream;charset=utf-8"]],
  [false, ["application/jsonp", "application/x-json5", "application/xmlish", "plain/text", "application/textual"]],
];

for (const [compressible, types] of TYPES) {
  for (const type of types) {
    Deno.test(`isCompressible ${JSON.stringify(type)} is ${compressible}`, () => {
      assertEquals(isCompressible(type), compressible);
    });
  }
}

const EXTENSIONS: readonly [compressible: boolean, extensions: string][] = [
  [true, "html htm xhtml css js mjs json map webmanifest xml svg txt md csv ics vtt srt m3u8 wasm ttf otf eot ico bmp"],
  [true, "rtf sh tar glb gltf geojson jsonld rss atom yaml yml toml sql"],
  [
    false,
    "png jpg jpeg gif webp avif woff woff2 mp3 mp4 webm ogg mov pdf zip gz bz2 7z jar apk docx xlsx epub swf bin",
  ],
  [false, "exe dmg iso unheardof"],
];

for (const [compressible, extensions] of EXTENSIONS) {
  for (const extension of extensions.split(" ")) {
    Deno.test(`isCompressible of the type of .${extension} is ${compressible}`, () => {
      assertEquals(isCompressible(selectMediaType(`file.${extension}`)), compressible);
    });
  }
}
