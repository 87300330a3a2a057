/**
 * Hashes of passwords by scrypt, RFC 7914, as a PHC string: `$scrypt$ln=15,r=8,p=3$salt$hash`. The cost is what OWASP
 * recommends; a hash that costs less is not taken, nor one that costs a server too much.
 *
 * @module
 */

/** A hash with what it was made with. */
export interface PasswordHash {
  /** The binary logarithm of the cost parameter N. */
  readonly logCost: number;
  /** The block size r. */
  readonly blockSize: number;
  /** The parallelization p. */
  readonly parallelization: number;
  /** The salt. */
  readonly salt: Uint8Array;
  /** The hash. */
  readonly hash: Uint8Array;
}

/** 32 MiB of memory, a third of a second. */
const COST = { logCost: 15, blockSize: 8, parallelization: 3 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** What one hash may take of memory. */
const MOST_MEMORY_BYTES = 256 << 20;
/** N times r times p: less than this is guessed too quickly, more than this takes seconds. */
const LEAST_WORK = 1 << 17;
const MOST_WORK = 1 << 23;

/** A PHC string; base64 without padding. */
const PHC = /^\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,3}),p=([0-9]{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

/**
 * Parses a hash.
 *
 * @param text The PHC string.
 * @returns The hash, or what is wrong with it as a sentence without its end.
 */
export function parsePasswordHash(text: string): PasswordHash | string {
  const [, ln, r, p, salt = "", hash = ""] = PHC.exec(text) ?? [];
  if (ln === undefined) return "the hash is not as `sockeye hash NAME` prints it: $scrypt$ln=15,r=8,p=3$salt$hash";
  const [logCost, blockSize, parallelization] = [Number(ln), Number(r), Number(p)];
  const work = 2 ** logCost * blockSize * parallelization;
  if (work < LEAST_WORK) return "the hash is too weak: make it anew with `sockeye hash NAME`";
  if (work > MOST_WORK || memoryBytes(logCost, blockSize) > MOST_MEMORY_BYTES) return "the hash takes too long";
  try {
    const parsed = { logCost, blockSize, parallelization, salt: decode(salt), hash: decode(hash) };
    return parsed.salt.length < 8 || parsed.hash.length < 16 ? "salt or hash is too short" : parsed;
  } catch {
    return "salt or hash is no base64";
  }
}

/**
 * Hashes a password with a new salt.
 *
 * @param password The password; its Unicode is normalized.
 * @returns A PHC string.
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const hash = await derive(password, { ...COST, salt, hash: new Uint8Array(HASH_BYTES) });
  const { logCost, blockSize, parallelization } = COST;
  return `$scrypt$ln=${logCost},r=${blockSize},p=${parallelization}$${encode(salt)}$${encode(hash)}`;
}

/**
 * Tells whether a password is the one that was hashed; takes the same time for any.
 *
 * @param password The password.
 * @param hash The hash.
 */
export async function verifyPassword(password: string, hash: PasswordHash): Promise<boolean> {
  const { timingSafeEqual } = await import("node:crypto");
  return timingSafeEqual(await derive(password, hash), hash.hash);
}

/** RFC 7617 section 2.1 has user agents send NFC; not all do. */
async function derive(password: string, { logCost, blockSize, parallelization, salt, hash }: PasswordHash) {
  // Only who has passwords waits for the module: it takes longer to load than all others of the server.
  const { scrypt } = await import("node:crypto");
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const options = { N: 2 ** logCost, r: blockSize, p: parallelization, maxmem: 2 * memoryBytes(logCost, blockSize) };
  scrypt(password.normalize("NFC"), salt, hash.length, options, (error, key) => error ? reject(error) : resolve(key));
  return await promise;
}

function memoryBytes(logCost: number, blockSize: number): number {
  return 128 * 2 ** logCost * blockSize;
}

function encode(bytes: Uint8Array): string {
  return bytes.toBase64({ omitPadding: true });
}

function decode(text: string): Uint8Array {
  return Uint8Array.fromBase64(text);
}
