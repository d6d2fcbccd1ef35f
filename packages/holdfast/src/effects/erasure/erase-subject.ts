import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { uuidv7 } from '../../kernel/base/uuid-v7.ts'
import { isRetryable } from '../../storage/postgres/errors/sql-state.ts'
import { runStatement, type StatementClient } from '../../storage/postgres/statement/statement-client.ts'
import { inTransaction } from '../../storage/postgres/transaction/in-transaction.ts'
import type { ErasedCounts, FoundRow, SubjectInService, SubjectSource } from '../subjects/subject-source.ts'
import { endErasure, insertErasure, updateErasure } from './queries/erasures.ts'
import { locateSubject, type SubjectOf } from './subject-service.ts'
import { firstId, nextAfter, subjectSources } from './subject-sources.ts'

// Erases the data stored about a person, in batches.
//
//   for each kind of row: find a page ─▶ erase what is not needed ─▶ count what is left ─▶ commit
//   again, until a pass erases nothing
//
// Invariants
// 1. A committed key stays as a row without an answer. A retry with the key gets a 410, and never
//    runs again.
// 2. One transaction erases a row and its subjects, and updates the erasure's record. After a
//    crash, the next erasure continues with the rows that are left.
// 3. A message is deleted only when every subscription has read it. A job is deleted only when it
//    cannot run.
// 4. A dry run executes the same look-ups, but no writes.

/** Options of {@link eraseSubject}. */
export interface EraseOptions extends SubjectOf {
  /** True to only count the rows that would be erased. Default false. */
  readonly dryRun?: boolean
  /**
   * True to also cancel waiting jobs and undelivered webhooks, and erase their data. If false,
   * their data is kept until they end. Default false. Set it if this work is no longer needed.
   */
  readonly cancelWaiting?: boolean
  /**
   * A reference to store in the erasure's record, such as a ticket number; at most 255 characters.
   * Default: none. Do not use personal data.
   */
  readonly reference?: string
  /** Max number of rows per transaction, 1 to 1,000. Default 100. */
  readonly batchSize?: number
}

/** A row that was not erased. */
export interface HeldRow {
  /** `'message'`, `'job'` or `'webhook'`. */
  readonly kind: string
  readonly id: string
  /** The name of the job, or the event. */
  readonly name: string
  /** `'running'`, `'waiting'`, or the reason why a message is still needed. */
  readonly reason: string
}

/** The result of an erasure. */
export interface SubjectErasure {
  /**
   * The id of this erasure's record; `null` for a dry run, or if no service has rows of the
   * subject.
   */
  readonly id: string | null
  /** The service whose rows were erased; `null` if no service has rows of the subject. */
  readonly service: string | null
  readonly isDryRun: boolean
  /**
   * Number of erased rows by kind: `keys`, `messages`, `deadLetters`, `jobs`, `webhooks`,
   * `deliveries`. For a dry run, the number of rows that would be erased.
   */
  readonly erased: ErasedCounts
  /** Number of rows kept because they are still needed. */
  readonly heldCount: number
  /** The first 100 rows that were kept. */
  readonly held: readonly HeldRow[]
  /** True if no row is left. If false, erase again when the rows in `held` are no longer needed. */
  readonly isComplete: boolean
  /** Other services on the database that have rows of the subject. Their rows were not touched. */
  readonly otherServices: readonly string[]
}

const maxHeld = 100
const maxBatchSize = 1_000
const maxReference = 255
// Max number of passes. Each pass finds rows that were written during the previous pass. If rows
// are written faster than they are erased, the remaining rows are left for the next erasure.
const maxPasses = 10
// Max number of attempts per batch. A batch that Postgres aborts because of a deadlock is repeated.
const maxAttempts = 5

/**
 * Erases the data stored about a subject, in batches, each in its own transaction. An interrupted
 * erasure continues when it is run again.
 *
 * @param client A pool or a client. If the client is in a transaction, all batches commit with that
 * transaction.
 * @param subject As `subjectsOf` returns it, such as `customer:42`.
 * @throws HoldfastError `subject-invalid`, `subject-service-ambiguous` or
 * `erasure-options-invalid`.
 *
 * @example
 * ```ts
 * const { isComplete } = await eraseSubject(pool, 'customer:42', { reference: 'ticket-1234' })
 * ```
 */
export async function eraseSubject(
  client: StatementClient,
  subject: string,
  options: EraseOptions = {},
): Promise<SubjectErasure> {
  const { dryRun: isDryRun = false, reference = null } = options
  checkOptions(options)
  const { subject: stored, service, otherServices } = await locateSubject(client, subject, options)
  if (service === undefined) {
    return {
      id: null,
      service: null,
      isDryRun,
      erased: {},
      heldCount: 0,
      held: [],
      isComplete: true,
      otherServices,
    }
  }
  const of = { subject: stored, service }
  const id = isDryRun ? null : uuidv7()
  const erasure = new Erasure(client, { of, id, options })
  if (id !== null) await runStatement(client, insertErasure(id, of, reference))
  await erasure.run()
  const { erased, held, heldCount, isComplete } = erasure
  if (id !== null) await runStatement(client, endErasure(id, heldCount))
  return { id, service, isDryRun, erased, heldCount, held, isComplete, otherServices }
}

function checkOptions({ reference, batchSize = 1 }: EraseOptions): void {
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > maxBatchSize)
    throw optionsInvalid(`the batch size ${batchSize}; it must be an integer from 1 to ${maxBatchSize}`)
  if (reference !== undefined && (reference.length > maxReference || reference.includes('\0')))
    throw optionsInvalid(
      `a reference of ${reference.length} characters; it must have at most ${maxReference}, and no U+0000`,
    )
}

function optionsInvalid(what: string): HoldfastError {
  return new HoldfastError('erasure-options-invalid', `An erasure was requested with ${what}.`)
}

interface ErasureParts {
  readonly of: SubjectInService
  /** The id of the erasure's record; `null` for a dry run. */
  readonly id: string | null
  readonly options: EraseOptions
}

/** One run of an erasure. */
class Erasure {
  readonly #client: StatementClient
  readonly #parts: ErasureParts
  readonly #cancelsWaiting: boolean
  readonly #limit: number
  erased: ErasedCounts = {}
  held: HeldRow[] = []
  heldCount = 0
  /** True if the last pass found nothing to erase. */
  #isSettled = false

  constructor(client: StatementClient, parts: ErasureParts) {
    this.#client = client
    this.#parts = parts
    this.#cancelsWaiting = parts.options.cancelWaiting ?? false
    this.#limit = parts.options.batchSize ?? 100
  }

  get isComplete(): boolean {
    return this.heldCount === 0 && (this.#isSettled || this.#parts.id === null)
  }

  async run(): Promise<void> {
    for (let pass = 0; pass < maxPasses && !this.#isSettled; pass += 1) {
      this.held = []
      this.heldCount = 0
      let count = 0
      for (const source of subjectSources) count += await this.#runSource(source)
      this.#isSettled = count === 0
      // Another pass of a dry run would find the same rows.
      if (this.#parts.id === null) return
    }
  }

  /** Erases the rows of a source, and returns their number. */
  async #runSource(source: SubjectSource): Promise<number> {
    let count = 0
    for (let after: string | undefined = firstId; after !== undefined;) {
      const page = { ...this.#parts.of, after, limit: this.#limit }
      const rows = await source.find(this.#client, page)
      const ids = rows.filter((row) => this.#isErasable(row)).map((row) => row.id)
      count += ids.length
      if (this.#parts.id === null) this.#count(source, rows)
      else {
        if (ids.length > 0) await this.#erase(source, ids)
        for (const row of rows) if (!this.#isErasable(row)) this.#hold(source, row)
      }
      after = nextAfter(rows, this.#limit)
    }
    return count
  }

  #isErasable({ held }: FoundRow): boolean {
    return held === null || (held === 'waiting' && this.#cancelsWaiting)
  }

  /** Counts the rows that a dry run would erase. */
  #count(source: SubjectSource, rows: readonly FoundRow[]): void {
    for (const row of rows) {
      if (this.#isErasable(row)) this.erased = sumOf(this.erased, row.contents)
      else this.#hold(source, row)
    }
  }

  async #erase(source: SubjectSource, ids: readonly string[]): Promise<void> {
    const { of, id } = this.#parts
    for (let attempts = 1; ; attempts += 1) {
      try {
        this.erased = await inTransaction(this.#client, async (within) => {
          const counts = await source.erase(within, of, { ids, cancelsWaiting: this.#cancelsWaiting })
          const erased = sumOf(this.erased, counts)
          await runStatement(within, updateErasure(id!, erased))
          return erased
        })
        return
      } catch (error) {
        if (!isRetryable(error) || attempts === maxAttempts) throw error
      }
    }
  }

  #hold({ kind }: SubjectSource, { id, name, held }: FoundRow): void {
    this.heldCount += 1
    if (this.held.length < maxHeld) this.held.push({ kind, id, name, reason: held! })
  }
}

function sumOf(counts: ErasedCounts, more: ErasedCounts): ErasedCounts {
  const sum: Record<string, number> = { ...counts }
  for (const [kind, count] of Object.entries(more)) if (count > 0) sum[kind] = (sum[kind] ?? 0) + count
  return sum
}
