import { inspect } from 'node:util'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { Logger } from '../../kernel/base/log.ts'
import type { Span } from '../../kernel/telemetry/span.ts'
import type { StatementGuard, StatementWatch } from '../../kernel/host/statement-guard.ts'
import { shapeOf } from '../postgres/statement/statement-shape.ts'
import { describeStatement } from '../postgres/statement/statement-text.ts'
import type { Fingerprints } from './fingerprints.ts'
import { describeHandler, type GuardedHandler } from './guarded-handler.ts'
import type { UnboundedReads } from './unbounded-reads.ts'

/** The checks that run only in development and in tests. */
export interface GuardWatch extends StatementWatch {
  readonly fingerprints: Fingerprints
  readonly unbounded: UnboundedReads
}

/** The run whose statements are guarded. */
export interface GuardedRun {
  readonly span: Span
  readonly log: Logger
}

/** The record of a repeated statement. */
interface Repetition {
  runs: number
  readonly firstMs: number
  readonly isRead: boolean
  /** The first text and values of the statement, for comparison. Empty in production. */
  readonly firstValues: string
  isOfOneValue: boolean
  isReported: boolean
}

// These statements neither read nor write rows.
const uncounted = new Set(['savepoint', 'release', 'rollback', 'set'])

// The number of runs at which a repeated statement is rejected (tests), logged (development) or
// recorded in the trace (production).
const refusedAt = 3
const warnedAt = 4
const notedAt = 6
// In production, repetitions with a shorter total duration are not reported.
const notedAfterMs = 50

/**
 * Guards one run of an operation's handler. In production, `watch` is absent, and repetitions are
 * recorded in the trace.
 */
export class HandlerGuard implements StatementGuard {
  readonly #handler: GuardedHandler
  readonly #watch: GuardWatch | undefined
  readonly #run: GuardedRun
  #repetitions: Map<string, Repetition> | undefined
  #statements = 0
  /** In production only: the text of the first statement, until the second one runs. */
  #first: string | undefined

  constructor(handler: GuardedHandler, watch: GuardWatch | undefined, run: GuardedRun) {
    this.#handler = handler
    this.#watch = watch
    this.#run = run
  }

  get maxRows(): number {
    return this.#handler.maxRows
  }

  before(text: string, values: readonly unknown[] | undefined): string | undefined {
    const calledAt = this.#watch?.callerLineOf()
    if (uncounted.has(shapeOf(text).verb)) return calledAt
    this.#watch?.unbounded.look(text, this.#handler, this.#watch.log ?? this.#run.log)
    this.#spend(text, values)
    if (this.#handler.repeats !== undefined) return calledAt
    // Most calls run one statement, so there is nothing to compare.
    if (this.#statements === 1 && !this.#watch) this.#first = text
    else {
      if (this.#first !== undefined) this.#compare(this.#first, undefined)
      this.#first = undefined
      this.#compare(text, values, calledAt)
    }
    return calledAt
  }

  tooManyRows(text: string, values: readonly unknown[] | undefined): HoldfastError {
    const { maxRows } = this.#handler
    return new HoldfastError(
      'too-many-rows',
      `${this.#who} read more than ${maxRows} rows with one statement: ${redactedText(text, values)}. Add a LIMIT${this.#isPart ? '' : ', return pages, or raise maxRows of the operation'}.`,
    )
  }

  /**
   * True if the identifiers and the access rule run the statements, not a handler. Only a handler's
   * limits can be configured.
   */
  get #isPart(): boolean {
    return this.#handler.part !== undefined
  }

  get #who(): string {
    return describeHandler(this.#handler)
  }

  #tell(error: HoldfastError, fields: Readonly<Record<string, string | number>>): void {
    const { span, log } = this.#run
    if (this.#watch?.refuses === true) throw error
    if (this.#watch) (this.#watch.log ?? log).warn({ code: error.code, ...fields }, error.message)
    else span.addEvent(`holdfast.${error.code}`, fields)
  }

  #spend(text: string, values: readonly unknown[] | undefined): void {
    const { budget } = this.#handler
    this.#statements += 1
    if (this.#statements <= budget) return
    const error = new HoldfastError(
      'statement-budget-exceeded',
      `${this.#who} exceeded its budget of ${budget} statements with: ${redactedText(text, values)}. Read more rows with each statement${this.#isPart ? '' : ', or raise the budget of the operation'}.`,
    )
    // These statements run before the caller is known, so the limit also holds in production.
    if (this.#isPart) throw error
    // An exceeded budget is logged once, but in tests each further statement is rejected.
    if (this.#watch?.refuses === true || this.#statements === budget + 1) this.#tell(error, { budget })
  }

  #compare(text: string, values: readonly unknown[] | undefined, calledAt?: string): void {
    const watch = this.#watch
    const repetitions = (this.#repetitions ??= new Map<string, Repetition>())
    const { isRead } = shapeOf(text)
    if (!isRead) forgetReads(repetitions)
    const kind = watch ? watch.fingerprints.of(text) : text
    const key = calledAt === undefined ? kind : `${calledAt} ${kind}`
    const given = watch ? `${text} ${inspect(values, wholly)}` : ''
    const known = repetitions.get(key)
    if (!known) {
      const firstMs = performance.now()
      repetitions.set(key, {
        runs: 1,
        firstMs,
        isRead,
        firstValues: given,
        isOfOneValue: true,
        isReported: false,
      })
      return
    }
    known.runs += 1
    known.isOfOneValue &&= known.firstValues === given
    if (!isWorthReporting(known, watch)) return
    known.isReported = true
    const statement = redactedText(text, values)
    const what = describe(statement, known, { calledAt, watch, isPart: this.#isPart })
    this.#tell(new HoldfastError('query-repeated', `${this.#who} ${what}`), {
      statement,
      runs: known.runs,
      ...(calledAt === undefined ? {} : { calledAt }),
    })
  }
}

const wholly = { depth: 4, maxArrayLength: null, maxStringLength: null } as const

/**
 * Forgets earlier reads after a write. The same read may now return different rows, so it does not
 * count as a repetition.
 */
function forgetReads(repetitions: Map<string, Repetition>): void {
  for (const [key, { isRead }] of repetitions) if (isRead) repetitions.delete(key)
}

/**
 * Returns whether to report a repeated statement now. In tests, each further run is rejected;
 * otherwise, the statement is reported once.
 */
function isWorthReporting(
  { runs, firstMs, isReported }: Repetition,
  watch: StatementWatch | undefined,
): boolean {
  if (watch) return watch.refuses ? runs >= refusedAt : runs === warnedAt
  return !isReported && runs >= notedAt && performance.now() - firstMs >= notedAfterMs
}

const readAtOnce =
  'Read all rows at once, with a join, with `= any($1)`, or with the load function of a relation'
const writeAtOnce = 'Write all rows at once, with several rows of values, or with `unnest($1)`'

/** The place where a statement was repeated. */
interface RepetitionPlace {
  readonly calledAt: string | undefined
  readonly watch: StatementWatch | undefined
  /** True if an identifier or an access rule ran the statement, not a handler. */
  readonly isPart: boolean
}

function describe(
  statement: string,
  { runs, isRead, isOfOneValue }: Repetition,
  { calledAt, watch, isPart }: RepetitionPlace,
): string {
  const where = calledAt === undefined ? '' : ` at ${calledAt}`
  if (!watch) return `ran one statement ${runs} times: ${statement}.`
  const [what, fix] = isOfOneValue
    ? ['the same values', 'Run it once and reuse its rows']
    : ['other values each time (N+1)', isRead ? readAtOnce : writeAtOnce]
  const exception = isPart
    ? ''
    : "; if the loop is intended, set repeats: { allow: 'the reason' } on the operation"
  return `ran one statement ${runs} times with ${what}${where}: ${statement}. ${fix}${exception}.`
}

/** Returns a statement's text without values. */
function redactedText(text: string, values: readonly unknown[] | undefined): string {
  return describeStatement(text, (values?.length ?? 0) > 0).text
}
