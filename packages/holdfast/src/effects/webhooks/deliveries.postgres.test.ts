import { until } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { deliveriesToReceiver, newAccount, verified } from './deliveries.fixture.ts'
import { startWebhooks, TransferChecked, TransferFailed } from './webhooks.fixture.ts'

const { app, receiver, replyWith, rowOf } = deliveriesToReceiver()

describe('messages', () => {
  test('a message arrives signed, with its id, and is logged', async () => {
    const account = newAccount()
    const { secret, id: endpoint } = await app.add(account, `${receiver.url}hooks?x=1`)
    const message = await app.publish(account, undefined, 120)
    const [delivery] = await app.settled(account, 'delivered')
    const [request] = receiver.requests
    expect(verified(request!, secret)).toEqual({
      type: 'transfer.created',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      data: { account, amount: 120 },
    })
    expect(request).toMatchObject({
      method: 'POST',
      path: '/hooks?x=1',
      headers: { 'content-type': 'application/json', 'webhook-id': message },
    })
    expect(delivery).toMatchObject({
      endpoint,
      message,
      event: 'transfer.created',
      attempts: [{ status: 204, answer: '', failure: null }],
    })
    expect(receiver.requests).toHaveLength(1)
  })

  test('a message is sent only to the endpoints of its owner that subscribe to its event', async () => {
    const [account, other] = [newAccount(), newAccount()]
    await app.add(account, `${receiver.url}all`)
    await app.add(account, `${receiver.url}failed`, ['transfer.failed'])
    await app.add(account, `${receiver.url}none`, [])
    await app.add(other, `${receiver.url}other`)
    const off = await app.add(account, `${receiver.url}off`)
    await app.within(({ transaction }) =>
      app.hooks.disableEndpoint(transaction, { owner: account, id: off.id }),
    )
    await app.publish(account, TransferChecked)
    await app.publish('nobody')
    await app.publish(account)
    await app.publish(account, TransferFailed)
    await app.settled(account, 'delivered', 'delivered', 'delivered')
    expect(receiver.requests.map(({ path }) => path).toSorted()).toEqual(['/all', '/all', '/failed'])
  })

  test('a message of several owners is sent once to the endpoints of each owner', async () => {
    const [account, other] = [newAccount(), newAccount()]
    await app.add(account, `${receiver.url}account`)
    await app.add(other, `${receiver.url}other`)
    await app.publish(`${account} and ${other} and ${account}`)
    await app.settled(account, 'delivered')
    await app.settled(other, 'delivered')
    expect(receiver.requests.map(({ path }) => path).toSorted()).toEqual(['/account', '/other'])
  })

  test('a message is delivered once, in the trace of its call, even if it is dispatched again', async () => {
    const account = newAccount()
    await app.add(account, receiver.url)
    const message = await app.publish(account)
    await app.settled(account, 'delivered')
    await app.tested.sql('update holdfast.messages set position = null where id = $1', [message])
    await until(async () => {
      const rows = await app.tested.sql('select from holdfast.messages where position is null')
      return rows.length === 0
    })
    expect(await app.deliveries(account)).toHaveLength(1)
    const jobs = await app.tested.sql(
      `select traceparent = (select traceparent from holdfast.messages where id = $2) as is_traced
       from holdfast.all_jobs where name = 'webhook-delivery' and input->>'endpoint' in
       (select id::text from holdfast.webhook_endpoints where owner = $1)`,
      [account, message],
    )
    expect(jobs).toEqual([{ is_traced: true }])
  })
})

describe('failed deliveries', () => {
  test('a failed delivery is sent again under the same id, with the same bytes and a new signature', async () => {
    const account = newAccount()
    replyWith(500, 301, 200)
    const { secret, id } = await app.add(account, receiver.url)
    const message = await app.publish(account)
    const [delivery] = await app.settled(account, 'delivered')
    expect(delivery!.attempts.map(({ status, answer }) => [status, answer])).toEqual([
      [200, 'answer 200'],
      [301, 'answer 301'],
      [500, 'answer 500'],
    ])
    expect(receiver.requests).toHaveLength(3)
    for (const request of receiver.requests) {
      expect(request.headers['webhook-id']).toBe(message)
      expect(request.body).toBe(receiver.requests[0]!.body)
      verified(request, secret)
    }
    expect(await rowOf(id)).toMatchObject({ failing_since: null, state: 'enabled' })
  })

  test('a delivery fails permanently after the last attempt, but does not fail its job', async () => {
    const account = newAccount()
    replyWith(503)
    const { id } = await app.add(account, receiver.url)
    await app.publish(account)
    const [delivery] = await app.settled(account, 'failed')
    expect(delivery!.attempts).toHaveLength(3)
    expect(await rowOf(id)).toMatchObject({ failing_since: expect.any(Date) as Date, state: 'enabled' })
    const jobs = await app.tested.sql(`select from holdfast.all_jobs where state = 'dead'`)
    expect(jobs).toEqual([])
  })

  test('a delivery holds no transaction during the request', async () => {
    const account = newAccount()
    const open: unknown[] = []
    receiver.reply((_, response) => {
      void app.tested
        .sql(
          `select state from pg_stat_activity
           where datname = current_database() and application_name like 'holdfast job %' and state <> 'idle'`,
        )
        .then((rows) => {
          open.push(...rows)
          response.writeHead(open.length > 0 || receiver.requests.length > 1 ? 200 : 500).end()
        })
    })
    await app.add(account, receiver.url)
    await app.publish(account)
    await app.settled(account, 'delivered')
    expect(receiver.requests).toHaveLength(2)
    expect(open).toEqual([])
  })

  test.each([
    ['waits as long as the answer asks, in seconds', '120', [119, 125]],
    [
      'waits until the date that the answer names',
      () => new Date(Date.now() + 120_000).toUTCString(),
      [118, 125],
    ],
    ['waits for a day at most', '99999999', [86_390, 86_400]],
    ['waits as planned where the answer asks for less', '0', [-20, 1]],
  ])('%s', async (_, header, [least, most]) => {
    const account = newAccount()
    receiver.reply((__, response) => {
      const retryAfter = typeof header === 'string' ? header : header()
      response.writeHead(receiver.requests.length === 1 ? 503 : 200, { 'retry-after': retryAfter }).end()
    })
    await app.add(account, receiver.url)
    await app.publish(account)
    const [row] = await until(async () => {
      const rows = await app.tested.sql<{ id: string; seconds: number }>(
        `select jobs.id, extract(epoch from run_at - now())::double precision as seconds
         from holdfast.all_jobs as jobs join holdfast.webhook_deliveries as delivery on delivery.id::text = input->>'delivery'
         where failures = 1 and endpoint_id in (select id from holdfast.webhook_endpoints where owner = $1)`,
        [account],
      )
      return rows.length > 0 ? rows : undefined
    })
    expect(row!.seconds).toBeLessThanOrEqual(most!)
    expect(row!.seconds).toBeGreaterThanOrEqual(least!)
    await app.tested.sql('update holdfast.jobs set run_at = now() where id = $1', [row!.id])
    await app.settled(account, 'delivered')
  })

  test('a delivery without a response is logged with the reason', async () => {
    const account = newAccount()
    receiver.reply((_, response) => void response.destroy())
    await app.add(account, receiver.url)
    await app.publish(account)
    const [delivery] = await app.settled(account, 'failed')
    expect(delivery!.attempts[0]).toMatchObject({
      status: null,
      answer: null,
      failure: { code: 'egress-failed' },
    })
  })

  test('a delivery keeps the first KiB of any response', async () => {
    const account = newAccount()
    receiver.reply(
      (_, response) => void response.writeHead(200).end(Buffer.from([0, 255, ...Array(5_000).fill(97)])),
    )
    await app.add(account, receiver.url)
    await app.publish(account)
    const [delivery] = await app.settled(account, 'delivered')
    expect(delivery!.attempts[0]!.answer).toBe(`\uFFFD\uFFFD${'a'.repeat(1_022)}`)
  })

  test('a delivery is never sent to a private address, unless the host is declared', async () => {
    const account = newAccount()
    const { id } = await app.add(account, receiver.url)
    const hidden = receiver.url.replace('127.0.0.1', '127.0.0.2')
    await app.tested.sql('update holdfast.webhook_endpoints set url = $2 where id = $1', [id, hidden])
    await app.publish(account)
    const [delivery] = await app.settled(account, 'failed')
    expect(delivery!.attempts.map(({ failure }) => failure?.code)).toEqual(Array(3).fill('egress-refused'))
  })

  test('a failed delivery does not delay other endpoints', async () => {
    const [slow, quick] = [newAccount(), newAccount()]
    const held: (() => void)[] = []
    receiver.reply(({ path }, response) => {
      const answer = (): void => void response.writeHead(204).end()
      if (path === '/slow') held.push(answer)
      else answer()
    })
    await app.add(slow, `${receiver.url}slow`)
    await app.add(quick, `${receiver.url}quick`)
    for (let n = 0; n < 12; n += 1) await app.publish(slow)
    await until(() => held.length === 4)
    await app.publish(quick)
    await app.settled(quick, 'delivered')
    expect(held).toHaveLength(4)
    receiver.reply((_, response) => void response.writeHead(204).end())
    for (const answer of held) answer()
    await app.settled(slow, ...Array<'delivered'>(12).fill('delivered'))
  })
})

test('a message for which ownerOf throws is a dead letter, which blocks no other message and can be redriven', async () => {
  let isBroken = true
  await using defective = await startWebhooks({
    ownerOf() {
      if (isBroken) throw new Error('planted')
      return 'ann'
    },
  })
  await defective.add('ann', receiver.url)
  const first = await defective.publish('ann')
  const isDead = 'select from holdfast.dead_messages where message_id = $1'
  await until(async () => (await defective.tested.sql(isDead, [first])).length === 1)
  isBroken = false
  const second = await defective.publish('ann')
  const [delivery] = await defective.settled('ann', 'delivered')
  expect(delivery!.message).toBe(second)
  await defective.tested.sql('update holdfast.dead_messages set is_redriven = true')
  await defective.settled('ann', 'delivered', 'delivered')
})

test('an attempt that takes too long is ended', async () => {
  await using impatient = await startWebhooks({ timeout: '100ms', retry: { schedule: [] } })
  receiver.reply(() => {})
  await impatient.add('slow', receiver.url)
  await impatient.publish('slow')
  const [delivery] = await impatient.settled('slow', 'failed')
  expect(delivery!.attempts).toMatchObject([{ status: null, failure: { code: 'egress-timed-out' } }])
})

test('messages are kept for the retention', async () => {
  const account = newAccount()
  await app.add(account, receiver.url)
  const old = await app.publish(account)
  await app.settled(account, 'delivered')
  const age = (interval: string): Promise<unknown> =>
    app.tested.sql('update holdfast.webhook_messages set created_at = now() - $2::interval where id = $1', [
      old,
      interval,
    ])
  await age('29 days')
  await app.publish(account)
  await app.settled(account, 'delivered', 'delivered')
  await age('31 days')
  const last = await app.publish(account)
  const kept = await until(async () => {
    const found = await app.deliveries(account)
    return found[0]?.message === last ? found : undefined
  })
  expect(kept).toHaveLength(2)
  expect(kept.map(({ message }) => message)).not.toContain(old)
})
