import { anyone, holdfast, problem } from 'holdfast'
import { createDatabase, type PostgresOptions, type Queryable } from 'holdfast/postgres'
import { createTestService, type TestService } from 'holdfast/testing'
import type pg from 'pg'
import { z } from 'zod'

/** Does something with a session, and gives what it came to. */
export type Act = (db: Queryable) => Promise<unknown>

/** A service whose operations do what a test says, on one connection each for queries and mutations. */
export interface ActingService extends AsyncDisposable {
  readonly service: TestService<never>
  /** What a mutation comes to, of the kind that is named. Default: keyed, read committed. */
  write(act: Act, kind?: WriteKind): Promise<unknown>
  /** What a query comes to. */
  read(act: Act): Promise<unknown>
  /** How often handlers have run. */
  readonly runs: number
  /** Runs SQL beside the service. */
  sql<Row extends pg.QueryResultRow>(text: string): Promise<Row[]>
}

/** The mutations that there are. */
export type WriteKind = 'keyed' | 'keyless' | 'repeatableRead' | 'serializable'

const migrations = new URL('./acting.fixture/', import.meta.url)
const Outcome = z.object({ json: z.string() })

/** The problem that a mutation answers with whose act says so: it is kept as the final answer of its key. */
export const Refused = problem('refused', { status: 409, title: 'Refused', extra: z.object({}) })

/** Starts an acting service on a database of its own. */
export async function startActing(options: PostgresOptions = {}): Promise<ActingService> {
  const app = holdfast({
    database: createDatabase<Queryable, Queryable>(
      { name: 'raw', read: (queryable) => queryable, write: (queryable) => queryable },
      { migrations, connections: { reads: 1, writes: 1 }, ...options },
    ),
  })
  let act: Act
  let runs = 0
  const definition = {
    access: anyone(),
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

/** An act of one statement, which gives its rows. */
export function statement(text: string, values?: readonly unknown[], name?: string): Act {
  return async (db) => (await db.query({ text, values, name })).rows
}

/** Does something three times, after which its statements are prepared. */
export async function thrice(work: () => Promise<unknown>): Promise<void> {
  for (let times = 0; times < 3; times += 1) await work()
}
