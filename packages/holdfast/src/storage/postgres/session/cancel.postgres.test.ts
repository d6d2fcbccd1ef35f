import { anyone, holdfast } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { createTestService } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

const { query, service } = holdfast({ database: postgres({ connections: { reads: 1, writes: 1 } }) })

const backend = query({
  route: 'GET /backend',
  access: anyone('a test'),
  output: z.object({ pid: z.int() }),
  async run({ db }) {
    const [row] = await db.query<{ pid: number }>(sql`select pg_backend_pid() as pid`)
    return row!
  },
})

const stubborn = query({
  route: 'GET /stubborn',
  access: anyone('a test'),
  // The deadline is well below the statement timeout of Postgres itself.
  deadline: '1500ms',
  async run({ db }) {
    await db.query(sql`select stubborn()`)
  },
})

test('a statement that catches its cancellation is cancelled again, and its connection is kept', async () => {
  await using tested = await createTestService(
    service({ name: 'cancelling', operations: { backend, stubborn } }),
  )
  await tested.sql(`
    create function stubborn() returns void language plpgsql as $$
    begin
      perform pg_sleep(20);
    exception when query_canceled then
      perform pg_sleep(20);
    end $$`)
  const before = await tested.call.backend({})
  expect((await tested.fetch('/stubborn')).status).toBe(504)
  expect(await tested.call.backend({})).toEqual(before)
})
