import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { fullJitterMs } from '../../kernel/base/backoff.ts'
import { createRedactor } from '../../kernel/base/redact.ts'
import { pause, runWithTimeout } from '../../kernel/base/wait.ts'
import type { OpenSecretManager, StoredSecret } from './secret-manager.ts'
import { type SecretReference, showReference } from './secret-reference.ts'

/** The parts of a {@link SecretRound}. */
export interface SecretRoundParts {
  readonly managers: ReadonlyMap<string, OpenSecretManager>
  readonly isRefused: boolean
  /** Max time of all attempts to read a secret, in milliseconds. 0 for a single attempt. */
  readonly retryMs: number
  readonly stopping: AbortSignal
}

const attemptTimeoutMs = 5_000
const retries = { firstMs: 200, maxMs: 3_000 }
const maxReasonLength = 300
const redactor = createRedactor()

/**
 * Reads secrets once each, although several references may name fields of the same secret. The
 * fields then belong together, such as the user and the password of a lease.
 */
export class SecretRound {
  /** Time after which a secret has to be read again, in milliseconds. */
  refreshAfterMs: number = Infinity
  readonly #parts: SecretRoundParts
  readonly #reads = new Map<string, Promise<StoredSecret>>()

  constructor(parts: SecretRoundParts) {
    this.#parts = parts
  }

  /**
   * Returns the value of a reference.
   *
   * @throws HoldfastError `secret-unreadable`, `secret-manager-unavailable`.
   */
  async read(reference: SecretReference): Promise<string> {
    const key = `${reference.scheme}:${reference.path}`
    let read = this.#reads.get(key)
    if (!read) {
      read = this.#readWithRetries(reference)
      this.#reads.set(key, read)
    }
    const secret = await read
    this.refreshAfterMs = Math.min(this.refreshAfterMs, secret.refreshAfterMs ?? Infinity)
    return valueOf(secret, reference)
  }

  async #readWithRetries(reference: SecretReference): Promise<StoredSecret> {
    const endMs = performance.now() + this.#parts.retryMs
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.#attempt(reference)
      } catch (error) {
        if (isPermanent(error)) throw error
        const delayMs = fullJitterMs(retries, failures)
        if (this.#parts.stopping.aborted || performance.now() + delayMs > endMs)
          throw unavailable(reference, error, failures)
        await pause(delayMs, { cancellation: this.#parts.stopping })
      }
    }
  }

  async #attempt({ scheme, path }: SecretReference): Promise<StoredSecret> {
    const { managers, isRefused, stopping } = this.#parts
    return runWithTimeout(
      {
        timeoutMs: attemptTimeoutMs,
        timedOut: () =>
          new HoldfastError('secret-manager-unavailable', `no response within ${attemptTimeoutMs} ms`),
        stopping,
      },
      (signal) => managers.get(scheme)!.read(path, { signal, isRefused }),
    )
  }
}

function isPermanent(error: unknown): boolean {
  return error instanceof HoldfastError && ['secret-unreadable', 'configuration-invalid'].includes(error.code)
}

function unavailable(reference: SecretReference, cause: unknown, attempts: number): HoldfastError {
  const reason = redactor.text(cause instanceof Error ? cause.message : String(cause))
  // The cause is left out: it may contain the request, and so the token.
  return new HoldfastError(
    'secret-manager-unavailable',
    `The secret manager "${reference.scheme}" could not be reached (attempts: ${attempts}): ${reason.slice(0, maxReasonLength)}`,
  )
}

function valueOf({ text, fields = {} }: StoredSecret, reference: SecretReference): string {
  const { field } = reference
  if (field === undefined) {
    if (text !== undefined && text !== '') return text
    const names = namesOf(fields)
    throw unreadable(`has no text of its own. Append #field to the reference: ${names}`)
  }
  const value = Object.hasOwn(fields, field) ? fields[field] : undefined
  if (value === undefined || value === null || value === '')
    throw unreadable(
      `has no field ${JSON.stringify(field)}, or the field is empty. It has: ${namesOf(fields)}`,
    )
  return typeof value === 'string' ? value : JSON.stringify(value)

  function unreadable(what: string): HoldfastError {
    return new HoldfastError('secret-unreadable', `The secret ${showReference(reference)} ${what}.`)
  }
}

function namesOf(fields: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(fields)
  return names.length === 0 ? 'no fields' : names.slice(0, 20).join(', ')
}
