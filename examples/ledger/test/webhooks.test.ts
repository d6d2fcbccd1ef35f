import { createServer, type Server } from 'node:http'
import { until } from 'holdfast/testing'
import { verifyWebhook } from 'holdfast/webhooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Books, openBooks } from './books.fixture.ts'

interface Received {
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: Buffer
}

let books: Books
let receiver: Server
let url: string
const received: Received[] = []

beforeAll(async () => {
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks) })
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const address = receiver.address()
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/hooks`
  books = await openBooks({ BANK_URL: 'http://127.0.0.1:9' })
})

afterAll(async () => {
  await books.stop()
  await new Promise((resolve) => receiver.close(resolve))
})

test('a transfer is sent to the endpoints of both of its accounts, signed, and is sent again on demand', async () => {
  const open = async (): Promise<string> =>
    (await books.call.createAccount({ name: 'Rich', currency: 'EUR' })).id
  const [from, to, other] = [await open(), await open(), await open()]
  await books.call.createDeposit({ account: from, amount: 1_000 })
  const sender = await books.call.addWebhookEndpoint({ account: from, url })
  const receiverOfMoney = await books.call.addWebhookEndpoint({ account: to, url })
  await books.call.addWebhookEndpoint({ account: other, url })
  const transfer = await books.call.createTransfer({ from, to, amount: 300 })
  const [delivery] = await until(async () => {
    const { items } = await books.call.listWebhookDeliveries({ account: to })
    return items.length === 1 && items[0]!.state === 'delivered' ? items : undefined
  })
  await until(() => received.length === 2)

  const verified = (secret: string): readonly unknown[] =>
    received.flatMap(({ headers, body }) => {
      try {
        const header = (name: string): string | undefined => headers[name]?.toString()
        verifyWebhook({ header, body }, { secrets: [secret], nowMs: Date.now() })
        return [JSON.parse(body.toString())]
      } catch {
        return []
      }
    })
  const expected = expect.objectContaining({
    type: 'transfer.created',
    data: expect.objectContaining({ id: transfer.id, amount: 300, currency: 'EUR' }) as unknown,
  }) as unknown
  expect(verified(sender.secret)).toEqual([expected])
  expect(verified(receiverOfMoney.secret)).toEqual([expected])

  await books.call.replayWebhookDelivery({ account: to, id: delivery!.id })
  await until(() => received.length === 3)
  expect(received[2]!.body).toEqual(received[0]!.body)
  expect(verified(receiverOfMoney.secret)).toHaveLength(2)
})

test('an account can access only its own endpoints', async () => {
  const { id: mine } = await books.call.createAccount({ name: 'Mine', currency: 'EUR' })
  const { id: theirs } = await books.call.createAccount({ name: 'Theirs', currency: 'EUR' })
  const endpoint = await books.call.addWebhookEndpoint({ account: theirs, url, description: 'books' })
  const { items } = await books.call.listWebhookEndpoints({ account: theirs })
  expect(items).toEqual([
    {
      id: endpoint.id,
      url,
      description: 'books',
      state: 'enabled',
      reason: null,
      failingSince: null,
    },
  ])
  expect(await books.call.listWebhookEndpoints({ account: mine })).toEqual({ items: [] })
  for (const operation of ['removeWebhookEndpoint', 'rotateWebhookSecret'] as const)
    expect(await books.send(operation, { account: mine, id: endpoint.id })).toMatchObject({ status: 404 })
  const { secret } = await books.call.rotateWebhookSecret({ account: theirs, id: endpoint.id })
  expect(secret).not.toBe(endpoint.secret)
  await books.call.removeWebhookEndpoint({ account: theirs, id: endpoint.id })
  expect(await books.call.listWebhookEndpoints({ account: theirs })).toEqual({ items: [] })
})

test('a URL that points into the network of the ledger is rejected', async () => {
  const { id: account } = await books.call.createAccount({ name: 'Mallory', currency: 'EUR' })
  const answer = await books.send('addWebhookEndpoint', { account, url: 'http://169.254.169.254/latest' })
  expect(answer).toMatchObject({ status: 422 })
  expect(answer.body).toContain('webhook-url-invalid')
})
