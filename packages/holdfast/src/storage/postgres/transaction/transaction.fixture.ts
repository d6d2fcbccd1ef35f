import type { Connection } from '../session/connection.ts'
import type { Pool } from '../pool/pool.ts'
import type { Statement } from '../statement/statement.ts'

/** The part of a statement's result that transactions read. */
export interface FakeResult {
  readonly command?: string
  readonly rows?: readonly object[]
}

/** Parts of a connection, and the function that runs its statements. */
export type FakeConnection = Partial<Omit<Connection, 'run'>> & {
  run(statement: Statement): Promise<FakeResult>
}

/**
 * Returns a pool of one connection without a server, for tests of a single check: with a real
 * server, a different check would fail first.
 */
export function poolOf(connection: FakeConnection): Pool {
  const run = async (statement: Statement): Promise<FakeResult> => ({
    rows: [{ epoch: 1 }],
    command: statement.text,
    ...(await connection.run(statement)),
  })
  const fake = {
    runTogether(groups: readonly (readonly Statement[])[], along?: () => void) {
      const sent = groups.flat().map(run)
      along?.()
      return Promise.all(sent)
    },
    query: run,
    flush: (last: readonly Statement[], after?: Statement) => [...last, ...(after ? [after] : [])].map(run),
    roleReset: [],
    isBusy: false,
    isClosed: false,
    transactionStatus: 'T',
    transientFailure: undefined,
    passingFailure: undefined,
    noteSchemaEpoch() {},
    settled: async () => {},
    answers: async () => true,
    rollBack: async () => {},
    release() {},
    destroy() {},
    ...connection,
    run,
  } as unknown as Connection
  return { acquire: async () => fake, end: async () => {} }
}
