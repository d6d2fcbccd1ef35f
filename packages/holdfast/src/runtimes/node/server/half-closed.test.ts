import { anyone, holdfast } from 'holdfast'
import { until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { openRaw, type RawClient } from './raw-client.fixture.ts'
import { serveForTest } from '../serve.fixture.ts'

const { query, service } = holdfast()

// A response too long for the kernel's buffers.
const much = 'x'.repeat(2 ** 24)
let runs = 0
let isAborted = false

const readMuch = query({
  route: 'GET /much',
  access: anyone('a test'),
  output: z.object({ much: z.string() }),
  run: () => ({ much }),
})

const wait = query({
  route: 'GET /wait',
  access: anyone('a test'),
  run: async ({ signal }) => {
    runs += 1
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    isAborted = true
    signal.throwIfAborted()
  },
})

const halfClosing = service({ name: 'half-closing', operations: { readMuch, wait } })

function get(client: RawClient, path: string): void {
  client.send(`GET ${path} HTTP/1.1\r\nHost: half.test\r\n\r\n`)
}

test('a client that half-closes its connection gets the rest of a response in progress', async () => {
  const { port } = await serveForTest(halfClosing)
  using client = await openRaw(port, { allowHalfOpen: true })
  get(client, '/much')
  client.socket.pause()
  await until(() => client.socket.readableLength > 0)
  client.socket.end()
  client.socket.resume()
  expect(JSON.parse((await client.answer()).body)).toEqual({ much })
  await client.closed
})

test('a client that half-closes its connection before the response cancels its call, and the response reports this', async () => {
  const { port } = await serveForTest(halfClosing)
  using client = await openRaw(port, { allowHalfOpen: true })
  get(client, '/wait')
  await until(() => runs === 1)
  client.socket.end()
  const answer = await client.answer()
  expect(answer).toMatchObject({ status: 503, headers: { connection: 'close', 'retry-after': '1' } })
  expect(JSON.parse(answer.body)).toMatchObject({ code: 'unavailable' })
  await until(() => isAborted)
  await client.closed
})

test('an idle connection that a client half-closes is closed', async () => {
  const { port } = await serveForTest(halfClosing)
  using client = await openRaw(port, { allowHalfOpen: true })
  client.socket.end()
  await client.closed
})
