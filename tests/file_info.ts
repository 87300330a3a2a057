/** A file as the system tells of it, for tests that need none. */

const LONG_AGO = new Date("2020-02-02T02:02:02Z");

/** A regular file that is old. */
export const OLD_FILE: Deno.FileInfo = {
  ...{ isFile: true, isDirectory: false, isSymlink: false, size: 5, mtime: LONG_AGO, atime: null, birthtime: null },
  ...{ ctime: LONG_AGO, dev: 1, ino: 2, mode: 0o100644, nlink: 1, uid: 3, gid: 4, rdev: 0, blksize: 4096, blocks: 8 },
  ...{ isBlockDevice: false, isCharDevice: false, isFifo: false, isSocket: false },
};
