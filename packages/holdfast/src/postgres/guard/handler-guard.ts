import { inspect } from 'node:util'
import { type CompiledOperation, describeOperation } from '../../kernel/compile.ts'
import { HoldfastError } from '../../kernel/holdfast-error.ts'
import type { Logger } from '../../kernel/log.ts'
import type { Span } from '../../kernel/span.ts'
import type { StatementGuard, StatementWatch } from '../../kernel/statement-guard.ts'
import { shapeOf } from '../statement-shape.ts'
import { nameStatement } from '../statement-text.ts'
import type { Fingerprints } from './fingerprints.ts'
import type { UnboundedReads } from './unbounded-reads.ts'

/** What looks closely, in development and in tests. */
export interface GuardWatch extends StatementWatch {
  readonly fingerprints: Fingerprints
  readonly unbounded: UnboundedReads
}

/** On whose behalf statements are guarded. */
export interface GuardedRun {
  readonly span: Span
  readonly log: Logger
}

/** What is known of a statement that comes again. */
interface Repetition {
  runs: number
  readonly firstMs: number
  readonly isRead: boolean
  /** Its values as text, where somebody looks closely. */
  readonly firstValues: string
  isOfOneValue: boolean
  isTold: boolean
}

// They read and write no rows.
const uncounted = new Set(['savepoint', 'release', 'rollback', 'set'])

// The runs of one statement at which it is refused, told of, and noted in the trace: its second, third and fifth repeat.
const refusedAt = 3
const warnedAt = 4
const notedAt = 6
// What is over sooner is not worth anybody's time in production.
const notedAfterMs = 50

/** Guards one run of an operation's handler. `watch` is absent in production: what repeats is noted in the trace then. */
export class HandlerGuard implements StatementGuard {
  readonly #operation: CompiledOperation
  readonly #watch: GuardWatch | undefined
  readonly #run: GuardedRun
  #repetitions: Map<string, Repetition> | undefined
  #statements = 0
  /** The first statement in production, until there is a second. */
  #first: string | undefined

  constructor(operation: CompiledOperation, watch: GuardWatch | undefined, run: GuardedRun) {
    this.#operation = operation
    this.#watch = watch
    this.#run = run
  }

  get maxRows(): number {
    return this.#operation.maxRows
  }

  before(text: string, values: readonly unknown[] | undefined): string | undefined {
    const place = this.#watch?.placeOf()
    if (uncounted.has(shapeOf(text).verb)) return place
    this.#watch?.unbounded.look(text, this.#operation, this.#watch.log ?? this.#run.log)
    this.#spend(text, values)
    if (this.#operation.repeats !== undefined) return place
    // Most calls are one statement, in which there is nothing to compare.
    if (this.#statements === 1 && !this.#watch) this.#first = text
    else {
      if (this.#first !== undefined) this.#compare(this.#first, undefined)
      this.#first = undefined
      this.#compare(text, values, place)
    }
    return place
  }

  tooManyRows(text: string, values: readonly unknown[] | undefined): HoldfastError {
    const { maxRows } = this.#operation
    return new HoldfastError(
      'rows-exceeded',
      `${this.#who} was given more than ${maxRows} rows by one statement: ${shown(text, values)}. Give the statement a LIMIT, answer with pages, or raise maxRows of the operation.`,
    )
  }

  get #who(): string {
    return describeOperation(this.#operation)
  }

  #tell(error: HoldfastError, fields: Readonly<Record<string, string | number>>): void {
    const { span, log } = this.#run
    if (this.#watch?.refuses === true) throw error
    if (this.#watch) (this.#watch.log ?? log).warn({ code: error.code, ...fields }, error.message)
    else span.addEvent(`holdfast.${error.code}`, fields)
  }

  #spend(text: string, values: readonly unknown[] | undefined): void {
    const { budget } = this.#operation
    this.#statements += 1
    // Told of once, and refused as often as somebody goes on.
    const isOver = this.#watch?.refuses === true ? this.#statements > budget : this.#statements === budget + 1
    if (!isOver) return
    this.#tell(
      new HoldfastError(
        'budget-exceeded',
        `${this.#who} ran more statements than its budget of ${budget}; the first one too many is: ${shown(text, values)}. Read more with each statement, or give the operation a higher budget.`,
      ),
      { budget },
    )
  }

  #compare(text: string, values: readonly unknown[] | undefined, place?: string): void {
    const watch = this.#watch
    const repetitions = (this.#repetitions ??= new Map<string, Repetition>())
    const { isRead } = shapeOf(text)
    if (!isRead) forgetReads(repetitions)
    const kind = watch ? watch.fingerprints.of(text) : text
    const key = place === undefined ? kind : `${place} ${kind}`
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
        isTold: false,
      })
      return
    }
    known.runs += 1
    known.isOfOneValue &&= known.firstValues === given
    if (!isWorthTelling(known, watch)) return
    known.isTold = true
    const statement = shown(text, values)
    const what = describe(statement, known, { place, watch })
    this.#tell(new HoldfastError('query-repeated', `${this.#who} ${what}`), {
      statement,
      runs: known.runs,
      ...(place === undefined ? {} : { place }),
    })
  }
}

const wholly = { depth: 4, maxArrayLength: null, maxStringLength: null } as const

/** What is read again after a write may have changed. */
function forgetReads(repetitions: Map<string, Repetition>): void {
  for (const [key, { isRead }] of repetitions) if (isRead) repetitions.delete(key)
}

/** What is refused is refused each time; everything else is told once. */
function isWorthTelling({ runs, firstMs, isTold }: Repetition, watch: StatementWatch | undefined): boolean {
  if (watch) return watch.refuses ? runs >= refusedAt : runs === warnedAt
  return !isTold && runs >= notedAt && performance.now() - firstMs >= notedAfterMs
}

const readAtOnce = 'Read it for all at once, with a join, with `= any($1)`, or with load of a relation'
const writeAtOnce = 'Write them all at once, with more rows of values, or with `unnest($1)`'

function describe(
  statement: string,
  { runs, isRead, isOfOneValue }: Repetition,
  { place, watch }: { readonly place: string | undefined; readonly watch: StatementWatch | undefined },
): string {
  const where = place === undefined ? '' : ` at ${place}`
  if (!watch) return `ran one statement ${runs} times: ${statement}.`
  const [what, fix] = isOfOneValue
    ? ['the same values', 'Run it once and keep its rows']
    : ['other values each time (N+1)', isRead ? readAtOnce : writeAtOnce]
  return `ran one statement ${runs} times with ${what}${where}: ${statement}. ${fix}; where the loop is meant, say so with repeats: { allow: 'the reason' } on the operation.`
}

/** A statement as it may be shown: without values of its text. */
function shown(text: string, values: readonly unknown[] | undefined): string {
  return nameStatement(text, (values?.length ?? 0) > 0).text
}
