import { randomUUIDv7 } from 'node:crypto'
import type { Answer } from 'holdfast'
import { createTestService, type TestService, until } from 'holdfast/testing'
import { beforeEach } from 'vitest'
import { duringFile } from '../during.ts'
import { createEffectsService, type EffectsService } from './effects-service.ts'
import { connectClient } from '../../src/storage/postgres/session/connect-client.ts'

type Tested = TestService<EffectsService['operations']>

/** A lock that a test holds to block a handler that needs it. */
export interface HeldLock {
  /** Returns the number of sessions that wait for the lock. */
  waiters(): Promise<number>
  release(): Promise<void>
}

/**
 * The effects service on a database, with a second instance that the database sees as a separate
 * process.
 */
export interface Effects extends AsyncDisposable {
  readonly service: EffectsService
  readonly tested: Tested
  /** The second instance, which shares no memory with the first. */
  readonly other: { send(operation: string, body: object, key: string): Promise<Answer> }
  /** The handlers that ran. A rollback does not undo this record. */
  readonly runs: { readonly names: string[] }
  countOf(name: string): Promise<number>
  keysOf(key: string): Promise<number>
  holdLock(lock: number): Promise<HeldLock>
  /** Makes a call whose failure is expected, on a separate database. */
  silently(
    send: (tested: Tested) => Promise<Answer>,
  ): Promise<{ status: number; effects: number; logged: string }>
  /** Waits until no transaction is open and no statement runs. */
  expectNothingOpen(): Promise<void>
}

/** Returns the problem of a response. */
export function problemOf(answer: Answer): Record<string, unknown> {
  return JSON.parse(answer.body ?? '{}') as Record<string, unknown>
}

/**
 * Starts the effects service for the tests of a file. `runs` is empty at the start of each test.
 */
export function useEffects(): Effects {
  const effects = duringFile(startEffects)
  beforeEach(() => {
    effects.runs.names.length = 0
  })
  return effects
}

/** Returns the name of an effect that is unique to the test. */
export function uniqueName(): string {
  return `effect ${randomUUIDv7()}`
}

/** Starts the effects service twice on one database. */
async function startEffects(): Promise<Effects> {
  const runs = { names: [] as string[] }
  const service = createEffectsService({ runs })
  const tested = await createTestService(service)
  const other = await createEffectsService({ runs }).start({
    ...tested.running.host,
    env: { DATABASE_URL: tested.databaseUrl },
  })

  async function count(text: string, value: string): Promise<number> {
    const [row] = await tested.sql<{ count: number }>(text, [value])
    return row!.count
  }

  return {
    service,
    tested,
    runs,
    other: {
      send: async (operation, body, key) =>
        other.call({
          operation,
          input: { path: {}, query: {}, body },
          header: (name) => (name === 'idempotency-key' ? key : undefined),
        }),
    },
    countOf: (name) => count('select count(*)::int from effects where name = $1', name),
    keysOf: (key) => count('select count(*)::int from holdfast.idempotency_keys where key = $1', key),
    holdLock: (lock) => holdLock(tested.databaseUrl, lock),
    async silently(send) {
      const lines: string[] = []
      const quiet = await createTestService(service, { onLog: (line) => lines.push(line) })
      try {
        const { status } = await send(quiet)
        const rows = await quiet.sql('select from effects')
        return { status, effects: rows.length, logged: lines.join('\n') }
      } finally {
        await quiet.stop()
      }
    },
    async expectNothingOpen() {
      await until(async () => {
        const open = await tested.sql(
          `select from pg_stat_activity
           where datname = current_database() and application_name like 'holdfast%' and state <> 'idle'`,
        )
        return open.length === 0
      })
    },
    async [Symbol.asyncDispose]() {
      await other.stop()
      await tested.stop()
    },
  }
}

async function holdLock(databaseUrl: string, lock: number): Promise<HeldLock> {
  const client = await connectClient({ connectionString: databaseUrl, applicationName: 'test' })
  await client.query('select pg_advisory_lock($1)', [lock])
  return {
    async waiters() {
      const { rows } = await client.query<{ count: number }>(
        `select count(*)::int from pg_locks where locktype = 'advisory' and not granted and objid = $1
         and database = (select oid from pg_database where datname = current_database())`,
        [lock],
      )
      return rows[0]!.count
    },
    release: () => client.end(),
  }
}
