import type { Clock } from '../../kernel/base/clock.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { type Logger, toLogFields } from '../../kernel/base/log.ts'
import { type RecurringTask, startRecurringTask } from '../../kernel/base/recurring-task.ts'
import type { AcceptChange, SecretChanges } from '../../kernel/host/secret-changes.ts'
import { SecretRound } from './secret-round.ts'
import type { OpenSecretManager } from './secret-manager.ts'

/*
 * Secrets that change while a service runs:
 *
 *   every SECRETS_REFRESH, before a lease ends, or after a refused value
 *        │
 *   read all secrets ─▶ compare ─▶ all receivers of the variable accept the text ─▶ apply
 *        │ failure                      │ one refuses
 *   warning, the values stay       error, the value stays
 *
 * Invariants:
 * - A value in use is replaced only by a value that every receiver has accepted.
 * - A manager that is down changes nothing, including readiness.
 * - Neither a value nor a part of it is logged.
 */

/** A variable whose value comes from a file or a secret manager. */
export interface SecretBinding {
  readonly name: string
  /** The file or the reference, for logs. */
  readonly origin: string
  /** Reads the current text. */
  readonly read: (round: SecretRound) => Promise<string>
}

/** The parts of a {@link SecretRotation}. */
export interface SecretRotationParts {
  readonly bindings: readonly SecretBinding[]
  /** The texts at the start, by the names of the variables. */
  readonly texts: ReadonlyMap<string, string>
  readonly managers: ReadonlyMap<string, OpenSecretManager>
  /** Time after which a secret has to be read for the first time, in milliseconds. */
  readonly refreshAfterMs: number
}

/** Options of {@link SecretRotation.start}. */
export interface RotationOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly everyMs: number
}

interface Rotating extends SecretBinding {
  text: string
  /** The text that was refused last, so that it is refused only once. */
  refusedText: string | undefined
  readonly receivers: AcceptChange[]
}

const retryMs = 5_000
/** Min interval of refreshes that refused values cause, in milliseconds. */
const minRefreshMs = 1_000

/** Reads secrets again while a service runs, and passes changes on. */
export class SecretRotation implements SecretChanges {
  readonly #bindings: ReadonlyMap<string, Rotating>
  readonly #managers: ReadonlyMap<string, OpenSecretManager>
  readonly #firstAfterMs: number
  readonly #stopping = new AbortController()
  #log: Logger | undefined
  #task: RecurringTask | undefined
  #refreshing: Promise<void> | undefined
  #refreshedMs = -Infinity
  /** Rounds run one after another, so that an older text never replaces a newer text. */
  #rounds: Promise<unknown> = Promise.resolve()

  constructor({ bindings, texts, managers, refreshAfterMs }: SecretRotationParts) {
    this.#managers = managers
    this.#firstAfterMs = refreshAfterMs
    this.#bindings = new Map(
      bindings.map((binding) => [
        binding.name,
        { ...binding, text: texts.get(binding.name)!, refusedText: undefined, receivers: [] },
      ]),
    )
  }

  watch(name: string, accept: AcceptChange): void {
    this.#bindings.get(name)?.receivers.push(accept)
  }

  /** Starts to read the secrets again at an interval. */
  start({ clock, log, everyMs }: RotationOptions): void {
    this.#log = log
    if (this.#bindings.size === 0) return
    this.#task = startRecurringTask({
      failure: 'secrets could not be read again; their last values stay in use',
      clock,
      log,
      everyMs,
      retryMs,
      firstAfterMs: Math.min(everyMs, this.#firstAfterMs),
      work: () => this.#read(false),
    })
  }

  refresh(): Promise<void> {
    if (performance.now() - this.#refreshedMs < minRefreshMs) return this.#refreshing ?? Promise.resolve()
    this.#refreshedMs = performance.now()
    this.#refreshing = this.#read(true).then(
      () => {},
      (error: unknown) => this.#log?.warn({ error: toLogFields(error) }, 'secrets could not be read again'),
    )
    return this.#refreshing
  }

  /** Stops reading, and closes the managers. Never rejects. */
  async close(): Promise<void> {
    this.#stopping.abort(new HoldfastError('secret-manager-unavailable', 'the service stops'))
    await this.#task?.stop()
    await this.#rounds
    await Promise.allSettled([...this.#managers.values()].map(async (manager) => manager.close?.()))
  }

  #read(isRefused: boolean): Promise<number | undefined> {
    const round = this.#rounds.then(() => this.#readAll(isRefused))
    this.#rounds = round.catch(() => {})
    return round
  }

  async #readAll(isRefused: boolean): Promise<number | undefined> {
    const round = new SecretRound({
      managers: this.#managers,
      isRefused,
      retryMs: 0,
      stopping: this.#stopping.signal,
    })
    const results = await Promise.allSettled(
      [...this.#bindings.values()].map(async (binding) => this.#change(binding, await binding.read(round))),
    )
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
    return round.refreshAfterMs === Infinity ? undefined : round.refreshAfterMs
  }

  async #change(binding: Rotating, text: string): Promise<void> {
    const { name: setting, origin } = binding
    if (text === binding.text) binding.refusedText = undefined
    if (text === binding.text || text === binding.refusedText) return
    try {
      const changes = await Promise.all(binding.receivers.map((accept) => accept(text)))
      for (const apply of changes) apply()
    } catch (error) {
      binding.refusedText = text
      this.#log?.error(
        { setting, origin, error: toLogFields(error) },
        'changed secret refused; its last value stays in use',
      )
      return
    }
    binding.text = text
    binding.refusedText = undefined
    if (binding.receivers.length > 0) this.#log?.info({ setting, origin }, 'secret changed')
    else this.#log?.warn({ setting, origin }, 'secret changed; it is used from the next start on')
  }
}
