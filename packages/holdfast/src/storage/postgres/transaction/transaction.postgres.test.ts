import { anyone, holdfast } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { createTestService, until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { migrate } from '../../migrations/migrate.ts'

const precise = 0.123456789
const { job, mutation, service } = holdfast({
  database: postgres({ migrations: new URL('./acting.fixture/', import.meta.url) }),
})

test('a job does not commit statements that were prepared before a migration', async () => {
  let runs = 0
  let between = async (): Promise<unknown> => undefined
  const measure = job({
    name: 'measure',
    input: z.object({}),
    async run({ db }) {
      runs += 1
      await db.query(sql`select count(*) from pg_class`)
      await between()
      await db.query(sql`insert into events (ratio) values (${precise})`)
    },
  })
  const begin = mutation({
    route: 'POST /begin',
    access: anyone('a test'),
    run: async ({ jobs }) => void (await jobs.enqueue(measure, {})),
  })
  const tested = service({ name: 'measuring', operations: { begin }, jobs: [measure] })
  await using running = await createTestService(tested, { worker: { concurrency: 1 } })
  const rows = (): Promise<{ ratio: number }[]> => running.sql('select ratio from events order by id')
  for (let times = 1; times <= 3; times += 1) {
    await running.call.begin({})
    await until(async () => (await rows()).length === times)
  }
  between = async () => {
    if (runs > 4) return
    const sql = 'alter table events alter column ratio type double precision'
    await migrate({
      connectionString: running.databaseUrl,
      migrations: [{ owner: 'later', migrations: [{ name: '0001-later', sql }] }],
    })
  }
  await running.call.begin({})
  await until(async () => (await rows()).length === 4)
  expect((await rows())[3]).toEqual({ ratio: precise })
  expect(runs).toBe(5)
})
