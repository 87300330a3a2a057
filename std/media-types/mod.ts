// @ts-types="./mod.d.ts"
export { contentType } from "npm:deno-std@1.4.0/media_types/content_type.js";
// @ts-types="./mod.d.ts"
export { typeByExtension } from "npm:deno-std@1.4.0/media_types/type_by_extension.js";
