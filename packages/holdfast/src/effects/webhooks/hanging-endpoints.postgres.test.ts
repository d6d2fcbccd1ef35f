import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { anyone, event, holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import { webhooks } from 'holdfast/webhooks'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'

const Happened = event('happened', { payload: z.object({ owner: z.string() }) })
const { job, mutation, service } = holdfast({ database: postgres() })

// The paths of the requests, which identify the endpoints. Requests to /hang get no response.
const asked: string[] = []
const server = createServer(({ url = '' }, response) => {
  asked.push(url)
  if (!url.startsWith('/hang')) response.writeHead(204).end()
})

const hooks = webhooks({
  events: [Happened],
  ownerOf: ({ payload }) => payload.owner,
  allowedHosts: ['127.0.0.1'],
  timeout: '10m',
})
let done = 0
let hanging = 0
const count = job({ name: 'count', input: z.object({}), run: () => void (done += 1) })
const hang = job({
  name: 'hang',
  input: z.object({}),
  run: ({ signal }) => {
    hanging += 1
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  },
})
const input = z.object({ path: z.string(), owner: z.string() })
const operations = {
  add: mutation({
    route: 'POST /endpoints',
    access: anyone('a test'),
    input,
    run: async ({ input: { path, owner }, transaction }) => {
      const { port } = server.address() as AddressInfo
      await hooks.addEndpoint(transaction, { owner, url: `http://127.0.0.1:${port}${path}` })
    },
  }),
  publishMany: mutation({
    route: 'POST /messages',
    access: anyone('a test'),
    input: z.object({ owner: z.string(), times: z.int() }),
    run: async ({ input: { owner, times }, publish }) => {
      for (let n = 0; n < times; n += 1) await publish(Happened, owner, { owner })
    },
  }),
  enqueueMany: mutation({
    route: 'POST /jobs',
    access: anyone('a test'),
    input: z.object({ name: z.enum(['count', 'hang']), times: z.int() }),
    run: async ({ input: { name, times }, jobs }) => {
      await jobs.enqueueMany(
        name === 'count' ? count : hang,
        Array.from({ length: times }, () => ({})),
      )
    },
  }),
}

let on: TestService<typeof operations>
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(async () => {
  asked.length = 0
  done = 0
  hanging = 0
  on = await createTestService(
    service({ name: 'hanging', operations, jobs: [count, hang], capabilities: [hooks] }),
  )
  return () => on.stop()
})

test('hanging endpoints delay neither jobs nor the deliveries of other owners', async () => {
  for (const path of ['/hang/1', '/hang/2', '/hang/3', '/hang/4', '/hang/5', '/hang/6'])
    await on.call.add({ path, owner: 'ann' })
  await on.call.add({ path: '/fine', owner: 'bob' })
  await on.call.publishMany({ owner: 'ann', times: 20 })
  await until(() => asked.length === 10)
  await on.call.enqueueMany({ name: 'count', times: 20 })
  await until(() => done === 20)
  await on.call.publishMany({ owner: 'bob', times: 5 })
  await until(() => asked.filter((url) => url === '/fine').length === 5)
  // Ann uses only half of the slots, no matter how many of her endpoints hang.
  expect(asked.filter((url) => url.startsWith('/hang'))).toHaveLength(10)
})

test('hanging jobs of one name leave slots to the others', async () => {
  await on.call.enqueueMany({ name: 'hang', times: 30 })
  await until(() => hanging === 9)
  await on.call.enqueueMany({ name: 'count', times: 20 })
  await until(() => done === 20)
  expect(hanging).toBe(9)
})
