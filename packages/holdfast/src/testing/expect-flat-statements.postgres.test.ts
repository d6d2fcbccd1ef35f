import { anyone, holdfast } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { createTestService, expectFlatStatements } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

const { query, service } = holdfast({ database: postgres() })
const common = { access: anyone('a test'), input: z.object({ author: z.int() }) }

let size = 0

const library = service({
  name: 'library',
  operations: {
    flat: query({
      ...common,
      route: 'GET /flat',
      async run({ db }) {
        await db.query(sql`select 1`)
        await db.query(sql`select ${size}::int as size`)
      },
    }),
    growing: query({
      ...common,
      route: 'GET /growing',
      repeats: { allow: 'what is tested' },
      async run({ db }) {
        for (let one = 0; one < size; one += 1) await db.query(sql`select ${one}::int as one`)
      },
    }),
    failing: query({
      ...common,
      route: 'GET /failing',
      async run() {
        throw new RangeError('it does')
      },
    }),
  },
})

const sizes = [1, 5, 10]
const grow = async (to: number): Promise<void> => {
  size = to
}

test('an operation whose statements do not grow with the data passes', async () => {
  await using tested = await createTestService(library)
  expect(await expectFlatStatements(tested, 'flat', { sizes, grow, input: { author: 1 } })).toBe(2)
})

test('an operation whose statements grow with the data is reported, with its counts', async () => {
  await using tested = await createTestService(library)
  await expect(
    expectFlatStatements(tested, 'growing', { sizes, grow, input: (author) => ({ author }) }),
  ).rejects.toMatchObject({
    code: 'statements-grow',
    message: expect.stringMatching(/growing \(.+\.test\.ts:\d+\).+: 1 with 1, 5 with 5, 10 with 10\./),
  })
})

test('the assertion fails if the operation fails', async () => {
  await using tested = await createTestService(library, { onLog: () => {} })
  await expect(
    expectFlatStatements(tested, 'failing', { sizes, grow, input: { author: 1 } }),
  ).rejects.toMatchObject({ code: 'internal-error' })
})
