import { anyone, holdfast } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { createTestService, type TestServiceOptions } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

const app = holdfast({ database: postgres() })
const common = { access: anyone('a test'), input: z.object({ count: z.int() }) } as const

const operations = {
  other: app.query({
    ...common,
    route: 'GET /other',
    async run({ input, db }) {
      for (let one = 0; one < input.count; one += 1) await db.query(sql`select ${one}::int`)
    },
  }),
  same: app.query({
    ...common,
    route: 'GET /same',
    async run({ input, db }) {
      for (let one = 0; one < input.count; one += 1) await db.query(sql`select ${'hidden'}::text`)
    },
  }),
  meant: app.query({
    ...common,
    route: 'GET /meant',
    budget: 5,
    repeats: { allow: 'a test' },
    async run({ input, db }) {
      for (let one = 0; one < input.count; one += 1) await db.query(sql`select ${one}::int`)
    },
  }),
  written: app.mutation({
    ...common,
    route: 'POST /written',
    async run({ db }) {
      const look = (): Promise<unknown> => db.query(sql`select current_setting('app.n', true)`)
      await look()
      await db.query(sql`create temp table a (n int) on commit drop`)
      await look()
      await db.query(sql`insert into a values (1)`)
      await look()
    },
  }),
  looped: app.mutation({
    ...common,
    route: 'POST /looped',
    async run({ input, db }) {
      for (let one = 0; one < input.count; one += 1) await db.query(sql`select ${one}::int`)
    },
  }),
  writtenWithin: app.mutation({
    ...common,
    route: 'POST /written-within',
    async run({ db }) {
      await db.query(sql`create temp table a (n int) on commit drop`)
      const look = (): Promise<unknown> => db.query(sql`select n from a`)
      await look()
      await db.query(sql`with added as (insert into a values (1) returning n) select n from added`)
      await look()
      await db.query(sql`with\nchanged as (update a set n = 2 returning n)\nselect n from changed`)
      await look()
    },
  }),
  writes: app.mutation({
    ...common,
    route: 'POST /writes',
    async run({ input, db }) {
      await db.query(sql`create temp table a (n int) on commit drop`)
      for (let one = 0; one < input.count; one += 1) await db.query(sql`insert into a values (${one})`)
    },
  }),
  manyWritten: app.mutation({
    ...common,
    route: 'POST /many',
    maxRows: 10,
    async run({ input, db }) {
      await db.query(sql`select generate_series(1, ${input.count}::int)`).catch(() => {})
    },
  }),
  texts: app.query({
    ...common,
    route: 'GET /texts',
    async run({ input, db }) {
      for (let one = 0; one < input.count; one += 1) await db.query(sql([`select ${one} as n`]))
    },
  }),
  many: app.query({
    ...common,
    route: 'GET /many',
    maxRows: 10,
    async run({ input, db }) {
      await db.query(sql`select generate_series(1, ${input.count}::int)`)
    },
  }),
}

async function outcome(
  name: keyof typeof operations,
  count: number,
  statements: TestServiceOptions['statements'] = 'refuse',
): Promise<{ readonly status: number; readonly log: string }> {
  const lines: string[] = []
  await using tested = await createTestService(app.service({ name: 'guarded', operations }), {
    statements: statements ?? 'refuse',
    onLog: (line) => lines.push(line),
  })
  const { status } = await tested.send(name, { count })
  return { status, log: lines.join('\n') }
}

test('the guard rejects the second repeat with other values, and reports its location', async () => {
  expect((await outcome('other', 2)).status).toBe(204)
  const { status, log } = await outcome('other', 3)
  expect(status).toBe(500)
  expect(log).toContain('query-repeated')
  expect(log).toContain('other values each time (N+1)')
  expect(log).toMatch(/handler-guard\.postgres\.test\.ts:\d+: select \$1::int/)
})

test('the guard distinguishes a repeat of the same values from N+1, and hides values', async () => {
  const { status, log } = await outcome('same', 3)
  expect(status).toBe(500)
  expect(log).toContain('with the same values')
  expect(log).not.toContain('hidden')
})

test('the guard checks mutations', async () => {
  expect((await outcome('looped', 3)).log).toContain('query-repeated')
})

test('the guard allows a mutation to read again what it has written', async () => {
  expect((await outcome('written', 0)).status).toBe(204)
})

test('the guard allows a mutation to read again what it has written in a WITH', async () => {
  expect((await outcome('writtenWithin', 0)).status).toBe(204)
})

test('the guard explains how to write the rows of a loop at once', async () => {
  const { status, log } = await outcome('writes', 3)
  expect(status).toBe(500)
  expect(log).toContain('Write all rows at once, with several rows of values, or with `unnest($1)`')
})

test('the guard allows an intended loop, up to the budget', async () => {
  expect((await outcome('meant', 5)).status).toBe(204)
  const { status, log } = await outcome('meant', 6)
  expect(status).toBe(500)
  expect(log).toContain('statement-budget-exceeded')
})

test('the guard reports the third repeat, once, if nothing is rejected', async () => {
  expect((await outcome('other', 3, 'report')).log).not.toContain('query-repeated')
  const { status, log } = await outcome('other', 9, 'report')
  expect(status).toBe(204)
  expect(log.split('"query-repeated"')).toHaveLength(2)
})

test('the guard fails a statement that returns more than maxRows, regardless of other settings', async () => {
  expect((await outcome('many', 10, 'allow')).status).toBe(204)
  const { status, log } = await outcome('many', 11, 'allow')
  expect(status).toBe(500)
  expect(log).toContain('too-many-rows')
})

test('rows beyond the cap are dropped, and the server stops sending', async () => {
  const { status, log } = await outcome('many', 2_000_000_000, 'allow')
  expect(status).toBe(500)
  expect(log).toContain('too-many-rows')
})

test('a mutation that catches the error does not commit', async () => {
  expect((await outcome('manyWritten', 10, 'allow')).status).toBe(204)
  expect((await outcome('manyWritten', 1_000_000_000, 'allow')).status).toBe(500)
})

test('texts that differ only in their values are one statement', async () => {
  const { status, log } = await outcome('texts', 3)
  expect(status).toBe(500)
  expect(log).toContain('query-repeated')
})
