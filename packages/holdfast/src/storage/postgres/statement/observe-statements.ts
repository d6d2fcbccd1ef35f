import type { Attributes, Span } from '../../../kernel/telemetry/span.ts'
import type { HistogramSeries, Telemetry } from '../../../kernel/telemetry/telemetry.ts'
import type { Work } from '../../../kernel/host/work.ts'
import { sqlStateOf } from '../errors/sql-state.ts'
import { describeStatement } from './statement-text.ts'

/** A statement under observation. */
export interface ObservedStatement {
  /** Ends the observation with the number of rows returned or changed. */
  end(rows: number | null): void
  fail(error: unknown): void
}

/** Observes the statements of one database. */
export interface StatementObserver {
  begin(text: string, hasValues: boolean, work: Work): ObservedStatement
}

/** The names, attributes and metrics that all statements of one text share. */
interface Kind {
  readonly summary: string
  readonly operation: string
  readonly attributes: Attributes
  readonly series: HistogramSeries
}

// The bounds that the semantic conventions recommend (db.client.operation.duration).
const durationBounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]

// Most applications have a few hundred statement texts. An application that concatenates values
// into its statements has an unlimited number of texts, which must not fill the memory.
const maxKinds = 1_000

/**
 * Creates the observer of a database's statements. Each span has the attributes in `server`: the
 * server's address and the database's name.
 */
export function observeStatements(telemetry: Telemetry, server: Attributes): StatementObserver {
  const duration = telemetry.histogram({
    name: 'db.client.operation.duration',
    description: 'Duration of database client operations.',
    unit: 's',
    bounds: durationBounds,
  })
  const common: Attributes = { 'db.system.name': 'postgresql', ...server }
  const kinds = new Map<string, Kind>()

  function kindOf(text: string, hasValues: boolean): Kind {
    const known = kinds.get(text)
    if (known) return known
    const { operation, summary, text: shown } = describeStatement(text, hasValues)
    const measured: Attributes = { ...common, 'db.operation.name': operation }
    const kind: Kind = {
      summary,
      operation,
      attributes: { ...measured, 'db.query.summary': summary, 'db.query.text': shown },
      series: duration.with(measured),
    }
    if (kinds.size >= maxKinds) kinds.clear()
    kinds.set(text, kind)
    return kind
  }

  return {
    begin(text, hasValues, work) {
      const kind = kindOf(text, hasValues)
      const span = work.span.begin(kind.summary, 'client', kind.attributes)
      const startedMs = performance.now()
      const finish = (series: HistogramSeries): void => {
        const endedMs = performance.now()
        const elapsedMs = endedMs - startedMs
        work.usage.databaseMs += elapsedMs
        span.end(endedMs)
        series.record(elapsedMs / 1_000, span, endedMs)
      }
      return {
        end(rows) {
          if (rows !== null) span.set('db.response.returned_rows', rows)
          finish(kind.series)
        },
        fail(error) {
          const type = failureOf(error, span)
          finish(duration.with({ ...common, 'db.operation.name': kind.operation, 'error.type': type }))
        },
      }
    },
  }
}

/** Records a failure on a span. Returns its type: the SQLSTATE if the server answered. */
function failureOf(error: unknown, span: Span): string {
  const state = sqlStateOf(error)
  if (state !== undefined) span.set('db.response.status_code', state)
  const type = state ?? (error instanceof Error ? error.name : 'unknown')
  // The server's message may contain row values.
  span.fail(type)
  return type
}
