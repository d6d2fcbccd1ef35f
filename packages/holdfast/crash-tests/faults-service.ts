import { anyone, event, holdfast } from 'holdfast'
import { postgres, sql, type SqlDatabase } from 'holdfast/postgres'
import { z } from 'zod'

/** Options of {@link createFaultsService}. */
export interface FaultsServiceOptions {
  readonly poolSize: number
  /**
   * Called with the key in each run of a handler. A rollback does not undo the effects of this
   * function. Returns the statement timeout of the run, in milliseconds.
   */
  readonly onRun: (key: string) => number | undefined
}

const Transfer = z.object({ key: z.string(), from: z.int(), to: z.int() })

const Moved = event('transfer.moved', { payload: Transfer })

/**
 * Creates a service whose transfers lock two accounts in any order, and hold their locks for a
 * while.
 */
export function createFaultsService({ poolSize, onRun }: FaultsServiceOptions) {
  const { job, mutation, service } = holdfast({
    database: postgres({
      migrations: new URL('./faults-migrations/', import.meta.url),
      connections: { reads: poolSize, writes: poolSize },
    }),
  })

  const note = job({ name: 'note', input: Transfer, run: () => {} })

  async function move(db: SqlDatabase, { key, from, to }: z.infer<typeof Transfer>): Promise<void> {
    const timeoutMs = onRun(key)
    if (timeoutMs !== undefined)
      await db.query(sql`select set_config('statement_timeout', ${String(timeoutMs)}, true)`)
    await db.query(sql`update accounts set balance = balance - 1 where id = ${from}`)
    await db.query(sql`select pg_sleep(0.005)`)
    await db.query(sql`update accounts set balance = balance + 1 where id = ${to}`)
    await db.query(sql`insert into transfers values (${key}, ${from}, ${to})`)
  }

  const transfer = mutation({
    route: 'POST /transfers',
    access: anyone('a test'),
    input: Transfer,
    output: z.object({ key: z.string() }),
    async run({ input, db, jobs, publish }) {
      await move(db, input)
      await jobs.enqueue(note, input)
      await publish(Moved, input.key, input)
      return { key: input.key }
    },
  })

  const transferSerializably = mutation({
    route: 'POST /serializable-transfers',
    access: anyone('a test'),
    input: Transfer,
    output: z.object({ key: z.string() }),
    isolation: 'serializable',
    async run({ input, db, jobs, publish }) {
      await db.query(sql`select sum(balance) from accounts`)
      await move(db, input)
      await jobs.enqueue(note, input)
      await publish(Moved, input.key, input)
      return { key: input.key }
    },
  })

  let present = 0
  let meeting = Promise.withResolvers<void>()

  /** A mutation that holds its connection until every connection of the pool is in use. */
  const meet = mutation({
    route: 'POST /meetings',
    access: anyone('a test'),
    async run({ signal }) {
      present += 1
      if (present === poolSize) meeting.resolve()
      signal.addEventListener('abort', () => meeting.reject(signal.reason))
      await meeting.promise.finally(() => {
        present = 0
        meeting = Promise.withResolvers()
      })
    },
  })

  return service({ name: 'faults', operations: { transfer, transferSerializably, meet }, jobs: [note] })
}
