import { anyone, holdfast, pages } from 'holdfast'
import { list, postgres, sql } from 'holdfast/postgres'
import { createTestService, type TestService } from 'holdfast/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'

interface Row {
  readonly id: number
  readonly at: Date
  readonly bytes: Buffer
  readonly document: unknown
  readonly numbers: number[]
  readonly span: string
  readonly wait: unknown
}

/** The values of every row. Only the id differs. */
const values = {
  at: '2026-01-01 00:00:00+00',
  bytes: '\\x00',
  document: '{}',
  numbers: '{1}',
  span: '[1,2)',
  wait: '1 day',
}

const { query, service } = holdfast({ database: postgres() })
const operations = {
  listRows: query({
    route: 'GET /rows',
    access: anyone('a test'),
    input: pages.input({
      style: 'keyset',
      keys: z.object({
        at: z.string(),
        bytes: z.string(),
        document: z.string(),
        numbers: z.string(),
        span: z.string(),
        wait: z.string(),
        id: z.string(),
      }),
    }),
    output: pages.output(z.object({ id: z.int() }), { style: 'keyset' }),
    run: ({ input, db, page }) =>
      page(
        input,
        list<Row>(
          db,
          sql`select id, ${values.at}::timestamptz as at, ${values.bytes}::bytea as bytes, ${values.document}::jsonb as document,
                ${values.numbers}::int[] as numbers, ${values.span}::int4range as span, ${values.wait}::interval as wait
              from generate_series(1, 4) as id -- What ends in a comment is a statement, too.`,
          {
            order: [
              { by: 'at', nulls: 'never' },
              { by: 'bytes', nulls: 'never' },
              { by: 'document', nulls: 'never' },
              { by: 'numbers', nulls: 'never' },
              { by: 'span', nulls: 'never' },
              { by: 'wait', nulls: 'never' },
              'id',
            ],
          },
        ),
        ({ id }) => ({ id }),
      ),
  }),
}

let tested: TestService<typeof operations>
beforeAll(async () => {
  tested = await createTestService(service({ name: 'rows', operations }))
})
afterAll(() => tested.stop())

const readAfter = (wrong: Readonly<Record<string, string>>): Promise<Response> => {
  const parameters = Object.entries({ ...values, id: '2', ...wrong }).map(([name, value]) => [
    `after_${name}`,
    value,
  ])
  return tested.fetch(`/rows?${new URLSearchParams(Object.fromEntries(parameters)).toString()}`)
}

test('a page starts after values of any type', async () => {
  expect(await (await readAfter({})).json()).toMatchObject({ items: [{ id: 3 }, { id: 4 }] })
})

test.each([
  { at: 'yesterday-ish' },
  { at: '2026-01-01 00:00:00 Nowhere/Else' },
  { at: '2026-01-01 00:00:00+99' },
  { at: '2026-02-30 00:00:00+00' },
  { bytes: '\\x0' },
  { bytes: '\\xzz' },
  { document: '{' },
  { document: '"\\u0000"' },
  { numbers: '[5:1]={}' },
  { span: '[2,1)' },
  { wait: '999999999999 years' },
  { id: '' },
  { id: '99999999999999999999' },
])('a value that is invalid for its column is a client error: %o', async (wrong) => {
  const answer = await readAfter(wrong)
  expect(await answer.json()).toMatchObject({ status: 400, code: 'cursor-invalid' })
})
