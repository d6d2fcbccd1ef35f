import type pg from 'pg'
import type { WorkerOptions } from '../kernel/background/background.ts'
import { callerLineOfProgram } from '../platform/external-calls/caller-of.ts'
import { createExternalCallWatch } from '../platform/external-calls/create-external-call-watch.ts'
import { type Clock, systemClock } from '../kernel/base/clock.ts'
import { createLogger } from '../kernel/base/log.ts'
import type { RunningService, Service } from '../kernel/service/service.ts'
import type { Operations } from '../kernel/service/service-definition.ts'
import type { Telemetry } from '../kernel/telemetry/telemetry.ts'
import { createHandler, type HandlerOptions } from '../transports/http/handler.ts'
import { createTestDatabase, templateFor } from './template.ts'
import { type AnswerCaller, createAnswerCaller, createTypedCaller, type TypedCaller } from './typed-caller.ts'
import { openDriverPool } from '../storage/postgres/session/driver-client.ts'
import { driverSettings } from '../storage/postgres/session/session-settings.ts'

/** Options of {@link createTestService}. */
export interface TestServiceOptions {
  /**
   * The clock of the service. Default: the system clock. Pass `createFakeClock()` to control time.
   */
  readonly clock?: Clock
  /** Environment variables that override the variables of the process. Default: none. */
  readonly env?: Readonly<Record<string, string>>
  /** Receives each log line. Default: lines of level error go to stderr. */
  readonly onLog?: (line: string) => void
  /** The options of the HTTP handler. Default: none. */
  readonly http?: HandlerOptions
  /**
   * Options of the worker for jobs, schedules and messages. Default: as in production. `false`: the
   * service has no worker, so jobs stay in the queue.
   */
  readonly worker?: WorkerOptions | false
  /**
   * The telemetry of the service: `createTelemetry()` of `holdfast/telemetry`. Default: nothing is
   * recorded.
   */
  readonly telemetry?: Telemetry
  /**
   * The handling of calls to third parties from mutations, and from jobs while their transaction is
   * open. `'report'` logs a warning (on stderr by default), `'refuse'` fails the call to the third
   * party and the mutation or job, and `'allow'` ignores it. Default `'report'`.
   */
  readonly externalCalls?: 'report' | 'refuse' | 'allow'
  /**
   * The handling of repeated statements, and of statements beyond the budget of an operation.
   * `'refuse'` throws `query-repeated` at the second repeat of a statement, and
   * `statement-budget-exceeded` beyond the budget. `'report'` logs a warning at the third repeat,
   * and beyond the budget. `'allow'` ignores both. Default `'refuse'`.
   */
  readonly statements?: 'report' | 'refuse' | 'allow'
}

/** A service that runs on a dedicated database, for one test or a file of tests. */
export interface TestService<Defined extends Operations> extends AsyncDisposable {
  /**
   * Calls operations by name, with their types. Rejects with `CallFailed` if the answer is a
   * problem.
   */
  readonly call: TypedCaller<Defined>
  /**
   * Calls operations by name and returns the whole response (`status`, `headers`, `body`), even if
   * it is a problem.
   */
  readonly send: AnswerCaller<Defined>
  /**
   * Sends an HTTP request to a path that begins with a slash. The request needs no socket, but is
   * decoded and answered like any HTTP request.
   */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** Runs SQL outside the service, to set up data and to inspect it. */
  sql<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>
  /** The running service. */
  readonly running: RunningService<Defined>
  /** The URL of the service's database, for `psql` while debugging. */
  readonly databaseUrl: string
  /** Stops the service and drops its database; `await using` does this automatically. */
  stop(): Promise<void>
}

// The grace period of the worker. Short, because a test that ends while jobs are running does not
// need their results.
const stopLimitMs = 1_000

/**
 * Starts a service on a copy of a database to which its migrations are already applied. This takes
 * a few tens of milliseconds.
 *
 * @example
 * ```ts
 * await using tested = await createTestService(shop)
 *
 * await tested.call.placeOrder({ total: 120 })
 * const { body } = await tested.send('listOrders', {})
 * ```
 */
export async function createTestService<Defined extends Operations>(
  service: Service<Defined>,
  options: TestServiceOptions = {},
): Promise<TestService<Defined>> {
  const env = { ...process.env, ...options.env }
  const { onLog, externalCalls = 'report', statements = 'refuse' } = options
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
      : {
          statements: { refuses: statements === 'refuse', callerLineOf: callerLineOfProgram, log: warnings },
        }),
    ...(externalCalls === 'allow'
      ? {}
      : {
          externalCalls: createExternalCallWatch({
            log: warnings,
            refuses: externalCalls === 'refuse',
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
