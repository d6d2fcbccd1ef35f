import { startTestPostgres } from 'holdfast/testing'
import pg from 'pg'
import type { Benchmark, Table } from '../benchmark.ts'
import { interleave } from '../interleave.ts'
import { median } from '../median.ts'
import { type ListOrder, orders } from './orders.ts'
import { type Paging, pagings } from './pagings.ts'

/** A page at a position in a list, and the paging that reads it. */
interface Reading {
  readonly name: string
  readonly order: ListOrder
  readonly paging: Paging
  /** Number of rows before the page. */
  readonly depth: number
  readonly read: () => Promise<number>
}

const rows = 1_000_000
const depths = [0, 1_000, 500_000, 990_000]
const pageSize = 50
// The time limit for reading one page repeatedly. A slow page is read only a few times.
const maxMs = 400
const mostReads = 200

/** Measures the cost of a page, at the beginning of a list and far from it. */
export const pagesBenchmark: Benchmark = async (bench) => {
  const postgres = await startTestPostgres()
  bench.atEnd(() => postgres.stop())
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  bench.atEnd(() => client.end())
  bench.notify(`${rows} rows`)
  await client.query(table)
  await client.query('vacuum analyze things')

  const readings: Reading[] = []
  for (const order of orders) {
    for (const depth of depths) {
      const { rows: before } = await client.query<{ place: (string | null)[] }>(
        `select array[${order.columns.map(({ by }) => `${by}::text`).join(', ')}] as place
         from things order by ${order.clause} limit 1 offset $1`,
        [Math.max(0, depth - 1)],
      )
      const place = depth === 0 ? undefined : before[0]!.place
      for (const paging of pagings) {
        const read = paging.reader({ client, order, place, depth, limit: pageSize })
        readings.push({ name: `${paging.name}, ${order.name}, ${depth}`, order, paging, depth, read })
      }
    }
  }
  const figures = await interleave(readings, bench, ({ read }) => readMedian(read))
  return orders.map((order): Table => {
    const of = (paging: Paging, depth: number): string => {
      const reading = readings.find(
        (one) => one.order === order && one.paging === paging && one.depth === depth,
      )
      return median(figures.get(reading!)!).toFixed(2)
    }
    return {
      title: `Milliseconds for a page of ${pageSize} rows, ${order.name}`,
      columns: [
        { heading: 'way' },
        ...depths.map((depth) => ({ heading: `at row ${depth.toLocaleString('en')}`, isFigure: true })),
      ],
      rows: pagings.map((paging) => [paging.name, ...depths.map((depth) => of(paging, depth))]),
    }
  })
}

/** Reads a page repeatedly, and returns the median of the durations, in milliseconds. */
async function readMedian(read: () => Promise<number>): Promise<number> {
  const durations: number[] = []
  const beganMs = performance.now()
  while (durations.length < mostReads && performance.now() - beganMs < maxMs) {
    const startedMs = performance.now()
    const count = await read()
    durations.push(performance.now() - startedMs)
    if (count < pageSize) throw new Error(`A page has ${count} rows`)
  }
  return median(durations)
}

const table = `
create table things (
  id bigint primary key,
  shelf int not null,
  made_at timestamptz not null,
  due int
);
insert into things
select n, (n * 7919) % 2000, '2026-01-01'::timestamptz + (n * 104729 % ${rows}) * interval '1 microsecond',
  case when n % 3 = 0 then null else (n * 15485863 % ${rows}) end
from generate_series(1::bigint, ${rows}) as n;
create index on things (made_at, id);
create index on things (shelf, made_at desc, id);
create index on things (due, id);
`
