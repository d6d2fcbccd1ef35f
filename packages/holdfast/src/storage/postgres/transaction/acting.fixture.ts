import { anyone, holdfast, problem } from 'holdfast'
import { createDatabase, type PostgresOptions, type Queryable } from 'holdfast/postgres'
import { createTestService, type TestService } from 'holdfast/testing'
import type pg from 'pg'
import { z } from 'zod'

/** Runs an action with a session and returns its result. */
export type Act = (db: Queryable) => Promise<unknown>

/**
 * A service whose operations run the test's actions, with one connection for queries and one for
 * mutations.
 */
export interface ActingService extends AsyncDisposable {
  readonly service: TestService<never>
  /**
   * Returns the result of a mutation of the given kind. Default: a mutation with a key, read
   * committed.
   */
  write(act: Act, kind?: WriteKind): Promise<unknown>
  /** Returns the result of a query. */
  read(act: Act): Promise<unknown>
  /** The number of handler runs. */
  readonly runs: number
  /** Runs SQL outside of the service. */
  sql<Row extends pg.QueryResultRow>(text: string): Promise<Row[]>
}

/** The kinds of mutations. */
export type WriteKind = 'keyed' | 'keyless' | 'repeatableRead' | 'serializable'

const migrations = new URL('./acting.fixture/', import.meta.url)
const Outcome = z.object({ json: z.string() })

/** The problem that an action can throw. It is stored as the final answer of its key. */
export const Refused = problem('refused', { status: 409, title: 'Refused', extra: z.object({}) })

/** Starts an acting service on a separate database. */
export async function startActing(options: PostgresOptions = {}): Promise<ActingService> {
  const app = holdfast({
    database: createDatabase<Queryable, Queryable>(
      {
        name: 'raw',
        read: (queryable) => queryable,
        readAlone: (queryable) => queryable,
        write: (queryable) => queryable,
      },
      { migrations, connections: { reads: 1, writes: 1 }, ...options },
    ),
  })
  let act: Act
  let runs = 0
  const definition = {
    access: anyone('a test'),
    output: Outcome,
    problems: [Refused],
    deadline: '10s',
    async run({ db }: { readonly db: Queryable }) {
      runs += 1
      return { json: JSON.stringify((await act(db)) ?? null) }
    },
  } as const
  const operations = {
    read: app.query({ ...definition, route: 'GET /read' }),
    keyed: app.mutation({ ...definition, route: 'POST /keyed' }),
    keyless: app.mutation({ ...definition, route: 'POST /keyless', idempotency: { optional: 'a test' } }),
    repeatableRead: app.mutation({ ...definition, route: 'POST /repeatable', isolation: 'repeatable read' }),
    serializable: app.mutation({ ...definition, route: 'POST /serializable', isolation: 'serializable' }),
  }
  const service = await createTestService(app.service({ name: 'acting', operations }), { onLog: () => {} })

  async function perform(name: keyof typeof operations, what: Act): Promise<unknown> {
    act = what
    const { json } = await service.call[name]({}, name === 'keyless' ? { key: null } : {})
    return JSON.parse(json) as unknown
  }

  return {
    service: service as unknown as TestService<never>,
    write: (what, kind = 'keyed') => perform(kind, what),
    read: (what) => perform('read', what),
    get runs() {
      return runs
    },
    sql: (text) => service.sql(text),
    [Symbol.asyncDispose]: () => service.stop(),
  }
}

/** Returns an action that runs one statement and returns its rows. */
export function statement(text: string, values?: readonly unknown[], name?: string): Act {
  return async (db) => (await db.query({ text, values, name })).rows
}

/** Runs work three times. After that, its statements are prepared. */
export async function thrice(work: () => Promise<unknown>): Promise<void> {
  for (let times = 0; times < 3; times += 1) await work()
}
