/**
 * Whether a file that was opened or described is where it was found, and no name on the way to it has been switched for a
 * link meanwhile, and perhaps back.
 *
 * Where no name in the directories on the way has changed for seconds one look is enough. Else there are many, of which
 * each would have to meet the right one of the two.
 *
 * @module
 */

import { dirname } from "@std/path";
import { isYoung } from "./file_state.ts";

/** How often is looked where names on the way change just now. */
const RESTLESS_LOOKS = 8;

/** Tells whether what is at a path now is the file that is meant. */
export type FileTest = (info: Deno.FileInfo) => boolean;

/**
 * Tells whether a file is at its path.
 *
 * @param realPath The path, without any link.
 * @param realRoot A directory above it, or the file itself; where that lies is not asked. Absent where there is none now.
 * @param isSame Whether what is there is that file.
 */
export function isInPlace(realPath: string, realRoot: string | undefined, isSame: FileTest): boolean {
  const isCalm = realRoot !== undefined && isCalmBelow(realRoot, realPath);
  return isCalm ? isSameNow(realPath, isSame) : isSameAtEachLook(realPath, isSame);
}

/**
 * Whether the directories on the way are no links, and no name in them has changed for seconds: then none of them has
 * been a link for as long. When that last happened cannot be set by anybody, unlike the time of a file.
 */
function isCalmBelow(realRoot: string, realPath: string): boolean {
  try {
    let path = realPath;
    while (path !== realRoot && path !== dirname(path)) {
      path = dirname(path);
      const { isDirectory, ctime } = Deno.lstatSync(path);
      if (!isDirectory || isYoung(ctime?.getTime() ?? Infinity)) return false;
    }
    return path === realRoot;
  } catch {
    return false;
  }
}

function isSameNow(realPath: string, isSame: FileTest): boolean {
  try {
    return isSame(Deno.lstatSync(realPath));
  } catch {
    return false;
  }
}

function isSameAtEachLook(realPath: string, isSame: FileTest): boolean {
  try {
    for (let look = 0; look < RESTLESS_LOOKS; look++) {
      if (Deno.realPathSync(realPath) !== realPath || !isSameNow(realPath, isSame)) return false;
    }
    return true;
  } catch {
    return false;
  }
}
