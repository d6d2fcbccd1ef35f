import { anyone, holdfast, pages } from 'holdfast'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { bodyOf, call, noDatabase, startService } from '../service/start-service.fixture.ts'

const { query } = holdfast()
const Item = z.object({ id: z.int() })

const list = (route: 'GET /list' | 'GET /other', size: () => number) =>
  query({
    route,
    access: anyone('a test'),
    input: pages.input(z.object({ color: z.string().default('red') }), { max: 50 }),
    output: pages.output(Item, { max: 50 }),
    run: ({ input, page }) =>
      page(input, {
        orderings: [{ name: 'id', direction: 'asc', nulls: 'never' }],
        async read({ after, limit, orderings: [by] }) {
          const ids = Array.from({ length: size() }, (_, id) => id)
          const from = Number(after?.values[0] ?? -1)
          const behind = ids.filter((id) =>
            by!.direction === 'asc' ? id > from : id < from || (after?.isInclusive === true && id === from),
          )
          const inOrder = by!.direction === 'asc' ? behind : behind.toReversed()
          return inOrder.slice(0, limit).map((id) => ({ row: { id }, values: [String(id)] }))
        },
      }),
  })

interface PageBody {
  readonly items: { readonly id: number }[]
  readonly next?: string
}

let size = 0
const operations = { list: list('GET /list', () => size), other: list('GET /other', () => size) }
const running = await startService(operations, { database: noDatabase })

const get = async (
  name: string,
  query: Record<string, string>,
): Promise<PageBody & { readonly code?: string }> =>
  bodyOf(
    await call(running, name, {
      query: Object.fromEntries(Object.entries(query).map(([key, value]) => [key, [value]])),
    }),
  ) as PageBody

describe('pages', () => {
  test('pages return every row once, in order, with any limit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(60), fc.integer({ min: 1, max: 50 }), async (rows, limit) => {
        size = rows
        const seen: number[] = []
        let cursor: string | undefined
        do {
          const { items, next } = await get('list', {
            limit: String(limit),
            ...(cursor === undefined ? {} : { cursor }),
          })
          expect(items.length).toBe(Math.min(limit, rows - seen.length))
          seen.push(...items.map(({ id }) => id))
          cursor = next
        } while (cursor !== undefined)
        expect(seen).toEqual(Array.from({ length: rows }, (_, index) => index))
      }),
      { numRuns: 60 },
    )
  })

  test('pages have 20 items by default, and the last page has no next', async () => {
    size = 20
    const page = await get('list', {})
    expect(page.items).toHaveLength(20)
    expect(page).not.toHaveProperty('next')
  })

  test.each(['0', '51', '-1', '1.5', 'many'])('pages of %s items are rejected', async (limit) => {
    expect(await get('list', { limit })).toMatchObject({
      code: 'invalid-input',
      errors: [{ pointer: '#/limit' }],
    })
  })
})

test.each([
  [
    'that has more items than it may',
    { items: Array.from({ length: 101 }, () => ({ id: 1 })) },
    'at most 100 items',
  ],
  ['that is not a page', { rows: [] }, 'Expected a page'],
])('a page %s fails when it is created', async (_, output, reason) => {
  const lines: string[] = []
  const odd = query({
    route: 'GET /odd',
    access: anyone('a test'),
    input: pages.input({ max: 200 }),
    output: pages.output(Item),
    run: () => output as never,
  })
  const answer = await call(await startService({ odd }, { onLog: (line) => lines.push(line) }), 'odd')
  expect(answer.status).toBe(500)
  expect(lines.join('')).toContain(reason)
})

test('items may contain items of the same type', async () => {
  const Comment = z.object({
    text: z.string(),
    get replies() {
      return z.array(Comment).max(5)
    },
  })
  const comments = query({
    route: 'GET /comments',
    access: anyone('a test'),
    input: pages.input(),
    output: pages.output(Comment),
    run: () => ({
      items: [{ text: 'a', replies: [{ text: 'b', replies: [{ text: 'c', replies: [], secret: 1 }] }] }],
    }),
  })
  const answer = await call(await startService({ comments }, { mode: 'production' }), 'comments')
  expect(bodyOf(answer)).toEqual({
    items: [{ text: 'a', replies: [{ text: 'b', replies: [{ text: 'c', replies: [] }] }] }],
  })
})

describe('a cursor', () => {
  const firstCursor = async (): Promise<string> => {
    size = 30
    return (await get('list', { limit: '10' })).next!
  }

  test('a cursor that was changed anywhere is rejected', async () => {
    const cursor = await firstCursor()
    for (let index = 0; index < cursor.length; index += 1) {
      const other = cursor[index] === 'A' ? 'B' : 'A'
      const forged = cursor.slice(0, index) + other + cursor.slice(index + 1)
      expect(await get('list', { cursor: forged }), forged).toMatchObject({
        status: 400,
        code: 'cursor-invalid',
      })
    }
  })

  test('a cursor has one spelling', async () => {
    const cursor = await firstCursor()
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    // The last character must have unused bits; otherwise no other character could encode the same
    // bytes.
    expect(cursor.length % 4).not.toBe(0)
    for (const last of alphabet.replace(cursor.at(-1)!, '')) {
      expect((await get('list', { cursor: cursor.slice(0, -1) + last })).code, last).toBe('cursor-invalid')
    }
  })

  test.each(['', 'x', 'AA', '!!!', 'A'.repeat(40), 'é'])(
    'a cursor that is %j is rejected',
    async (cursor) => {
      expect((await get('list', { cursor })).code).toBe('cursor-invalid')
    },
  )

  test('a cursor is valid only for its list, filters and order', async () => {
    const cursor = await firstCursor()
    expect((await get('other', { cursor })).code).toBe('cursor-invalid')
    expect((await get('list', { cursor, color: 'blue' })).code).toBe('cursor-invalid')
    expect((await get('list', { cursor, color: 'tan' })).code).toBe('cursor-invalid')
    expect((await get('list', { cursor, color: 'red', limit: '3' })).items.map(({ id }) => id)).toEqual([
      10, 11, 12,
    ])
  })

  test('a cursor is valid only in processes with the same secret', async () => {
    const cursor = await firstCursor()
    const same = await startService(operations, { database: noDatabase })
    expect((await call(same, 'list', { query: { cursor: [cursor] } })).status).toBe(200)
    const other = await startService(operations)
    expect((await call(other, 'list', { query: { cursor: [cursor] } })).status).toBe(400)
  })

  test('a cursor is never longer than the accepted max', async () => {
    // The text is random, so that compression does not shorten it.
    const text = Array.from({ length: 400 }, () => crypto.randomUUID()).join('')
    const long = query({
      route: 'GET /long',
      access: anyone('a test'),
      input: pages.input(),
      output: pages.output(z.object({})),
      run: ({ input, page }) =>
        page(input, {
          orderings: [{ name: 'at', direction: 'asc', nulls: 'never' }],
          read: async () => Array.from({ length: 30 }, () => ({ row: {}, values: [text] })),
        }),
    })
    const lines: string[] = []
    const answer = await call(await startService({ long }, { onLog: (line) => lines.push(line) }), 'long')
    expect(answer.status).toBe(500)
    expect(lines.join('')).toContain('too long for a cursor')
  })
})
