import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Transaction } from 'holdfast'
import type { WebhookEndpoint } from 'holdfast/webhooks'
import { startReceiver } from '../../platform/egress/receiver.fixture.ts'
import { startWebhooks, type TestWebhooks } from './webhooks.fixture.ts'

let app: TestWebhooks
beforeAll(async () => {
  app = await startWebhooks()
})
afterAll(() => app[Symbol.asyncDispose]())

const problemOf = (code: string): Error => expect.objectContaining({ code }) as Error

test('an endpoint is added, changed, disabled, enabled and removed by its owner', async () => {
  const { secret, ...added } = await app.add('ann', 'https://Example.com/hooks')
  expect(secret).toMatch(/^whsec_/)
  expect(added).toEqual({
    id: expect.any(String) as string,
    owner: 'ann',
    url: 'https://example.com/hooks',
    events: null,
    description: '',
    state: 'enabled',
    reason: null,
    failingSince: null,
    createdAt: expect.stringMatching(/Z$/) as string,
  })
  const own = { owner: 'ann', id: added.id }
  const change = (work: (transaction: Transaction) => Promise<WebhookEndpoint>): Promise<WebhookEndpoint> =>
    app.within(({ transaction }) => work(transaction))

  const described = { ...added, description: 'mine', events: ['transfer.failed'] }
  expect(
    await change((transaction) =>
      app.hooks.updateEndpoint(transaction, { ...own, description: 'mine', events: ['transfer.failed'] }),
    ),
  ).toEqual(described)
  const moved = { ...described, url: 'https://example.com/other', events: null }
  expect(
    await change((transaction) =>
      app.hooks.updateEndpoint(transaction, { ...own, url: moved.url, events: null }),
    ),
  ).toEqual(moved)
  expect(await change((transaction) => app.hooks.updateEndpoint(transaction, own))).toEqual(moved)
  expect(
    await change((transaction) => app.hooks.disableEndpoint(transaction, { ...own, reason: 'On holiday.' })),
  ).toEqual({ ...moved, state: 'disabled', reason: 'On holiday.' })
  expect(await change((transaction) => app.hooks.enableEndpoint(transaction, own))).toEqual(moved)
  await app.within(({ transaction }) => app.hooks.removeEndpoint(transaction, own))
  await expect(change((transaction) => app.hooks.updateEndpoint(transaction, own))).rejects.toEqual(
    problemOf('webhook-endpoint-unknown'),
  )
  expect(
    await app.tested.sql('select from holdfast.webhook_secrets where endpoint_id = $1', [added.id]),
  ).toEqual([])
})

test('an owner cannot access the endpoints of another owner', async () => {
  await using receiver = await startReceiver()
  const { id } = await app.add('bob', receiver.url)
  await app.publish('bob')
  const [delivery] = await app.settled('bob', 'delivered')
  const { hooks } = app
  const own = { owner: 'eve', id }
  const attempts: ((transaction: Transaction) => Promise<unknown>)[] = [
    (transaction) => hooks.updateEndpoint(transaction, { ...own, url: 'https://eve.example' }),
    (transaction) => hooks.rotateSecret(transaction, own),
    (transaction) => hooks.disableEndpoint(transaction, own),
    (transaction) => hooks.enableEndpoint(transaction, own),
    (transaction) => hooks.removeEndpoint(transaction, own),
    (transaction) => hooks.replayDeliveries(transaction, { owner: 'eve', endpoint: id, since: new Date(0) }),
  ]
  const rows = (): Promise<unknown> =>
    app.tested.sql(
      'select * from holdfast.webhook_endpoints join holdfast.webhook_secrets on endpoint_id = id where owner = $1',
      ['bob'],
    )
  const before = await rows()
  for (const attempt of attempts)
    await expect(app.within(({ transaction }) => attempt(transaction))).rejects.toEqual(
      problemOf('webhook-endpoint-unknown'),
    )
  await expect(
    app.within(({ transaction }) => hooks.replayDelivery(transaction, { owner: 'eve', id: delivery!.id })),
  ).rejects.toEqual(problemOf('webhook-delivery-unknown'))
  expect(await rows()).toEqual(before)
  expect(await app.deliveries('eve')).toEqual([])
  const spied = await app.within((context) =>
    context.page({ limit: 10 }, hooks.listDeliveries(context.transaction, { owner: 'eve', endpoint: id })),
  )
  expect(spied.items).toEqual([])
})

test('an invalid id is not found', async () => {
  const own = { owner: 'ann', id: "' or true" }
  await expect(app.within(({ transaction }) => app.hooks.removeEndpoint(transaction, own))).rejects.toEqual(
    problemOf('webhook-endpoint-unknown'),
  )
  await expect(app.within(({ transaction }) => app.hooks.replayDelivery(transaction, own))).rejects.toEqual(
    problemOf('webhook-delivery-unknown'),
  )
  const { items } = await app.within((context) =>
    context.page(
      { limit: 1 },
      app.hooks.listDeliveries(context.transaction, { owner: 'ann', endpoint: 'x' }),
    ),
  )
  expect(items).toEqual([])
})

test('an endpoint can subscribe only to declared events', async () => {
  await expect(
    app.add('ann', 'https://example.com', ['transfer.created', 'transfer.checked']),
  ).rejects.toEqual(problemOf('webhook-event-unknown'))
})

describe('URLs', () => {
  test.each([
    'example.com',
    '/hooks',
    'ftp://example.com',
    'javascript:alert(1)',
    'https://user@example.com',
    'https://user:password@example.com',
    'https://example.com/#part',
    'https://example.com/#',
    'https://10.0.0.1',
    'https://[::1]/',
    'https://2130706434/',
    'https://169.254.169.254/latest/meta-data/',
    'https://localhost/',
    'https://LOCALHOST./',
    'https://db.localhost:5432/',
    `https://example.com/${'x'.repeat(2_048)}`,
  ])('the URL %s is rejected', async (url) => {
    await expect(app.add('ann', url)).rejects.toEqual(problemOf('webhook-url-invalid'))
  })

  test('a URL must be https, unless http is allowed', async () => {
    await using strict = await startWebhooks({ allowHttp: false, allowedHosts: [] })
    await expect(strict.add('ann', 'http://example.com')).rejects.toEqual(problemOf('webhook-url-invalid'))
    expect(await strict.add('ann', 'https://example.com')).toMatchObject({ url: 'https://example.com/' })
    expect(await app.add('ann', 'http://example.com')).toMatchObject({ url: 'http://example.com/' })
  })
})

test('endpoints and deliveries are listed in pages', async () => {
  await using receiver = await startReceiver()
  const ids: string[] = []
  for (const n of [1, 2, 3]) ids.push((await app.add('paul', `${receiver.url}${n}`)).id)
  await app.publish('paul')
  const all = await app.settled('paul', 'delivered', 'delivered', 'delivered')
  const pages = await app.within(async ({ page, transaction }) => {
    const endpoints = app.hooks.listEndpoints(transaction, { owner: 'paul' })
    const first = await page({ limit: 2 }, endpoints)
    const second = await page({ limit: 2, cursor: first.next }, endpoints)
    const deliveries = app.hooks.listDeliveries(transaction, { owner: 'paul' })
    const last = await page({ limit: 2 }, deliveries)
    const earlier = await page({ limit: 2, cursor: last.next }, deliveries)
    const one = await page(
      { limit: 9 },
      app.hooks.listDeliveries(transaction, { owner: 'paul', endpoint: ids[1], state: 'delivered' }),
    )
    const none = await page(
      { limit: 9 },
      app.hooks.listDeliveries(transaction, { owner: 'paul', state: 'pending' }),
    )
    return { first, second, last, earlier, one, none }
  })
  expect([...pages.first.items, ...pages.second.items].map(({ id }) => id)).toEqual(ids)
  expect(pages.first.items[0]).not.toHaveProperty('secret')
  expect(pages.second.next).toBeUndefined()
  expect([...pages.last.items, ...pages.earlier.items]).toEqual(all)
  expect(pages.one.items.map(({ endpoint }) => endpoint)).toEqual([ids[1]])
  expect(pages.none.items).toEqual([])
})
