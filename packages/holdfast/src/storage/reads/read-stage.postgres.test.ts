import { anyone, holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

const { query, service } = holdfast({ database: postgres() })

const hello = query({
  route: 'GET /hello',
  access: anyone('a test'),
  output: z.object({ n: z.int() }),
  run: () => ({ n: 1 }),
})

test('a query that runs no statement is answered without a promise', async () => {
  await using tested = await createTestService(service({ name: 'read-stage', operations: { hello } }))
  const answer = tested.running.call({
    operation: 'hello',
    input: { path: {}, query: {}, body: undefined },
    header: () => undefined,
  })
  expect(answer).toMatchObject({ status: 200, body: '{"n":1}' })
})
