import { until } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { deliveriesToReceiver, newAccount, verified } from './deliveries.fixture.ts'

const { app, receiver, replyWith, tryNow, rowOf } = deliveriesToReceiver()

describe('endpoints', () => {
  test('an endpoint that returns 410 is disabled, gets no more deliveries, and its owner can be notified', async () => {
    const account = newAccount()
    receiver.reply((_, response) => void response.writeHead(410, { 'retry-after': '3600' }).end())
    const { id } = await app.add(account, receiver.url)
    await app.publish(account)
    const [delivery] = await app.settled(account, 'failed')
    expect(delivery!.attempts).toHaveLength(1)
    expect(await rowOf(id)).toMatchObject({ state: 'disabled', reason: 'It answered 410 Gone.' })
    await until(() => app.failed.some(({ owner }) => owner === account))
    await app.publish(account)
    expect(await app.deliveries(account)).toHaveLength(1)
    expect(app.failed.filter(({ owner }) => owner === account)).toEqual([
      { owner: account, reason: 'It answered 410 Gone.' },
    ])
  })

  test('an endpoint is disabled when it has failed for five days, and not before', async () => {
    const account = newAccount()
    replyWith(500)
    const { id } = await app.add(account, receiver.url)
    const failSince = (age: string): Promise<unknown> =>
      app.tested.sql(
        'update holdfast.webhook_endpoints set failing_since = now() - $2::interval where id = $1',
        [id, age],
      )
    await failSince('119 hours')
    await app.publish(account)
    await app.settled(account, 'failed')
    expect(await rowOf(id)).toMatchObject({ state: 'enabled', reason: null })
    await failSince('121 hours')
    await app.publish(account)
    await app.settled(account, 'failed', 'failed')
    expect(await rowOf(id)).toMatchObject({
      state: 'disabled',
      reason: expect.stringMatching(
        /^No delivery has succeeded since \d{4}-\d\d-\d\d \d\d:\d\d UTC\.$/,
      ) as string,
    })
    await until(() => app.failed.filter(({ owner }) => owner === account).length === 1)
  })

  test('an endpoint that is disabled while a delivery waits gets no more attempts', async () => {
    const account = newAccount()
    receiver.reply((_, response) => void response.writeHead(503, { 'retry-after': '3600' }).end())
    const { id } = await app.add(account, receiver.url)
    await app.publish(account)
    await until(async () => (await app.deliveries(account))[0]?.attempts.length === 1)
    await app.within(({ transaction }) => app.hooks.disableEndpoint(transaction, { owner: account, id }))
    await tryNow(id)
    await app.settled(account, 'failed')
    expect(receiver.requests).toHaveLength(1)
  })

  test('an endpoint that is removed loses its deliveries', async () => {
    const account = newAccount()
    receiver.reply((_, response) => void response.writeHead(503, { 'retry-after': '3600' }).end())
    const { id } = await app.add(account, receiver.url)
    await app.publish(account)
    await until(async () => (await app.deliveries(account))[0]?.attempts.length === 1)
    await app.within(({ transaction }) => app.hooks.removeEndpoint(transaction, { owner: account, id }))
    await tryNow(id)
    await until(async () => {
      const [job] = await app.tested.sql<{ state: string }>(
        `select state from holdfast.all_jobs where input->>'endpoint' = $1`,
        [id],
      )
      return job!.state === 'succeeded'
    })
    expect(await app.deliveries(account)).toEqual([])
    expect(receiver.requests).toHaveLength(1)
  })
})

describe('rotated secrets', () => {
  test('a rotated secret stays valid for a day in addition to the new secret', async () => {
    const account = newAccount()
    const { id, secret: first } = await app.add(account, receiver.url)
    const rotate = (): Promise<{ readonly secret: string }> =>
      app.within(({ transaction }) => app.hooks.rotateSecret(transaction, { owner: account, id }))
    const { secret: second } = await rotate()
    const [old] = await app.tested.sql<{ hours: number }>(
      `select extract(epoch from valid_until - now())::double precision / 3600 as hours
       from holdfast.webhook_secrets where endpoint_id = $1 and secret = $2`,
      [id, first],
    )
    expect(old!.hours).toBeGreaterThan(23.9)
    expect(old!.hours).toBeLessThanOrEqual(24)
    await app.publish(account)
    await app.settled(account, 'delivered')
    const [request] = receiver.requests
    for (const secret of [first, second]) verified(request!, secret)

    await app.tested.sql(
      'update holdfast.webhook_secrets set valid_until = now() where endpoint_id = $1 and secret = $2',
      [id, first],
    )
    await app.publish(account)
    await app.settled(account, 'delivered', 'delivered')
    expect(() => verified(receiver.requests[1]!, first)).toThrow('No matching')
    verified(receiver.requests[1]!, second)

    const { secret: third } = await rotate()
    const left = await app.tested.sql<{ secret: string }>(
      'select secret from holdfast.webhook_secrets where endpoint_id = $1 order by created_at',
      [id],
    )
    expect(left.map(({ secret }) => secret)).toEqual([second, third])
  })
})
