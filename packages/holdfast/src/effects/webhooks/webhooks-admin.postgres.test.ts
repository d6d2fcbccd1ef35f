import type pg from 'pg'
import {
  disableWebhookEndpoint,
  enableWebhookEndpoint,
  listWebhookDeliveries,
  listWebhookEndpoints,
  replayWebhookDeliveries,
  replayWebhookDelivery,
} from 'holdfast/webhooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Receiver, startReceiver } from '../../platform/egress/receiver.fixture.ts'
import { startWebhooks, type TestWebhooks } from './webhooks.fixture.ts'
import { DriverClient } from '../../storage/postgres/session/driver-client.ts'

let app: TestWebhooks
let receiver: Receiver
let client: pg.Client
beforeAll(async () => {
  app = await startWebhooks({ retry: { schedule: [] } })
  receiver = await startReceiver()
  client = new DriverClient({ connectionString: app.tested.databaseUrl })
  await client.connect()
})
afterAll(async () => {
  await client.end()
  await receiver[Symbol.asyncDispose]()
  await app[Symbol.asyncDispose]()
})

test('endpoints and deliveries of all owners are listed, disabled, enabled and replayed', async () => {
  receiver.reply((_, response) => void response.writeHead(500).end('no'))
  const ann = await app.add('ann', receiver.url)
  const bob = await app.add('bob', receiver.url)
  await app.publish('ann')
  await app.settled('ann', 'failed')
  await app.publish('bob')
  const [failed] = await app.settled('bob', 'failed')

  const endpoints = await listWebhookEndpoints(client)
  expect(endpoints.map(({ owner }) => owner)).toEqual(['ann', 'bob'])
  expect(JSON.stringify(endpoints)).not.toContain('whsec_')
  const [first] = await listWebhookEndpoints(client, { limit: 1 })
  expect(await listWebhookEndpoints(client, { after: first!.position })).toMatchObject([{ id: bob.id }])
  expect(await listWebhookEndpoints(client, { owner: 'ann' })).toMatchObject([{ id: ann.id }])

  const [last] = await listWebhookDeliveries(client, { limit: 1 })
  expect(last).toMatchObject({ endpoint: bob.id, state: 'failed', attempts: [{ status: 500, answer: 'no' }] })
  expect(await listWebhookDeliveries(client, { after: last!.position })).toMatchObject([{ endpoint: ann.id }])
  expect(await listWebhookDeliveries(client, { endpoint: ann.id })).toHaveLength(1)
  expect(await listWebhookDeliveries(client, { owner: 'bob', state: 'delivered' })).toEqual([])

  await disableWebhookEndpoint(client, ann.id, 'Its certificate has expired.')
  expect(await listWebhookEndpoints(client, { state: 'disabled' })).toMatchObject([
    { id: ann.id, reason: 'Its certificate has expired.' },
  ])
  const disabled = { code: 'webhook-endpoint-disabled' }
  const range = { endpoint: ann.id, since: new Date(0) }
  await expect(replayWebhookDeliveries(client, range)).rejects.toMatchObject(disabled)
  await enableWebhookEndpoint(client, ann.id)
  receiver.reply((_, response) => void response.writeHead(200).end())
  expect(await replayWebhookDeliveries(client, range)).toBe(1)
  await app.settled('ann', 'delivered')
  await replayWebhookDelivery(client, failed!.id)
  await app.settled('bob', 'delivered')
})

test('a missing endpoint and an invalid request are reported', async () => {
  const anonymous = '00000000-0000-7000-8000-000000000000'
  const unknown = { code: 'webhook-endpoint-unknown' }
  await expect(disableWebhookEndpoint(client, anonymous, 'x')).rejects.toMatchObject(unknown)
  await expect(enableWebhookEndpoint(client, 'x')).rejects.toMatchObject(unknown)
  await expect(
    replayWebhookDeliveries(client, { endpoint: anonymous, since: new Date() }),
  ).rejects.toMatchObject(unknown)
  await expect(replayWebhookDelivery(client, anonymous)).rejects.toMatchObject({
    code: 'webhook-delivery-unknown',
  })
  const invalid = { code: 'webhook-list-invalid' }
  for (const limit of [0, 1_001, 1.5])
    await expect(listWebhookEndpoints(client, { limit })).rejects.toMatchObject(invalid)
  await expect(listWebhookEndpoints(client, { after: '-1' })).rejects.toMatchObject(invalid)
  await expect(listWebhookDeliveries(client, { after: 'x' })).rejects.toMatchObject(invalid)
  await expect(listWebhookDeliveries(client, { endpoint: 'x' })).rejects.toMatchObject(invalid)
})
