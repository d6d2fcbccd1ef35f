import { hash } from 'node:crypto'
import type { Clock } from '../../kernel/base/clock.ts'
import type { Caller } from '../../kernel/operation/caller.ts'
import { checkCaller } from '../../kernel/operation/check-caller.ts'

/** The parts of a call that the cache uses. */
export interface CachedCall {
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Options of {@link IdentityCache}. */
export interface IdentityCacheOptions<Context extends CachedCall> {
  /** The name of the identifier, for the error of an invalid caller. */
  readonly name: string
  readonly load: (key: string, context: Context) => Caller | undefined | Promise<Caller | undefined>
  readonly maxEntries: number
}

/** A caller in the cache. */
interface Entry {
  readonly caller: Caller
  readonly startedMs: number
}

/** A running look-up. */
interface Lookup {
  readonly startedMs: number
  /** The call that started the look-up. The look-up uses its `db` and its deadline. */
  readonly call: CachedCall
  readonly outcome: Promise<Caller | undefined>
}

/** A revocation takes effect within this time. */
const maxAgeMs = 1_000

/**
 * The callers that were looked up in the last second. The age is counted from the start of the
 * look-up, because a caller may be revoked while its look-up runs. The same holds for calls that
 * wait for a running look-up: they join it only in its first second.
 *
 * Unknown keys are not stored. Otherwise, a client with random keys could evict all callers.
 */
export class IdentityCache<Context extends CachedCall> {
  readonly #options: IdentityCacheOptions<Context>
  /** By the hash of the key. The most recently used caller is at the end. */
  readonly #entries = new Map<string, Entry>()
  readonly #lookups = new Map<string, Lookup>()

  constructor(options: IdentityCacheOptions<Context>) {
    this.#options = options
  }

  /** Returns the caller of a key, without a promise if it is in the cache. */
  find(key: string, call: Context): Caller | undefined | Promise<Caller | undefined> {
    return this.#find(hashOf(key), key, call)
  }

  #find(id: string, key: string, call: Context): Caller | undefined | Promise<Caller | undefined> {
    const nowMs = call.clock.monotonicMs()
    const entry = this.#entries.get(id)
    if (entry) {
      this.#entries.delete(id)
      if (isFresh(entry, nowMs)) {
        this.#entries.set(id, entry)
        return entry.caller
      }
    }
    const running = this.#lookups.get(id)
    if (!running || !isFresh(running, nowMs)) return this.#start(id, key, call)
    return running.outcome.catch((error: unknown) => {
      // If the deadline of the call that started the look-up has passed, or its client is gone,
      // only that call has failed.
      if (!running.call.signal.aborted) throw error
      call.signal.throwIfAborted()
      return this.#find(id, key, call)
    })
  }

  #start(id: string, key: string, call: Context): Promise<Caller | undefined> {
    const lookup: Lookup = {
      startedMs: call.clock.monotonicMs(),
      call,
      outcome: Promise.resolve()
        .then(() => this.#options.load(key, call))
        .then(
          (caller) => {
            this.#end(id, lookup, caller)
            return caller
          },
          (error: unknown) => {
            this.#end(id, lookup, undefined)
            throw error
          },
        ),
    }
    this.#lookups.set(id, lookup)
    return lookup.outcome
  }

  /** Ends a look-up, and stores its caller unless a later look-up has replaced it. */
  #end(id: string, lookup: Lookup, caller: Caller | undefined): void {
    if (this.#lookups.get(id) !== lookup) return
    this.#lookups.delete(id)
    const { startedMs, call } = lookup
    if (!caller || !isFresh(lookup, call.clock.monotonicMs())) return
    checkCaller(caller, this.#options.name)
    // Several calls share the caller, so handlers must not change it.
    this.#entries.set(id, { caller: Object.freeze(caller), startedMs })
    if (this.#entries.size > this.#options.maxEntries)
      this.#entries.delete(this.#entries.keys().next().value!)
  }
}

function isFresh({ startedMs }: { readonly startedMs: number }, nowMs: number): boolean {
  return nowMs - startedMs < maxAgeMs
}

/**
 * Returns the SHA-256 of a key. The key is hashed as UTF-16: in UTF-8, different invalid texts
 * would have the same hash.
 */
function hashOf(key: string): string {
  return hash('sha256', Buffer.from(key, 'utf16le'), 'base64url')
}
