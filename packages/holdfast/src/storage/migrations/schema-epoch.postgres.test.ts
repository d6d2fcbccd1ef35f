import { describe, expect, test } from 'vitest'
import { until } from 'holdfast/testing'
import {
  type Act,
  type ActingService,
  Refused,
  startActing,
  statement,
  thrice,
  type WriteKind,
} from '../postgres/transaction/acting.fixture.ts'
import { migrate } from './migrate.ts'

// A value that `real` cannot represent: a statement prepared while the column was `real` would
// round it.
const precise = 0.123456789
const insert: Act = statement('insert into events (ratio) values ($1)', [precise])
const stored = async (acting: ActingService): Promise<unknown> =>
  (await acting.sql<{ ratio: number }>('select ratio from events order by id desc limit 1'))[0]!.ratio

/** Applies a migration from another process, as a deploy does. */
async function deploy(acting: ActingService, sql: string): Promise<void> {
  const { databaseUrl: connectionString } = acting.service
  await migrate({
    connectionString,
    migrations: [{ owner: 'later', migrations: [{ name: '0001-later', sql }] }],
  })
}

const widen = 'alter table events alter column ratio type double precision'
const kinds: readonly WriteKind[] = ['keyed', 'keyless', 'repeatableRead', 'serializable']

describe('statements prepared before a migration', () => {
  test.each(kinds)(
    'a statement prepared before a migration is not used by a later mutation (%s)',
    async (kind) => {
      await using acting = await startActing()
      await thrice(() => acting.write(insert, kind))
      await deploy(acting, widen)
      await acting.write(insert, kind)
      expect(await stored(acting)).toBe(precise)
      expect(acting.runs).toBe(4)
    },
  )

  test.each(kinds)(
    'a mutation that overlaps with a migration does not commit a statement prepared before the migration (%s)',
    async (kind) => {
      await using acting = await startActing()
      await thrice(() => acting.write(insert, kind))
      const runsBefore = acting.runs
      await acting.write(async (db) => {
        if (acting.runs === runsBefore + 1) await deploy(acting, widen)
        return insert(db)
      }, kind)
      expect(await stored(acting)).toBe(precise)
      expect(acting.runs).toBe(runsBefore + 2)
      expect(await acting.sql('select from events')).toHaveLength(4)
    },
  )

  test('a statement prepared before a migration does not determine a problem that is stored as the final answer', async () => {
    await using acting = await startActing()
    const find = statement('select from events where ratio = $1', [precise])
    const findOrRefuse: Act = async (db) => {
      if (((await find(db)) as unknown[]).length === 0) throw Refused()
    }
    await thrice(() => acting.write(find))
    const runsBefore = acting.runs
    await acting.write(async (db) => {
      if (acting.runs === runsBefore + 1) {
        await deploy(acting, `${widen}; insert into events (ratio) values (${precise})`)
      }
      return findOrRefuse(db)
    })
    expect(acting.runs).toBe(runsBefore + 2)
  })

  test('a statement prepared before a migration is not used by a query for longer than a second', async () => {
    await using acting = await startActing()
    const find = statement('select from events where ratio = $1', [precise])
    await thrice(() => acting.read(find))
    await deploy(acting, `${widen}; insert into events (ratio) values (${precise})`)
    await until(async () => ((await acting.read(find)) as unknown[]).length === 1)
  })

  // A migration may change the layout of the stored keys, so a key is stored only in the epoch in
  // which its transaction began.
  test('a mutation with a key runs again after a migration, even if nothing is prepared', async () => {
    await using acting = await startActing({ preparedStatements: false })
    await thrice(() => acting.write(insert))
    const runsBefore = acting.runs
    await acting.write(async (db) => {
      if (acting.runs === runsBefore + 1) await deploy(acting, widen)
      return insert(db)
    })
    expect(await stored(acting)).toBe(precise)
    expect(acting.runs).toBe(runsBefore + 2)
  })
})
