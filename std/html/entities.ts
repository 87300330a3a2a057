// @ts-types="./entities.d.ts"
export { escape } from "npm:deno-std@1.4.0/html/entities.js";
