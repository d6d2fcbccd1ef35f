import type pg from 'pg'
import type { WorkerOptions } from '../kernel/background.ts'
import { placeOfProgram } from '../foreign-calls/caller-of.ts'
import { createForeignCallWatch } from '../foreign-calls/create-foreign-call-watch.ts'
import { type Clock, systemClock } from '../kernel/clock.ts'
import { createLogger } from '../kernel/log.ts'
import type { RunningService, Service } from '../kernel/service.ts'
import type { Operations } from '../kernel/service-definition.ts'
import type { Telemetry } from '../kernel/telemetry.ts'
import { createHandler, type HandlerOptions } from '../http/handler.ts'
import { createTestDatabase, templateFor } from './template.ts'
import { type AnswerCaller, createAnswerCaller, createTypedCaller, type TypedCaller } from './typed-caller.ts'
import { openDriverPool } from '../postgres/driver-client.ts'
import { driverSettings } from '../postgres/session-settings.ts'

/** Options of {@link createTestService}. */
export interface TestServiceOptions {
  /** Default: the machine's. `createFakeClock()` holds the time. */
  readonly clock?: Clock
  /** Environment variables over those of the process. */
  readonly env?: Readonly<Record<string, string>>
  /** Takes each log line. Default: those of level error go to stderr. */
  readonly onLog?: (line: string) => void
  readonly http?: HandlerOptions
  /** How it works on its jobs, schedules and messages. Default: as in production; `false`: not at all, what is enqueued stays. */
  readonly worker?: WorkerOptions | false
  /** What watches the service: `createTelemetry()` of `holdfast/telemetry`. Default: nothing does. */
  readonly telemetry?: Telemetry
  /**
   * What becomes of calls to third parties that a mutation makes, or a job while its transaction is open: they are reported as a
   * warning in the log, on stderr by default; refused, so that they fail, and what made them too; or allowed. Default `'report'`.
   */
  readonly foreignCalls?: 'report' | 'refuse' | 'allow'
  /**
   * What becomes of statements that a handler repeats, or runs beyond its operation's budget: they are reported as a warning in the
   * log, at the third repeat; refused with `query-repeated` at the second, and `budget-exceeded`; or allowed. Default `'refuse'`.
   */
  readonly statements?: 'report' | 'refuse' | 'allow'
}

/** A service that runs on a database of its own, for one test or a file of them. */
export interface TestService<O extends Operations> extends AsyncDisposable {
  /** Calls operations with their types; a problem rejects. */
  readonly call: TypedCaller<O>
  /** Calls operations and gives the whole answer. */
  readonly send: AnswerCaller<O>
  /** Sends an HTTP request, without a socket. `path` begins with a slash. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** Runs SQL beside the service, to arrange and to look. */
  sql<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>
  readonly running: RunningService<O>
  /** The URL of its database. */
  readonly databaseUrl: string
  /** Stops the service and drops its database. */
  stop(): Promise<void>
}

// A test that ends while jobs run is not interested in them.
const stopLimitMs = 1_000

/** Starts a service on a copy of a database that has its migrations applied already: in some tens of milliseconds. */
export async function createTestService<O extends Operations>(
  service: Service<O>,
  options: TestServiceOptions = {},
): Promise<TestService<O>> {
  const env = { ...process.env, ...options.env }
  const { onLog, foreignCalls = 'report', statements = 'refuse' } = options
  const database = await createTestDatabase(await templateFor(service as Service, env))
  const write = onLog ?? ((line: string) => process.stderr.write(`${line}\n`))
  const warnings = createLogger({ level: 'warn', write })
  const running = await service.start({
    env: { ...env, DATABASE_URL: database.url },
    mode: 'test',
    clock: options.clock ?? systemClock,
    log: createLogger({ level: onLog ? 'debug' : 'error', write }),
    notify: () => {},
    ...(options.telemetry ? { telemetry: options.telemetry } : {}),
    ...(statements === 'allow'
      ? {}
      : { statements: { refuses: statements === 'refuse', placeOf: placeOfProgram, log: warnings } }),
    ...(foreignCalls === 'allow'
      ? {}
      : {
          foreignCalls: createForeignCallWatch({
            log: warnings,
            refuses: foreignCalls === 'refuse',
          }),
        }),
  })
  const worker = options.worker === false ? undefined : await running.startWorker(options.worker)
  const handler = createHandler(running, options.http)
  const send = createAnswerCaller(running)
  const looking = openDriverPool({
    connectionString: database.url,
    max: 2,
    sessionSettings: driverSettings({ isPooled: false }),
  })
  const stop = async (): Promise<void> => {
    await worker?.stop(stopLimitMs)
    await running.stop()
    await looking.end()
    await database.drop()
  }
  return {
    call: createTypedCaller(service.operations, send),
    send,
    fetch: async (path, init) => handler.fetch(new Request(`http://service.test${path}`, init)),
    sql: async (text, values) => (await looking.query(text, values)).rows,
    running,
    databaseUrl: database.url,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
