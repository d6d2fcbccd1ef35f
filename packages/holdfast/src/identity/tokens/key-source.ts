import type { Statements } from '../../kernel/background/effects.ts'
import type { Clock } from '../../kernel/base/clock.ts'
import type { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { type Logger, toLogFields } from '../../kernel/base/log.ts'
import type { TokenAlgorithm } from './algorithms.ts'
import { isIssuerUnavailable, issuerUnavailable } from './issuer-unavailable.ts'
import { TokenRefused } from './token-refused.ts'
import { findKey, readKeySet, type VerificationKey } from './verification-keys.ts'

/** The parts of a call that a key search uses. */
export interface KeySearchContext {
  readonly clock: Clock
  readonly log: Logger
  /** The statements of the call, for a key set that is stored or derived. */
  readonly statements: Statements
}

/** Options of {@link KeySource}. */
export interface KeySourceOptions {
  /** The issuer, for the log. */
  readonly issuer: string
  /** Loads the key set. */
  readonly load: (statements: Statements) => Promise<unknown>
  /** The time after the last successful load for which the keys are used if loads fail. */
  readonly staleForMs: number
}

/** The age at which keys are loaded again. */
const maxAgeMs = 600_000
/**
 * From this age, keys are loaded again in the background, so that calls do not wait for the load.
 */
const refreshAgeMs = 300_000
/** The min time between two loads, so that tokens with invented key ids cannot flood the issuer. */
const cooldownMs = 10_000

/**
 * The keys of an issuer, loaded when a token needs them:
 *
 *     age of the keys   0 ──────── 5 min ──────── 10 min ─────────────── staleFor
 *     known key id      used     │ used; loads  │ loads; used if       │ loads;
 *                                │ in parallel  │ the load fails       │ 503 if it fails
 *     unknown key id    loads; refused if the key set has no such key
 *
 * At most one load runs at a time, and all calls that need it wait for it. Loads start at least 10
 * seconds apart.
 */
export class KeySource {
  readonly #options: KeySourceOptions
  #keys: readonly VerificationKey[] | undefined
  /** The start of the last successful load. */
  #loadedAtMs = Number.NEGATIVE_INFINITY
  /** The start of the last load. */
  #startedAtMs = Number.NEGATIVE_INFINITY
  #loading: Promise<void> | undefined
  #error: HoldfastError | undefined

  constructor(options: KeySourceOptions) {
    this.#options = options
  }

  /** Returns true if a key still verifies tokens, and no load is due. */
  holds(key: VerificationKey, { clock }: KeySearchContext): boolean {
    return clock.monotonicMs() - this.#loadedAtMs < refreshAgeMs && this.#keys!.includes(key)
  }

  /**
   * Returns the key of a token.
   *
   * @throws TokenRefused if the issuer has no such key.
   * @throws HoldfastError `issuer-unavailable` if there are no usable keys.
   */
  async find(
    keyId: string | undefined,
    algorithm: TokenAlgorithm,
    context: KeySearchContext,
  ): Promise<VerificationKey> {
    const age = (): number => context.clock.monotonicMs() - this.#loadedAtMs
    if (age() >= maxAgeMs) await this.#load(context)
    else if (age() >= refreshAgeMs) void this.#load(context)
    if (!this.#keys || age() >= this.#options.staleForMs)
      throw this.#error ?? toUnavailable('no load has ended', this.#options.issuer)
    const search = findKey(this.#keys, keyId, algorithm)
    if ('key' in search) return search.key
    await this.#load(context)
    const again = findKey(this.#keys, keyId, algorithm)
    if ('key' in again) return again.key
    throw new TokenRefused(again.missing)
  }

  /** Loads the keys, unless the last load has started less than 10 seconds ago. */
  #load(context: KeySearchContext): Promise<void> {
    if (this.#loading) return this.#loading
    const nowMs = context.clock.monotonicMs()
    if (nowMs - this.#startedAtMs < cooldownMs) return Promise.resolve()
    this.#startedAtMs = nowMs
    this.#loading = this.#replaceKeys(nowMs, context).finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  async #replaceKeys(startedAtMs: number, { log, statements }: KeySearchContext): Promise<void> {
    const { issuer, load } = this.#options
    try {
      this.#keys = readKeySet(await load(statements), this.#keys)
      this.#loadedAtMs = startedAtMs
    } catch (error) {
      this.#error = toUnavailable(error, issuer)
      log.warn({ issuer, error: toLogFields(error) }, 'keys of an issuer not loaded')
    }
  }
}

function toUnavailable(error: unknown, issuer: string): HoldfastError {
  if (isIssuerUnavailable(error)) return error
  const reason = error instanceof Error ? error.message : String(error)
  return issuerUnavailable(`The keys of the issuer ${issuer} cannot be used: ${reason}.`, error)
}
