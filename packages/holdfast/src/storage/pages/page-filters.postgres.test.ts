import { anyone, holdfast, pages } from 'holdfast'
import { list, postgres, sql } from 'holdfast/postgres'
import { createTestService, type TestService } from 'holdfast/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'

const { query, service } = holdfast({ database: postgres() })
const Item = z.object({ id: z.string() })
const operations = {
  listRows: query({
    route: 'GET /rows',
    access: anyone('a test'),
    input: pages.input(
      z.object({
        after_date: z.string().optional(),
        offset: z.string().optional(),
        least: z
          .string()
          .transform((digits) => BigInt(digits))
          .optional(),
        colours: z
          .array(z.string())
          .max(3)
          .transform((colours) => new Set(colours))
          .optional(),
      }),
      { limit: 3 },
    ),
    output: pages.output(Item),
    run: ({ input, db, page }) =>
      page(
        input,
        list<{ id: string }>(db, sql`select n::text as id from generate_series(1, 8) as n`, {
          order: ['id'],
        }),
      ),
  }),
}

interface Ids {
  readonly items: readonly { readonly id: string }[]
  readonly next: string
}

let tested: TestService<typeof operations>
beforeAll(async () => {
  tested = await createTestService(service({ name: 'rows', operations }))
})
afterAll(() => tested.stop())

const read = async (search: string): Promise<Ids> =>
  (await (await tested.fetch(`/rows${search}`)).json()) as Ids

test('filters named like the parameters of other paging styles stay in the Link header', async () => {
  const { headers } = await tested.fetch('/rows?after_date=2026-01-01&offset=01')
  const link = /<([^>]*)>/.exec(headers.get('link')!)![1]!
  expect(link).toMatch(/^\?after_date=2026-01-01&offset=01&cursor=/)
  expect((await read(link)).items).toEqual([{ id: '4' }, { id: '5' }, { id: '6' }])
})

test.each([
  ['least=9007199254740993', 'least=9007199254740992'],
  ['colours=red&colours=blue', 'colours=red'],
])(
  'a cursor for %s is not valid for %s, even if the schema converts both to the same value',
  async (filter, other) => {
    const { next } = await read(`?${filter}`)
    expect((await tested.fetch(`/rows?${other}&cursor=${next}`)).status).toBe(400)
    expect((await read(`?${filter}&cursor=${next}`)).items).toEqual([{ id: '4' }, { id: '5' }, { id: '6' }])
  },
)

test.each([
  ['style', {}],
  ['count', {}],
  ['cursor', {}],
  ['offset', { style: 'offset' }],
  ['after', { style: 'keyset', keys: z.object({ id: z.string() }) }],
  ['before_id', { style: 'keyset', keys: z.object({ id: z.string() }) }],
] as const)('a filter named %s is rejected if pagination uses that name', async (name, options) => {
  const listRows = query({
    route: 'GET /rows',
    access: anyone('a test'),
    input: pages.input(z.object({ [name]: z.string() }), options),
    output: pages.output(Item),
    run: async () => ({ items: [] }),
  })
  await expect(createTestService(service({ name: 'refused', operations: { listRows } }))).rejects.toThrow(
    `The filter "${name}" of a list has a name that pagination reserves.`,
  )
})
