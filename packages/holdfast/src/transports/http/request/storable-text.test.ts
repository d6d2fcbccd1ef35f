import { anyone, holdfast } from 'holdfast'
import { createHandler } from 'holdfast/http'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { noDatabase, startService } from '../../../kernel/service/start-service.fixture.ts'

const { query, mutation } = holdfast({ database: noDatabase })
const output = z.object({ text: z.string() })
const say = mutation({
  route: 'POST /say',
  access: anyone('a test'),
  input: z.looseObject({ text: z.string() }),
  output,
  run: ({ input }) => ({ text: input.text }),
})
const handle = query({
  route: 'GET /hear/{text}',
  access: anyone('a test'),
  input: output,
  output,
  run: ({ input }) => input,
})
const { fetch } = createHandler(await startService({ say, hear: handle }, { database: noDatabase }))

const post = (body: string): Promise<Response> =>
  fetch(
    new Request('http://test/say', { method: 'POST', headers: { 'content-type': 'application/json' }, body }),
  )

test.each([
  [String.raw`{"text":"\u0000"}`, 'U+0000'],
  [String.raw`{"text":"a","x":["\ud800"]}`, 'surrogate'],
  [String.raw`{"text":"a","\udc00":1}`, 'surrogate'],
  [String.raw`{"text":"\udc00\ud800"}`, 'surrogate'],
])('%s is rejected, because Postgres cannot store it', async (body, what) => {
  const response = await post(body)
  expect([response.status, await response.json()]).toMatchObject([
    400,
    { code: 'bad-request', detail: expect.stringContaining(what) },
  ])
})

test('a complete surrogate pair is a character', async () => {
  expect(await (await post(String.raw`{"text":"\ud83d\ude00"}`)).json()).toEqual({ text: '😀' })
})

test.each(['/hear/a%00', '/hear/a?x=%00', '/hear/a?%00=x'])(
  'the path %s is rejected, because it contains U+0000',
  async (path) => {
    const response = await fetch(new Request(`http://test${path}`))
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'bad-request' }])
  },
)
