import { SecretKeys } from '../../platform/secret-keys/secret-keys.ts'
import { createLogger, type Logger, systemClock } from 'holdfast'
import { createMigratedDatabase } from '../../testing/template.ts'
import type pg from 'pg'
import { connectClient } from '../../storage/postgres/session/connect-client.ts'
import type { Jobs } from '../../kernel/background/effects.ts'
import type { EventType, Publish } from '../../kernel/background/event.ts'
import type { ServiceHost } from '../../kernel/host/service-host.ts'
import { unrecordedSpan } from '../../kernel/telemetry/span.ts'
import { continueTrace } from '../../kernel/telemetry/trace-context.ts'
import { systemWork } from '../../kernel/host/work.ts'
import type { WakeSender } from '../wakes/wake.ts'
import { TransactionJobs } from '../jobs/enqueue/transaction-jobs.ts'
import { createPool, type Pool } from '../../storage/postgres/pool/pool.ts'
import type { BoundTransaction, HandlerSession } from '../../storage/postgres/transaction/handler-session.ts'
import { toStatements } from '../../storage/reads/to-statements.ts'
import { Transaction } from '../../storage/postgres/transaction/transaction.ts'
import { uniformLimits } from '../../storage/postgres/queries/begin-transaction.ts'
import { type MessagePump, type MessagePumpParts, startMessagePump } from './message-pump.ts'
import { registerAll } from './register-subscriptions.ts'
import { declarationsOf } from './subscription.ts'
import { publishIn } from './transaction-messages.ts'

/** A transaction like that of a handler, but ended by the test. */
export interface OpenTransaction {
  readonly session: Transaction
  readonly publish: Publish
  /** Sends the collected statements, like a commit, but without COMMIT. */
  flush(): Promise<void>
  commit(): Promise<void>
  rollBack(): Promise<void>
}

/** The service that publishes, and that owns the subscriptions. */
export const testService = 'messages-test'

/** A database with the tables of messages, and functions to use them. */
export interface TestMessages {
  readonly url: string
  readonly pool: Pool
  /** A client for the statements of tests. */
  readonly client: pg.Client
  readonly host: ServiceHost
  /** The logged lines. */
  readonly lines: Record<string, unknown>[]
  /** Number of wakes for published messages, and a waker that receives all wakes. */
  readonly wakes: { count: number; to?: WakeSender }
  readonly bind: (session: HandlerSession) => BoundTransaction
  begin(): Promise<OpenTransaction>
  /** Publishes a message in a separate transaction, and returns its id. */
  readonly publish: Publish
  /** Publishes many messages in one transaction, each with its index as payload. */
  publishMany(event: EventType<number, number>, keys: readonly string[]): Promise<void>
  /** Registers subscriptions that start at the oldest message, and starts to run them. */
  pump(readers: Partial<Readers>): Promise<MessagePump>
  [Symbol.asyncDispose](): Promise<void>
}

type Readers = Pick<MessagePumpParts, 'consumers' | 'subscribers' | 'relays'>

const noBackground = { jobs: new Map(), schedules: [] }

export async function createTestMessages(): Promise<TestMessages> {
  const database = await createMigratedDatabase()
  const lines: Record<string, unknown>[] = []
  const log: Logger = createLogger({ level: 'debug', write: (line) => lines.push(JSON.parse(line)) })
  const pool = createPool({ connectionString: database.url, applicationName: 'messages-test', log, max: 20 })
  const client = await connectClient({ connectionString: database.url, applicationName: 'test' })
  const wakes: TestMessages['wakes'] = { count: 0 }
  const waker: WakeSender = {
    send(kind, names) {
      if (kind === 'published') wakes.count += 1
      wakes.to?.send(kind, names)
    },
  }

  async function begin(): Promise<OpenTransaction> {
    const span = unrecordedSpan(continueTrace(undefined))
    const work = { ...systemWork(AbortSignal.timeout(20_000)), span }
    const session = new Transaction(pool, work, { limits: uniformLimits(20_000) })
    await session.run({ text: 'select' })
    return {
      session,
      publish: publishIn(session, { service: testService, waker }),
      async flush() {
        session.end()
        for (const statement of session.gathered.statements()) await session.run(statement)
      },
      async commit() {
        await session.run({ text: 'COMMIT' })
        session.gathered.committed()
        await session.close()
      },
      rollBack: () => session.close(),
    }
  }

  async function transact<T>(work: (publish: Publish) => Promise<T>): Promise<T> {
    const transaction = await begin()
    const result = await work(transaction.publish)
    await transaction.flush()
    await transaction.commit()
    return result
  }

  function bind(session: HandlerSession): BoundTransaction {
    let jobs: Jobs | undefined
    return {
      db: undefined,
      within: (run) => run(),
      get jobs() {
        return (jobs ??= new TransactionJobs(session, { service: testService, waker }))
      },
      publish: publishIn(session, { service: testService, waker }),
      transaction: toStatements(session, {
        service: testService,
        mode: 'test',
        clock: systemClock,
        sealer: new SecretKeys([Buffer.alloc(32, 1)]),
      }),
    }
  }

  return {
    url: database.url,
    pool,
    client,
    host: { env: {}, mode: 'test', clock: systemClock, log, notify: () => {} },
    lines,
    wakes,
    bind,
    begin,
    publish: (event, key, payload) => transact((publish) => publish(event, key, payload)),
    publishMany: (event, keys) =>
      transact(async (publish) => {
        for (const [index, key] of keys.entries()) await publish(event, key, index)
      }),
    async pump(readers) {
      const all: Readers = { consumers: [], subscribers: [], relays: [], ...readers }
      const declared = declarationsOf(testService, { ...noBackground, ...all })
      const fromStart = declared.map((one) => ({ ...one, startFrom: 'oldest' as const }))
      await registerAll(testService, fromStart, pool)
      const host = { env: {}, mode: 'test' as const, clock: systemClock, log, notify: () => {} }
      const pump = startMessagePump({
        ...all,
        service: testService,
        pool,
        readerPool: pool,
        bind,
        resolveWaits: () => [],
        host,
        waker: {
          // A real waker notifies its own process, too.
          send: (kind, names, from = testService) => {
            if (kind === 'messages') pump.dispatched({ service: from, names: new Set(names) })
          },
        },
        leads: () => true,
        pollMs: () => 1_000,
      })
      return pump
    },
    async [Symbol.asyncDispose]() {
      await client.end()
      await pool.end()
      await database.drop()
    },
  }
}
