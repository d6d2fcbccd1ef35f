import { hash, randomInt } from 'node:crypto'

// Without 0, 1, I and O, which people confuse.
const alphabet = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'
const groups = 4
const groupLength = 4

/** Number of recovery codes of an account. */
export const recoveryCodeCount = 10

/** Returns a random recovery code with 80 bits, such as `7KQX-M2PD-VW8R-3HJN`. */
export function createRecoveryCode(): string {
  const group = (): string =>
    Array.from({ length: groupLength }, () => alphabet[randomInt(alphabet.length)]).join('')
  return Array.from({ length: groups }, group).join('-')
}

/** Returns the standard form of a code that the owner has typed; `undefined` if it is no code. */
export function normalizeRecoveryCode(text: string): string | undefined {
  const characters = text.toUpperCase().replaceAll(/[\s-]/g, '')
  if (characters.length !== groups * groupLength) return undefined
  return /^[2-9A-HJ-NP-Z]+$/.test(characters) ? characters : undefined
}

/**
 * Returns the hash of a code for the database. A code has 80 random bits, so a fast hash suffices.
 * The account is hashed as well, so that one search does not try a guess with all accounts.
 */
export function hashRecoveryCode(account: string, normalized: string): Buffer {
  return hash('sha256', JSON.stringify([account, normalized]), 'buffer')
}
