import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { anyone, holdfast } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { createTestService, type TestService } from 'holdfast/testing'
import { raw } from 'sql-template-tag'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { columnTypes } from './column-types.ts'

/** Values that are hard to transfer, in the text format of Postgres. */
const values: Readonly<Record<string, readonly string[]>> = {
  smallint: ['-32768', '32767'],
  integer: ['-2147483648', '2147483647'],
  oid: ['4294967295'],
  real: ['0.1', '3.4028235e+38', '1e-45'],
  'double precision': ['0.1', '0.30000000000000004', '1.7976931348623157e+308', '5e-324'],
  boolean: ['t', 'f'],
  bigint: ['-9223372036854775808', '9223372036854775807'],
  numeric: ['NaN', '-Infinity', '1.10', '123456789012345678901234567890.000000001'],
  money: ['-$92,233,720,368,547,758.08'],
  date: ['2026-02-28', '0044-03-15 BC', '12026-01-01', 'infinity', '-infinity'],
  timestamp: ['2026-03-29 02:30:00.000001', '0001-01-01 00:00:00 BC', '12026-01-01 00:00:00', 'infinity'],
  time: ['24:00:00', '12:34:56.789012'],
  'time with time zone': ['12:34:56.789012+05:30'],
  interval: ['1 year 2 mons -3 days +04:05:06.000007', '-00:00:00.000001'],
  text: ['', 'null', '{a,b}', '"', 'a\\b', '漢字'],
  'character varying': ['a'],
  'character(3)': ['a  '],
  name: ['a'],
  '"char"': ['a'],
  uuid: ['ffffffff-ffff-ffff-ffff-ffffffffffff'],
  inet: ['10.0.0.1/24', '::1'],
  cidr: ['10.0.0.0/8'],
  macaddr: ['08:00:2b:01:02:03'],
  'bit(4)': ['0101'],
  'bit varying': ['01'],
  xml: ['<a/>'],
  tsvector: ["'a':1 'b':2"],
  int4range: ['empty', '[1,5)'],
  numrange: ['[1.10,)'],
  tstzrange: ['["2026-01-01 00:00:00.000001+00",infinity)'],
  int4multirange: ['{[1,2),[4,5)}'],
  nummultirange: ['{[0.1,0.2)}'],
  point: ['(0.1,1e+300)'],
  circle: ['<(0.1,2),3>'],
  box: ['(2,2),(1,1)'],
  path: ['((0,0),(1,1))'],
  pg_lsn: ['16/B374D848'],
  xid8: ['18446744073709551615'],
  color: ['red'],
  place: ['(1,"a, b")'],
  positive: ['1'],
  amount: ['1.10'],
}

/** Values that a response returns in a different format. */
const converted: Readonly<Record<string, readonly string[]>> = {
  'timestamp with time zone': ['2026-01-01 00:00:00.123+00', '0044-03-15 00:00:00+00 BC'],
  bytea: ['\\x00ff'],
  json: ['{"a": [1, null]}', '"a"'],
  jsonb: ['{"a": [1, null]}', 'null'],
}

const scalar = z.union([z.string(), z.number(), z.boolean()])
const Value = z.union([scalar, z.array(scalar.nullable()).max(9)])

const { query, mutation, service } = holdfast({ database: postgres() })
const operations = {
  /** Casts a text to a type and returns the parsed value. */
  read: mutation({
    route: 'POST /values',
    access: anyone('a test'),
    input: z.object({ type: z.string(), text: z.string() }),
    output: z.object({ value: Value }),
    async run({ input: { type, text }, db }) {
      const [row] = await db.query<{ value: z.infer<typeof Value> }>(
        sql`select ${text}::text::${raw(type)} as value`,
      )
      return row!
    },
  }),
  /** Returns the text of a value sent as a parameter. */
  write: query({
    route: 'GET /texts',
    access: anyone('a test'),
    input: z.object({ type: z.string(), value: z.string() }),
    output: z.object({ text: z.string() }),
    async run({ input: { type, value }, db }) {
      const [row] = await db.query<{ text: string }>(
        sql`select (${JSON.parse(value)}::${raw(type)})::text as text`,
      )
      return row!
    },
  }),
}

let tested: TestService<typeof operations>
beforeAll(async () => {
  tested = await createTestService(service({ name: 'values', operations }))
  await tested.sql(`create type color as enum ('red', 'green')`)
  await tested.sql('create type place as (x int, name text)')
  await tested.sql('create domain positive as int check (value > 0)')
  await tested.sql('create domain amount as numeric(9, 2)')
})
afterAll(() => tested.stop())

const all = Object.entries(values).flatMap(([type, texts]) => [
  ...texts.map((text) => [type, text] as const),
  ...(arrayOf(type) === 'string' ? [] : [[`${type}[]`, toArray(texts)] as const]),
])

test.each(all)(
  '%s: %s is the same in an answer, in a replay and when it is sent back',
  async (type, text) => {
    const key = randomUUID()
    const [first, again] = [
      await tested.send('read', { type, text }, { key }),
      await tested.send('read', { type, text }, { key }),
    ]
    expect(again.body).toBe(first.body)
    const { value } = JSON.parse(first.body!) as { value: unknown }
    const [expected] = await tested.sql<{ text: string }>(`select ($1::text::${type})::text as text`, [text])
    expect(await tested.call.write({ type, value: JSON.stringify(value) })).toEqual(expected)
  },
)

test('the documentation lists the JavaScript type of each column type', async () => {
  const documented = await readTable()
  for (const [type, texts] of Object.entries({ ...values, ...converted })) {
    const { one, many } = documented.get(type) ?? {
      // `positive` is a domain over an integer type. Other undocumented types are returned as text.
      one: type === 'positive' ? 'number' : 'string',
      many: arrayOf(type),
    }
    const [row] = await tested.sql<{ one: unknown; many: unknown }>(
      `select $1::text::${type} as one, array[$1::text::${type}] as many`,
      [texts[0]],
    )
    expect([type, kindOf(row!.one), kindOf(row!.many)]).toEqual([type, one, many])
  }
})

test('every Postgres type is returned as documented, or as its text', async () => {
  const documented = await readTable()
  const types = await tested.sql<{ id: number; array: number; name: string; delimiter: string }>(`
    select oid as id, typarray as array, format_type(oid, null) as name, typdelim as delimiter
    from pg_type where oid < 10000 and typarray <> 0 and typtype <> 'c' order by oid`)
  expect(types.length).toBeGreaterThan(70)
  for (const { id, array, name, delimiter } of types) {
    const { one = 'string' } = documented.get(name.replace(' without time zone', '')) ?? {}
    const isAsTextOnly = columnTypes.getTypeParser(id)('1') === '1'
    expect([name, isAsTextOnly]).toEqual([name, one === 'string'])
    const parsed: unknown = columnTypes.getTypeParser(array)('{NULL}')
    expect([name, parsed]).toEqual([name, delimiter === ',' ? [null] : '{NULL}'])
  }
})

test('nested arrays, and arrays with a lower bound other than 1, are returned as arrays', async () => {
  expect(
    await tested.sql(`select '{{1.10,NULL},{2,3}}'::numeric[] as a, '[2:3]={1,2}'::numeric[] as b`),
  ).toEqual([
    {
      a: [
        ['1.10', null],
        ['2', '3'],
      ],
      b: ['1', '2'],
    },
  ])
})

/** An array of a user-defined type, or of `box`, is returned as its text. */
function arrayOf(type: string): string {
  return ['color', 'place', 'positive', 'amount', 'box'].includes(type) ? 'string' : 'string[]'
}

function toArray(texts: readonly string[]): string {
  return `{${[...texts.map((text) => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`), 'NULL'].join(',')}}`
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return `${kindOf(value[0])}[]`
  if (value instanceof Date) return 'Date'
  if (Buffer.isBuffer(value)) return 'Buffer'
  return typeof value === 'object' ? 'JSON' : typeof value
}

interface Kinds {
  readonly one: string
  readonly many: string
}

/** Returns the rows of the documentation's type table, by type name. */
async function readTable(): Promise<ReadonlyMap<string, Kinds>> {
  const page = await readFile(join(import.meta.dirname, '../../../../../../docs/postgres.md'), 'utf8')
  const [, section] = page.split('\n## Types\n')
  const rows = section!
    .split('\n## ')[0]!
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  return new Map(
    rows.flatMap((row) => {
      const [types, one, many] = row.split('|').slice(1).map(codeOf)
      return types!.map((type) => [type, { one: one![0]!, many: many![0]! }] as const)
    }),
  )
}

function codeOf(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!)
}
