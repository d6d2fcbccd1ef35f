import * as crypto from 'node:crypto'
import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { PasswordHasher } from './password-hasher.ts'
import { type Argon2Hash, parsePhcString, toPhcString } from './phc-string.ts'

/** Options of {@link argon2id}. */
export interface Argon2idOptions {
  /** Memory of one hash, in KiB. Default 19,456 (19 MiB), as OWASP recommends. */
  readonly memoryKiB?: number
  /** Number of passes over the memory. Default 2. */
  readonly passes?: number
  /** Number of lanes. Default 1. */
  readonly parallelism?: number
}

/** The parameters of new hashes. */
type Parameters = Required<Argon2idOptions>

const saltBytes = 16
const hashBytes = 32
/** Limits for stored hashes, so that a forged hash cannot exhaust the process's memory. */
const maxima: Parameters = { memoryKiB: 262_144, passes: 64, parallelism: 64 }
/** The weakest parameters that OWASP lists: less memory needs more passes. */
const minima: Parameters = { memoryKiB: 7_168, passes: 1, parallelism: 1 }

/**
 * Returns a hasher that uses Argon2id (RFC 9106) from `node:crypto` (Node 24.7 and later). If you
 * raise the parameters, the hash of an account is replaced at its next sign-in.
 *
 * @throws HoldfastError `configuration-invalid` if a parameter is out of range, or if this Node has
 *   no Argon2.
 *
 * @example
 * ```ts
 * const passwords = { hasher: argon2id({ memoryKiB: 47_104, passes: 1 }) }
 * ```
 */
export function argon2id(options: Argon2idOptions = {}): PasswordHasher {
  const { memoryKiB = 19_456, passes = 2, parallelism = 1 } = options
  const parameters: Parameters = { memoryKiB, passes, parallelism }
  const issues = findIssues(parameters)
  if (issues.length > 0) throw configurationInvalid(issues)
  return {
    async hash(password) {
      const salt = crypto.randomBytes(saltBytes)
      const given = { algorithm: 'argon2id', ...parameters, salt } as const
      return toPhcString({ ...given, hash: await derive(password, given, hashBytes) })
    },
    async verify(password, stored) {
      const given = readHash(stored)
      const hash = await derive(password, given, given.hash.length)
      return crypto.timingSafeEqual(hash, given.hash)
    },
    needsRehash(stored) {
      const { algorithm, salt, hash, ...given } = readHash(stored)
      const isEqual =
        given.memoryKiB === memoryKiB && given.passes === passes && given.parallelism === parallelism
      return algorithm !== 'argon2id' || !isEqual || salt.length < saltBytes || hash.length < hashBytes
    },
  }
}

function findIssues(parameters: Parameters): readonly string[] {
  const issues = (['memoryKiB', 'passes', 'parallelism'] as const).flatMap((name) => {
    const value = parameters[name]
    const isValid = Number.isSafeInteger(value) && value >= minima[name] && value <= maxima[name]
    return isValid
      ? []
      : [`${name} of argon2id is ${value}; set it to an integer from ${minima[name]} to ${maxima[name]}`]
  })
  return argon2
    ? issues
    : [...issues, `Node ${process.version} has no Argon2; use Node 24.7 or later, or set another hasher`]
}

/** The parameters of `crypto.argon2`. */
interface Argon2Parameters extends Omit<Argon2Hash, 'hash' | 'algorithm' | 'salt' | 'memoryKiB'> {
  readonly message: string
  readonly nonce: Uint8Array
  readonly memory: number
  readonly tagLength: number
}

// The types of older versions of Node do not declare it.
const { argon2 } = crypto as {
  readonly argon2?: (
    algorithm: Argon2Hash['algorithm'],
    parameters: Argon2Parameters,
    done: (error: Error | null, key: Buffer) => void,
  ) => void
}

/** Runs Argon2 in a thread of libuv's pool. */
function derive(
  password: string,
  { algorithm, memoryKiB, passes, parallelism, salt }: Omit<Argon2Hash, 'hash'>,
  tagLength: number,
): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  argon2!(
    algorithm,
    { message: password, nonce: salt, memory: memoryKiB, passes, parallelism, tagLength },
    (error, key) => (error ? reject(error) : resolve(key)),
  )
  return promise
}

function readHash(stored: string): Argon2Hash {
  const hash = parsePhcString(stored)
  const isWithin =
    hash &&
    hash.memoryKiB <= maxima.memoryKiB &&
    hash.passes <= maxima.passes &&
    hash.parallelism <= maxima.parallelism
  if (isWithin) return hash
  // The message does not contain the hash, because errors are logged.
  throw new HoldfastError(
    'password-hash-invalid',
    'A stored password hash is not a PHC string of Argon2 version 1.3, or its parameters are out of range. If it comes from another system, set a hasher that verifies it.',
  )
}
