/** A password hash in the PHC string format, as Argon2 writes it. */
export interface Argon2Hash {
  readonly algorithm: 'argon2d' | 'argon2i' | 'argon2id'
  readonly memoryKiB: number
  readonly passes: number
  readonly parallelism: number
  readonly salt: Uint8Array
  readonly hash: Uint8Array
}

const form =
  /^\$(argon2(?:d|i|id))\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,172})$/

/** Returns a hash in the PHC string format: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`. */
export function toPhcString({ algorithm, memoryKiB, passes, parallelism, salt, hash }: Argon2Hash): string {
  return `$${algorithm}$v=19$m=${memoryKiB},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(hash)}`
}

/** Parses a PHC string. Returns `undefined` unless it is a hash of Argon2 version 1.3. */
export function parsePhcString(text: string): Argon2Hash | undefined {
  const [, algorithm, memory, passes, parallelism, salt, hash] = form.exec(text) ?? []
  if (salt === undefined || hash === undefined) return undefined
  return {
    algorithm: algorithm as Argon2Hash['algorithm'],
    memoryKiB: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  }
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '')
}
