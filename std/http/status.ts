// @ts-types="./status.d.ts"
export { isStatus, STATUS_CODE, STATUS_TEXT } from "npm:deno-std@1.4.0/http/status.js";
export type { StatusCode } from "./status.d.ts";
