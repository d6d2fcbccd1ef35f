import type { Attributes, Span } from '../kernel/span.ts'
import type { HistogramSeries, Telemetry } from '../kernel/telemetry.ts'
import type { Work } from '../kernel/work.ts'
import { sqlStateOf } from './sql-state.ts'
import { nameStatement } from './statement-text.ts'

/** A statement that is being watched. */
export interface ObservedStatement {
  /** It has given or changed so many rows. */
  end(rows: number | null): void
  fail(error: unknown): void
}

/** Watches the statements of one database. */
export interface StatementObserver {
  begin(text: string, hasValues: boolean, work: Work): ObservedStatement
}

/** What the statements of one text have in common. */
interface Kind {
  readonly summary: string
  readonly operation: string
  readonly attributes: Attributes
  readonly series: HistogramSeries
}

// As the semantic conventions advise (db.client.operation.duration).
const durationBounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]

// An application has a few hundred; one that puts values into its texts has any number, and must not fill the memory.
const mostKinds = 1_000

/** Makes the observer of a database's statements. `place` is told with each: where the server is, and the database's name. */
export function observeStatements(telemetry: Telemetry, place: Attributes): StatementObserver {
  const duration = telemetry.histogram({
    name: 'db.client.operation.duration',
    description: 'Duration of database client operations.',
    unit: 's',
    bounds: durationBounds,
  })
  const common: Attributes = { 'db.system.name': 'postgresql', ...place }
  const kinds = new Map<string, Kind>()

  function kindOf(text: string, hasValues: boolean): Kind {
    const known = kinds.get(text)
    if (known) return known
    const { operation, summary, text: shown } = nameStatement(text, hasValues)
    const measured: Attributes = { ...common, 'db.operation.name': operation }
    const kind: Kind = {
      summary,
      operation,
      attributes: { ...measured, 'db.query.summary': summary, 'db.query.text': shown },
      series: duration.with(measured),
    }
    if (kinds.size >= mostKinds) kinds.clear()
    kinds.set(text, kind)
    return kind
  }

  return {
    begin(text, hasValues, work) {
      const kind = kindOf(text, hasValues)
      const span = work.span.begin(kind.summary, 'client', kind.attributes)
      const startedMs = performance.now()
      const finish = (series: HistogramSeries): void => {
        const elapsedMs = performance.now() - startedMs
        work.usage.databaseMs += elapsedMs
        span.end()
        series.record(elapsedMs / 1_000, span)
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

/** Notes a failure on a span, and gives what it is called: its SQLSTATE where the server answered. */
function failureOf(error: unknown, span: Span): string {
  const state = sqlStateOf(error)
  if (state !== undefined) span.set('db.response.status_code', state)
  const type = state ?? (error instanceof Error ? error.name : 'unknown')
  // The server's message may hold values of the row that it is about.
  span.fail(type)
  return type
}
