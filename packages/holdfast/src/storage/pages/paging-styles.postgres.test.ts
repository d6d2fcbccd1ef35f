import { anyone, createLogger, holdfast, pages, type RunningService } from 'holdfast'
import { createHandler } from 'holdfast/http'
import { list, postgres, rotateCursorKey, sql } from 'holdfast/postgres'
import { createFakeClock, createTestService, type TestService } from 'holdfast/testing'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { DriverClient } from '../postgres/session/driver-client.ts'

interface Row {
  readonly id: string
  readonly made_at: string
  readonly colour: string
}

const Item = z.object({ id: z.string() })
const rows = sql`select id::text, made_at::text, colour from rows`

const { query, service } = holdfast({
  database: postgres(),
  identify: ({ header }) => ({ kind: 'user', id: 'ada', tenant: header('x-tenant') ?? 'one' }),
})
const operations = {
  byCursor: query({
    route: 'GET /by-cursor',
    access: anyone('a test'),
    input: pages.input(z.object({ colour: z.array(z.string()).max(3).optional() }), {
      limit: 3,
      count: true,
    }),
    output: pages.output(Item),
    run: ({ input, db, page }) =>
      page(input, list<Row>(db, rows, { order: [pages.descending('made_at'), 'id'] }), ({ id }) => ({ id })),
  }),
  byKeyset: query({
    route: 'GET /by-keyset',
    access: anyone('a test'),
    input: pages.input({
      style: 'keyset',
      limit: 3,
      keys: z.object({ made_at: z.string(), id: z.string() }),
    }),
    output: pages.output(Item, { style: 'keyset' }),
    run: ({ input, db, page }) =>
      page(
        input,
        list<Row>(db, sql`select id, made_at, colour from rows`, { order: ['made_at', 'id'] }),
        ({ id }) => ({ id: String(id) }),
      ),
  }),
  byOffset: query({
    route: 'GET /by-offset',
    access: anyone('a test'),
    input: pages.input({ style: 'offset', limit: 3, maxOffset: 6, count: true }),
    output: pages.output(Item, { style: 'offset' }),
    run: ({ input, db, page }) => page(input, list<Row>(db, rows, { order: ['id'] }), ({ id }) => ({ id })),
  }),
}
const rowsService = service({ name: 'rows', operations })

let tested: TestService<typeof operations>
let client: pg.Client
const clock = createFakeClock()
beforeAll(async () => {
  tested = await createTestService(rowsService, { clock })
  client = new DriverClient({ connectionString: tested.databaseUrl })
  await client.connect()
  await client.query(`
    create table rows (id bigint primary key, made_at timestamptz, colour text);
    insert into rows select n, '2026-01-01Z'::timestamptz + n * interval '1 microsecond', 'red' from generate_series(1, 8) as n`)
})
afterAll(async () => {
  await client.end()
  await tested.stop()
})

const idsOf = (page: { readonly items: readonly { readonly id: string }[] }): string =>
  page.items.map(({ id }) => id).join(' ')

describe('pages by cursor', () => {
  test('a page links to the next and the previous page', async () => {
    const first = await tested.call.byCursor({})
    expect(idsOf(first)).toBe('8 7 6')
    expect(first.prev).toBeUndefined()
    expectTypeOf(first.next).toEqualTypeOf<string | undefined>()
    const second = await tested.call.byCursor({ cursor: first.next! })
    expect(idsOf(second)).toBe('5 4 3')
    const third = await tested.call.byCursor({ cursor: second.next! })
    expect(idsOf(third)).toBe('2 1')
    expect(third.next).toBeUndefined()
    expect(idsOf(await tested.call.byCursor({ cursor: third.prev! }))).toBe('5 4 3')
    const back = await tested.call.byCursor({ cursor: second.prev! })
    expect(idsOf(back)).toBe('8 7 6')
    expect(back.prev).toBeUndefined()
    expect(idsOf(await tested.call.byCursor({ cursor: back.next! }))).toBe('5 4 3')
  })

  test('from a page that has become empty, a client can go back to the previous row', async () => {
    const { next } = await tested.call.byCursor({ limit: 6 })
    await client.query('delete from rows where id <= 2')
    const empty = await tested.call.byCursor({ cursor: next! })
    expect(idsOf(empty)).toBe('')
    expect(empty.next).toBeUndefined()
    expect(idsOf(await tested.call.byCursor({ cursor: empty.prev! }))).toBe('5 4 3')
    await client.query(
      `insert into rows select n, '2026-01-01Z'::timestamptz + n * interval '1 microsecond' from generate_series(1, 2) as n`,
    )
  })

  test('a cursor is valid only for its tenant', async () => {
    const { next } = await tested.call.byCursor({})
    const cursor = encodeURIComponent(next!)
    const other = await tested.fetch(`/by-cursor?cursor=${cursor}`, { headers: { 'x-tenant': 'two' } })
    expect(other.status).toBe(400)
    expect((await tested.fetch(`/by-cursor?cursor=${cursor}`)).status).toBe(200)
  })

  test('all rows are counted only on request', async () => {
    expect(await tested.call.byCursor({ count: true })).toMatchObject({ total: 8 })
    expect(await tested.call.byCursor({})).not.toHaveProperty('total')
    expect(await tested.call.byKeyset({ count: true } as never)).not.toHaveProperty('total')
  })

  test('the Link header of a page by cursor links to the other pages, with the filters', async () => {
    const first = await tested.fetch('/by-cursor?colour=red&colour=a%20%26%20b&limit=3')
    expect(first.headers.get('link')).toMatch(
      /^<\?colour=red&colour=a%20%26%20b&limit=3&cursor=[\w-]+>; rel="next"$/,
    )
    const second = await tested.fetch(`/by-cursor${/<([^>]*)>/.exec(first.headers.get('link')!)![1]!}`)
    expect(idsOf((await second.json()) as never)).toBe('5 4 3')
    expect(second.headers.get('link')).toMatch(
      /^<\?colour=red&colour=a%20%26%20b&limit=3>; rel="first", <[^>]*>; rel="prev", <[^>]*>; rel="next"$/,
    )
  })
})

describe('cursor keys', () => {
  /** Starts another process on the same database. */
  const startOther = (): Promise<RunningService<typeof operations>> =>
    rowsService.start({
      mode: 'test',
      clock,
      log: createLogger({ level: 'error', write: () => {} }),
      notify: () => {},
      env: { DATABASE_URL: tested.databaseUrl },
    })

  const cursorOf = async (other: RunningService<typeof operations>): Promise<string> => {
    const answer = await createHandler(other).fetch(new Request('http://x/by-cursor'))
    return ((await answer.json()) as { readonly next: string }).next
  }

  test('all processes accept cursors of the previous and of the new key, and no cursor of a deleted key', async () => {
    const { next: old } = await tested.call.byCursor({})
    expect(await rotateCursorKey(client)).toBe(2)
    const other = await startOther()
    const fresh = await cursorOf(other)
    await other.stop()
    for (const cursor of [old!, fresh]) expect(idsOf(await tested.call.byCursor({ cursor }))).toBe('5 4 3')
    // The process already uses the new key.
    await client.query(`delete from holdfast.secrets where name = 'cursor' and id = 1`)
    const last = await startOther()
    const ask = async (cursor: string): Promise<number> =>
      (
        await createHandler(last).fetch(
          new Request(`http://x/by-cursor?cursor=${encodeURIComponent(cursor)}`),
        )
      ).status
    expect(await ask((await tested.call.byCursor({})).next!)).toBe(200)
    expect(await ask(old!)).toBe(400)
    await last.stop()
  })

  test('the eighth rotation expires the first key', async () => {
    for (let index = 0; index < 10; index += 1) await rotateCursorKey(client)
    const { rows: kept } = await client.query<{ id: number }>(
      `select id from holdfast.secrets where name = 'cursor' order by created_at`,
    )
    expect(kept.map(({ id }) => id)).toEqual([5, 6, 7, 8, 9, 10, 11, 12])
  })
})

describe('pages by keyset', () => {
  test('a page by keyset links to the adjacent pages with readable parameters', async () => {
    const first = await tested.call.byKeyset({})
    expect(idsOf(first)).toBe('1 2 3')
    expectTypeOf(first.next).toEqualTypeOf<Readonly<Record<string, string>> | undefined>()
    expect(first.next).toEqual({ after_made_at: '2026-01-01 00:00:00.000003+00', after_id: '3' })
    const second = await tested.call.byKeyset({ ...first.next })
    expect(idsOf(second)).toBe('4 5 6')
    expect(second.prev).toEqual({ before_made_at: '2026-01-01 00:00:00.000004+00', before_id: '4' })
    expect(idsOf(await tested.call.byKeyset({ ...second.prev }))).toBe('1 2 3')
  })

  test.each([
    ['after_id=3', 422, 'after_made_at'],
    ['after_made_at=yesterday-ish&after_id=3', 400, 'cursor-invalid'],
    ['after_made_at=2026-01-01&after_id=99999999999999999999', 400, 'cursor-invalid'],
    ['after_made_at=2026-01-01&after_id=3&before_made_at=2026-01-01&before_id=3', 422, 'not both'],
  ])('a page by keyset with %s is rejected', async (parameters, status, reason) => {
    const answer = await tested.fetch(`/by-keyset?${parameters}`)
    expect(answer.status).toBe(status)
    expect(await answer.text()).toContain(reason)
  })

  test('the Link header of a page by keyset contains the values', async () => {
    const answer = await tested.fetch('/by-keyset?limit=3')
    expect(answer.headers.get('link')).toBe(
      '<?limit=3&after_made_at=2026-01-01%2000%3A00%3A00.000003%2B00&after_id=3>; rel="next"',
    )
  })
})

describe('pages by offset', () => {
  test('a page by offset links to the offsets of the other pages', async () => {
    expect(await tested.call.byOffset({ count: true })).toEqual({
      items: [{ id: '1' }, { id: '2' }, { id: '3' }],
      next: 3,
      total: 8,
    })
    expect(await tested.call.byOffset({ offset: 6 })).toEqual({ items: [{ id: '7' }, { id: '8' }], prev: 3 })
    expect(await tested.call.byOffset({ offset: 2 })).toMatchObject({ prev: 0, next: 5 })
  })

  test('an offset above the max is rejected', async () => {
    expect(await tested.send('byOffset', { offset: 7 })).toMatchObject({ status: 422 })
  })
})
