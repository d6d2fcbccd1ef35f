import { availableParallelism } from 'node:os'
import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import type { ProblemError } from '../../kernel/problem/problem.ts'
import { Unavailable } from '../../kernel/problem/problems.ts'
import { argon2id } from './argon2id.ts'
import { BoundedQueue } from './bounded-queue.ts'
import type { PasswordHasher } from './password-hasher.ts'
import { PasswordUnacceptable } from './problems.ts'

/** The rules for passwords, and how they are hashed. */
export interface PasswordOptions {
  /** Hashes passwords. Default: `argon2id()`, with 19 MiB, two passes and one lane. */
  readonly hasher?: PasswordHasher
  /**
   * Min length in characters, at least 8. Default 15, which NIST SP 800-63B-4 requires for a
   * password that is the only factor. Lower it if every account has a second factor.
   */
  readonly minLength?: number
  /** Max length in characters, at least 64. Default 256. */
  readonly maxLength?: number
  /**
   * Returns true if attackers know the password, for example from a list of breached passwords.
   * Runs for new passwords, outside the transaction. If it throws, the call fails. Default: no
   * check.
   */
  readonly isBreached?: (
    password: string,
    context: { readonly signal: AbortSignal },
  ) => boolean | Promise<boolean>
  /**
   * Max number of passwords that a process hashes at the same time. Default: one less than the
   * number of processors, at least 1 and at most 3, because file access, DNS look-ups and hashing
   * share Node's 4 threads. Raise it together with `UV_THREADPOOL_SIZE`.
   */
  readonly concurrency?: number
  /**
   * Max number of calls in a process that wait for a hash. Any further call gets a 503. Default 32.
   */
  readonly maxWaiting?: number
}

/** The result of verifying a password. */
export interface Verification {
  readonly matches: boolean
  /** The hash to replace the stored one with, if the parameters of new hashes have changed. */
  readonly rehashed: string | undefined
}

/** The part of a call that hashing and verifying a password needs. */
export interface PasswordCall {
  readonly signal: AbortSignal
}

const lowestMinLength = 8
const lowestMaxLength = 64

/**
 * Checks, hashes and verifies passwords, with limits on running and waiting hashes.
 *
 * @example
 * ```ts
 * const passwords = new Passwords({ minLength: 12 })
 * const { signal } = new AbortController()
 * const hash = await passwords.hashNew('correct horse battery', { signal })
 * const { matches } = await passwords.verify('correct horse battery', hash, { signal })
 * ```
 */
export class Passwords {
  readonly #hasher: PasswordHasher
  readonly #isBreached: PasswordOptions['isBreached']
  readonly #minLength: number
  readonly #maxLength: number
  readonly #queue: BoundedQueue
  #unknown: Promise<string> | undefined

  /** @throws HoldfastError `configuration-invalid` if an option is out of range. */
  constructor(options: PasswordOptions = {}) {
    const { minLength = 15, maxLength = 256, concurrency = defaultConcurrency(), maxWaiting = 32 } = options
    requireAtLeast({ minLength }, lowestMinLength)
    requireAtLeast({ maxLength }, Math.max(lowestMaxLength, minLength))
    requireAtLeast({ concurrency }, 1)
    requireAtLeast({ maxWaiting }, 0)
    this.#hasher = options.hasher ?? argon2id()
    this.#isBreached = options.isBreached
    this.#minLength = minLength
    this.#maxLength = maxLength
    this.#queue = new BoundedQueue({ concurrency, maxWaiting })
  }

  /**
   * Returns the problem for a further call if too many passwords wait to be hashed. Check it before
   * a call runs statements, so that a flood of sign-ins takes no connections from other calls.
   */
  refusal(): ProblemError | undefined {
    return this.#queue.isFull ? busy() : undefined
  }

  /**
   * Returns the hash of a new password.
   *
   * @throws PasswordUnacceptable if the password does not meet the rules.
   * @throws Unavailable if too many passwords wait to be hashed.
   */
  async hashNew(password: string, { signal }: PasswordCall): Promise<string> {
    const normal = normalized(password)
    const length = Array.from(normal).length
    if (length < this.#minLength) throw this.#refuse('too-short')
    if (length > this.#maxLength) throw this.#refuse('too-long')
    if ((await this.#isBreached?.(normal, { signal })) === true) throw this.#refuse('breached')
    return this.#queue.run(async () => this.#hasher.hash(normal), signal, busy)
  }

  /**
   * Compares a password with a stored hash. Without a stored hash, it takes as long and does not
   * match, so the time does not reveal which accounts exist, nor which have a password.
   *
   * @throws Unavailable if too many passwords wait to be hashed.
   */
  async verify(
    password: string,
    stored: string | null | undefined,
    { signal }: PasswordCall,
  ): Promise<Verification> {
    const normal = normalized(password)
    // A new password cannot be that long.
    if (normal.length > 2 * this.#maxLength) return { matches: false, rehashed: undefined }
    const verify = async (): Promise<Verification> => {
      const unknown = await this.#unknownHash()
      const matches = await this.#hasher.verify(normal, stored ?? unknown)
      if (!matches || stored === undefined || stored === null) return { matches: false, rehashed: undefined }
      const isOld = this.#hasher.needsRehash(stored)
      return { matches, rehashed: isOld ? await this.#hasher.hash(normal) : undefined }
    }
    return this.#queue.run(verify, signal, busy)
  }

  /** Returns the hash that stands in for all unknown accounts, computed once. */
  async #unknownHash(): Promise<string> {
    this.#unknown ??= this.#hasher.hash(crypto.randomUUID())
    try {
      return await this.#unknown
    } catch (error) {
      this.#unknown = undefined
      throw error
    }
  }

  #refuse(reason: 'too-short' | 'too-long' | 'breached'): ProblemError {
    return PasswordUnacceptable({ reason, minLength: this.#minLength, maxLength: this.#maxLength })
  }
}

/**
 * Returns a password in the form in which it is hashed. Keyboards send the same characters in
 * different forms (NIST SP 800-63B-4, section 3.1.1.2).
 */
function normalized(password: string): string {
  return password.normalize('NFC')
}

function busy(): ProblemError {
  return Unavailable({ detail: 'Too many passwords are being hashed.' })
}

function defaultConcurrency(): number {
  return Math.min(3, Math.max(1, availableParallelism() - 1))
}

function requireAtLeast(option: Readonly<Record<string, number>>, min: number): void {
  const [[name, value]] = Object.entries(option) as [[string, number]]
  if (Number.isSafeInteger(value) && value >= min) return
  throw configurationInvalid([`${name} of passwords is ${value}; set it to an integer of at least ${min}`])
}
