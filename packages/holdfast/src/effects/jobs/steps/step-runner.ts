import { hash } from 'node:crypto'
import { abortable } from '../../../kernel/base/cancellation.ts'
import { type Duration, toMilliseconds } from '../../../kernel/base/duration.ts'
import type { EventType, Message } from '../../../kernel/background/event.ts'
import { findNonJson } from '../../../kernel/base/find-non-json.ts'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { validate } from '../../../kernel/schema/schema.ts'
import type { Step, StepContext, WaitOptions } from '../../../kernel/background/step.ts'
import { withConnection } from '../../../storage/postgres/pool/with-connection.ts'
import { withTransaction } from '../../../storage/postgres/transaction/with-transaction.ts'
import type { AttemptScope } from '../attempt/attempt-scope.ts'
import { leaseOver } from '../attempt/abort-reasons.ts'
import { readSteps, type StepRow, storeStep } from '../queries/steps.ts'
import { type AwaitedMessage, giveUpWaiting, lockMessages } from '../queries/waits.ts'
import { StepRunContext } from './step-run-context.ts'

const maxResultBytes = 256 * 1_024

/** The reason why a job is suspended: a time, a message, or the earlier of the two. */
export interface Pause {
  readonly step: string
  /** Max duration, in milliseconds. Default: no limit. */
  readonly delayMs?: number
  readonly message?: AwaitedMessage
  /** True if an earlier attempt has already stored this pause. */
  readonly isKnown: boolean
}

/**
 * Thrown in a job's handler to suspend the job. When the awaited time or message has arrived, the
 * handler runs again from the start.
 */
class Suspended extends Error {
  override readonly name = 'Suspended'
  constructor(step: string) {
    super(
      `The job is waiting at its step "${step}". It restarts after the wait; completed steps are not repeated.`,
    )
  }
}

/** Runs the steps of one attempt of a job. */
export class StepRunner {
  readonly #scope: AttemptScope
  readonly #isInTransaction: () => boolean
  readonly #names = new Set<string>()
  readonly #running = new Set<Promise<unknown>>()
  readonly #pauses: Pause[] = []
  #known: Promise<Map<string, StepRow>> | undefined

  constructor(scope: AttemptScope, isInTransaction: () => boolean) {
    this.#scope = scope
    this.#isInTransaction = isInTransaction
  }

  /** The sleeps and waits that suspend the job. */
  get pauses(): readonly Pause[] {
    return this.#pauses
  }

  /** Resolves when no step is running. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
  }

  /** Returns the `step` function that a handler calls. */
  toStep(): Step<unknown> {
    const run = (name: string, work: (context: StepContext<unknown>) => unknown): Promise<unknown> =>
      this.#track(this.#run(name, work))
    return Object.assign(run, {
      sleep: (name: string, duration: Duration) => this.#track(this.#sleep(name, duration)),
      waitFor: <Payload>(name: string, event: EventType<unknown, Payload>, options: WaitOptions) =>
        this.#track(this.#waitFor(name, event, options)),
    }) as Step<unknown>
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work)
    const forget = (): void => void this.#running.delete(work)
    work.then(forget, forget)
    return work
  }

  /** Looks up a step by its name, which must be unique in the job. */
  async #begin(name: string): Promise<StepRow | undefined> {
    const { job, row } = this.#scope
    this.#scope.work.deadline.throwIfAborted()
    if (this.#names.has(name)) {
      throw new HoldfastError(
        'step-name-repeated',
        `The job "${job.name}" (${job.definedAt}) has two steps with the name "${name}". Steps are identified by name: use a unique name for each, such as \`charge \${index}\` in a loop.`,
      )
    }
    this.#names.add(name)
    if (this.#isInTransaction()) {
      throw new HoldfastError(
        'step-in-transaction',
        `The job "${job.name}" (${job.definedAt}) reached its step "${name}" after using db, jobs or publish. A step commits separately: move the earlier work into a step, or to a place after the last step.`,
      )
    }
    // A job that runs for the first time has no stored steps.
    if (row.claim === 1) return undefined
    this.#known ??= this.#read()
    return (await this.#known).get(name)
  }

  async #read(): Promise<Map<string, StepRow>> {
    const { control, work, row } = this.#scope
    const { rows } = await withConnection(control, work, (connection) =>
      abortable(connection.run<StepRow>(readSteps(row.id)), work.deadline),
    )
    return new Map(rows.map((step) => [step.name, step]))
  }

  async #run(name: string, work: (context: StepContext<unknown>) => unknown): Promise<unknown> {
    const known = await this.#begin(name)
    if (known?.is_done === true) return fromJson(known.result)
    const scope = this.#scope
    // Without the lease, the step's external calls could not be fenced.
    if (!scope.holdsLease()) throw leaseOver
    const span = scope.work.span.begin(`step ${name}`, 'internal')
    const stepWork = { ...scope.work, span }
    const { pool, job, limitMs, row } = scope
    const tenant = row.tenant ?? undefined
    try {
      return await withTransaction(
        pool,
        { work: stepWork, limitMs, owner: job, tenant },
        async (transaction) => {
          const bound = scope.bind(transaction)
          const context = new StepRunContext(scope, bound, this.#keyOf(name))
          const running = scope.externalCalls.within(
            { operation: job.name, isOpen: () => transaction.isOpen },
            () => bound.within(() => work(context)),
          )
          const given = await abortable(Promise.resolve(running), scope.deadline)
          const result = this.#toJson(name, given)
          await transaction.commit((check) => [storeStep({ job: scope.row, name, result }, check)])
          return fromJson(result)
        },
      )
    } catch (error) {
      span.fail(error instanceof Error ? error.name : 'unknown')
      throw error
    } finally {
      span.end()
    }
  }

  /**
   * Returns the idempotency key that a step sends to third parties. It cannot be guessed without
   * the job's id.
   */
  #keyOf(name: string): string {
    return hash('sha256', JSON.stringify(['holdfast', this.#scope.row.id, name]), 'base64url')
  }

  #toJson(name: string, value: unknown): string | null {
    if (value === undefined) return null
    const { job } = this.#scope
    const where = `The step "${name}" of the job "${job.name}" (${job.definedAt})`
    const found = findNonJson(value)
    if (found) {
      const at = found.pointer === '' ? '' : ` at ${found.pointer}`
      throw new HoldfastError(
        'step-result-invalid',
        `${where} returned ${found.what}${at}, which is not JSON-serializable. Convert it to strings, numbers, arrays and plain objects: toISOString() of a Date, String() of a bigint, [...entries] of a Map.`,
      )
    }
    const json = JSON.stringify(value)
    if (Buffer.byteLength(json) > maxResultBytes) {
      throw new HoldfastError(
        'step-result-invalid',
        `${where} returned ${Buffer.byteLength(json)} bytes of JSON; the max is ${maxResultBytes}. Write the result to a table and return its id.`,
      )
    }
    return json
  }

  async #sleep(name: string, duration: Duration): Promise<void> {
    const delayMs = toMilliseconds(duration, { option: `duration of the step ${name}` })
    const known = await this.#begin(name)
    if (known && (known.is_done || known.has_passed)) return
    this.#suspend({ step: name, delayMs: known?.rest_ms ?? delayMs, isKnown: known !== undefined })
  }

  async #waitFor<Payload>(
    name: string,
    event: EventType<unknown, Payload>,
    { key, timeout, publisher = this.#scope.service }: WaitOptions,
  ): Promise<Message<Payload> | undefined> {
    const delayMs =
      timeout === undefined ? undefined : toMilliseconds(timeout, { option: `timeout of the step ${name}` })
    const message = { publisher, event: event.name, key }
    let known = await this.#begin(name)
    if (known?.has_passed === true && !known.is_done) known = await this.#giveUp(name, message)
    if (known?.is_done !== true) {
      const restMs = known ? (known.rest_ms ?? undefined) : delayMs
      this.#suspend({
        step: name,
        ...(restMs === undefined ? {} : { delayMs: restMs }),
        message,
        isKnown: known !== undefined,
      })
    }
    if (known.result === null) return undefined
    return toMessage(event, JSON.parse(known.result) as Message<unknown>)
  }

  async #giveUp(step: string, message: AwaitedMessage): Promise<StepRow | undefined> {
    const { pool, work, row, limitMs } = this.#scope
    await withTransaction(pool, { work, limitMs }, (transaction) =>
      transaction.commit([lockMessages([message]), giveUpWaiting(row.id, step)]),
    )
    return (await this.#read()).get(step)
  }

  #suspend(pause: Pause): never {
    this.#pauses.push(pause)
    throw new Suspended(pause.step)
  }
}

function fromJson(result: string | null): unknown {
  return result === null ? undefined : (JSON.parse(result) as unknown)
}

async function toMessage<Payload>(
  event: EventType<unknown, Payload>,
  stored: Message<unknown>,
): Promise<Message<Payload>> {
  const result = await validate(event.payload, stored.payload)
  if (result.issues) {
    throw new HoldfastError(
      'message-invalid',
      `The message ${stored.id} of the event "${event.name}" does not match the current schema of the event: ${result.issues[0]?.message}.`,
    )
  }
  return { ...stored, payload: result.value as Payload, publishedAt: new Date(stored.publishedAt) }
}
