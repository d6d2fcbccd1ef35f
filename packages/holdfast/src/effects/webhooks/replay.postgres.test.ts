import { until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { duringEachTest, duringFile } from '../../../test/during.ts'
import { startReceiver } from '../../platform/egress/receiver.fixture.ts'
import { startWebhooks } from './webhooks.fixture.ts'

const app = duringFile(startWebhooks)
const receiver = duringEachTest(startReceiver)

function replyWith(status: number): void {
  receiver.reply((_, response) => void response.writeHead(status).end())
}

/** Adds an endpoint that rejects two deliveries and accepts all later deliveries. */
async function failTwice(account: string): Promise<string> {
  replyWith(500)
  const { id } = await app.add(account, receiver.url)
  await app.publish(account)
  await app.settled(account, 'failed')
  await app.publish(account)
  await app.settled(account, 'failed', 'failed')
  replyWith(200)
  return id
}

test('a replay sends one delivery again, with the same id and body', async () => {
  const account = 'ann'
  await failTwice(account)
  const before = receiver.requests.length
  const [last] = await app.deliveries(account)
  await app.within(({ transaction }) =>
    app.hooks.replayDelivery(transaction, { owner: account, id: last!.id }),
  )
  const [replayed] = await app.settled(account, 'delivered', 'failed')
  expect(replayed!.attempts).toHaveLength(4)
  expect(receiver.requests).toHaveLength(before + 1)
  expect(receiver.requests.at(-1)).toMatchObject({
    headers: { 'webhook-id': last!.message },
    body: receiver.requests.at(-2)!.body,
  })
})

test('a replay sends the failed deliveries since a time, or all of them', async () => {
  const account = 'bob'
  const endpoint = await failTwice(account)
  const [second, first] = await app.deliveries(account)
  const replay = (since: string, which?: 'all', until?: Date): Promise<number> =>
    app.within(({ transaction }) =>
      app.hooks.replayDeliveries(transaction, {
        owner: account,
        endpoint,
        since: new Date(since),
        which,
        until,
      }),
    )
  expect(await replay(first!.createdAt, undefined, new Date(first!.createdAt))).toBe(0)
  expect(await replay(new Date(Date.parse(second!.createdAt) + 1).toISOString())).toBe(0)
  expect(await replay(new Date(Date.parse(first!.createdAt) + 1).toISOString())).toBe(1)
  await app.settled(account, 'delivered', 'failed')
  expect(await replay(first!.createdAt)).toBe(1)
  await app.settled(account, 'delivered', 'delivered')
  expect(await replay(first!.createdAt)).toBe(0)
  const before = receiver.requests.length
  expect(await replay(first!.createdAt, 'all')).toBe(2)
  await until(() => receiver.requests.length === before + 2)
  await app.settled(account, 'delivered', 'delivered')
})

test('a replay needs an enabled endpoint', async () => {
  const account = 'eve'
  const endpoint = await failTwice(account)
  const [last] = await app.deliveries(account)
  await app.within(({ transaction }) =>
    app.hooks.disableEndpoint(transaction, { owner: account, id: endpoint }),
  )
  const disabled = expect.objectContaining({ code: 'webhook-endpoint-disabled' }) as Error
  await expect(
    app.within(({ transaction }) => app.hooks.replayDelivery(transaction, { owner: account, id: last!.id })),
  ).rejects.toEqual(disabled)
  await expect(
    app.within(({ transaction }) =>
      app.hooks.replayDeliveries(transaction, { owner: account, endpoint, since: new Date(0) }),
    ),
  ).rejects.toEqual(disabled)
})
