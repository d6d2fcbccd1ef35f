import { eraseSubject } from 'holdfast/erasure'
import { until } from 'holdfast/testing'
import { replayWebhookDeliveries, replayWebhookDelivery } from 'holdfast/webhooks'
import { describe, expect, test } from 'vitest'
import { subjectIdOf } from '../subjects/subject-id.ts'
import { giveUp, secret, useErasure } from './erasure.fixture.ts'

// Rows that are still needed are held: reported, but not erased.

let customer: string
const { app, erase } = useErasure((one) => (customer = one))

const kindsOf = async (): Promise<readonly string[]> =>
  (await app.exported(customer)).map(({ kind, name = '' }) => `${kind} ${name as string}`.trimEnd())

describe('jobs', () => {
  test('a waiting job is held, unless waiting jobs are cancelled', async () => {
    await app.note(customer, { parts: ['job'] })
    const held = await erase()
    expect(held).toMatchObject({
      erased: { keys: 1 },
      heldCount: 1,
      held: [{ kind: 'job', name: 'mail', reason: 'waiting' }],
      isComplete: false,
    })
    expect(await kindsOf()).toEqual(['job mail'])
    expect(await erase({ cancelWaiting: true, dryRun: true })).toMatchObject({
      erased: { jobs: 1 },
      heldCount: 0,
    })
    expect(await erase({ cancelWaiting: true })).toMatchObject({ erased: { jobs: 1 }, isComplete: true })
    expect(await app.tablesWith(customer)).toEqual([])
  })

  test('a running job is held, even if waiting jobs are cancelled', async () => {
    const { promise, resolve: go } = Promise.withResolvers<void>()
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    app.handlers.mail = async () => {
      begin()
      await promise
    }
    await app.note(customer, { parts: ['job'] })
    const worker = await app.on.running.startWorker()
    await begun
    expect(await erase({ cancelWaiting: true })).toMatchObject({
      held: [{ kind: 'job', name: 'mail', reason: 'running' }],
      isComplete: false,
    })
    go()
    await until(async () => (await app.pool.query('select from holdfast.jobs')).rowCount === 0)
    await worker?.stop(5_000)
    expect(await kindsOf()).toEqual(['job mail'])
    expect(await erase()).toMatchObject({ erased: { jobs: 1 }, isComplete: true })
  })

  test('a job that is claimed after it was found is not cancelled', async () => {
    await app.note(customer, { parts: ['job'] })
    const watched = await app.watched({
      async before(text) {
        if (text.includes(`state <> 'running'`))
          await app.pool.query(`update holdfast.jobs set state = 'running', claim = claim + 1`)
      },
    })
    const options = { service: 'erasure-test', cancelWaiting: true }
    expect(await eraseSubject(watched, customer, options)).toMatchObject({
      held: [{ name: 'mail', reason: 'running' }],
      isComplete: false,
    })
    await app.pool.query('delete from holdfast.jobs')
    // The remaining subjects of the deleted job are erased, too.
    expect(await erase()).toMatchObject({ isComplete: true })
    expect(await app.tablesWith(subjectIdOf(customer))).toEqual(['holdfast.erasures'])
  })
})

describe('messages', () => {
  test('a message is held until every subscription has read it', async () => {
    await app.note(customer, { parts: ['message'] })
    expect(await erase()).toMatchObject({
      held: [{ kind: 'message', name: 'note.made', reason: 'not dispatched yet' }],
      isComplete: false,
    })
    await app.work()
    await app.pool.query(`update holdfast.subscriptions set position = 0 where name = 'hear'`)
    expect(await erase({ cancelWaiting: true })).toMatchObject({
      held: [
        { kind: 'message', name: 'note.made', reason: 'not read yet by the consumer hear of erasure-test' },
      ],
      isComplete: false,
    })
    expect(await kindsOf()).toEqual(['message'])
    await app.work()
    expect(await erase()).toMatchObject({ erased: { messages: 1, jobs: 1 }, isComplete: true })
  })

  test('a message that is dead for a consumer is erased, and the next message of its key is consumed', async () => {
    app.handlers.hear = giveUp
    await app.note(customer, { parts: ['message'], text: 'first' })
    await app.work()
    const heard: number[] = []
    app.handlers.hear = async () => void heard.push(1)
    await app.note('customer:next', { parts: [] })
    await app.pool.query(
      `insert into holdfast.messages (id, service, event, key, payload)
       values (gen_random_uuid(), 'erasure-test', 'note.made', $1, '{"customer":"customer:next","text":"second"}')`,
      [customer],
    )
    const isBlocked = async (): Promise<boolean> =>
      (await app.pool.query(`select from holdfast.jobs where state = 'blocked'`)).rowCount === 1
    await app.work(isBlocked)
    expect(heard).toEqual([])
    expect(await erase()).toMatchObject({ erased: { jobs: 2, messages: 1 }, isComplete: true })
    await app.work()
    expect(heard).toEqual([1])
  })

  test('a message is erased together with the dead letters of its subscribers', async () => {
    await app.note(customer, { parts: ['message'] })
    await app.work()
    await app.pool.query(
      `insert into holdfast.dead_messages (service, subscriber, message_id, event, key, failure)
       select service, 'webhooks', id, event, key, '{}' from holdfast.messages where key = $1`,
      [customer],
    )
    expect(await app.exported(customer)).toContainEqual(
      expect.objectContaining({
        kind: 'message',
        deadLetters: [expect.objectContaining({ subscriber: 'webhooks' })],
      }),
    )
    expect((await erase({ dryRun: true })).erased).toMatchObject({ deadLetters: 1 })
    expect(await erase()).toMatchObject({ erased: { messages: 1, deadLetters: 1 }, isComplete: true })
    expect(await app.tablesWith(customer)).toEqual([])
  })
})

describe('webhooks', () => {
  const delivery = async (): Promise<{ id: string; state: string }> => {
    const { rows } = await app.pool.query<{ id: string; state: string }>(
      'select id, state from holdfast.webhook_deliveries order by seq desc limit 1',
    )
    return rows[0]!
  }

  test('a webhook that waits for its retry is held, or fails if waiting jobs are cancelled', async () => {
    app.receiver.reply((_, response) => void response.writeHead(500).end(secret))
    await app.note(customer, { parts: ['message'] })
    await app.work(
      async () =>
        (await app.pool.query(`select from holdfast.jobs where state = 'scheduled'`)).rowCount === 1,
    )
    expect(await erase()).toMatchObject({
      heldCount: 2,
      held: [
        { kind: 'job', name: 'webhook-delivery', reason: 'waiting' },
        { kind: 'webhook', name: 'note.made', reason: 'waiting' },
      ],
      isComplete: false,
    })
    expect(await erase({ cancelWaiting: true })).toMatchObject({
      erased: { jobs: 1, webhooks: 1, deliveries: 1 },
      isComplete: true,
    })
    expect(await delivery()).toMatchObject({ state: 'failed' })
  })

  test('an erased webhook stays on record without its content, and is not sent again', async () => {
    await app.note(customer, { parts: ['message'] })
    await app.work()
    await erase()
    const { id, state } = await delivery()
    expect(state).toBe('delivered')
    const { rows } = await app.pool.query(
      'select status, answer from holdfast.webhook_attempts where delivery_id = $1',
      [id],
    )
    expect(rows).toEqual([{ status: 200, answer: null }])
    await expect(replayWebhookDelivery(app.pool, id)).rejects.toMatchObject({
      code: 'webhook-delivery-erased',
    })
    const sent = app.receiver.requests.length
    const { rows: endpoints } = await app.pool.query<{ id: string }>(
      'select id from holdfast.webhook_endpoints',
    )
    const range = { endpoint: endpoints[0]!.id, since: new Date(0), which: 'all' as const }
    await app.pool.query(`delete from holdfast.webhook_deliveries where id <> $1`, [id])
    expect(await replayWebhookDeliveries(app.pool, range)).toBe(0)
    expect(app.receiver.requests).toHaveLength(sent)
  })

  test('a webhook that is replayed has a job with its subjects, and is held', async () => {
    await app.note(customer, { parts: ['message'] })
    await app.work()
    await replayWebhookDelivery(app.pool, (await delivery()).id)
    expect((await erase()).held).toEqual([
      { kind: 'job', id: expect.any(String), name: 'webhook-delivery', reason: 'waiting' },
      { kind: 'webhook', id: expect.any(String), name: 'note.made', reason: 'waiting' },
    ])
    await app.work()
    expect(await erase()).toMatchObject({ erased: { jobs: 1, webhooks: 1 }, isComplete: true })
  })

  const range = async (): Promise<Parameters<typeof replayWebhookDeliveries>[1]> => {
    const { rows } = await app.pool.query<{ id: string }>('select id from holdfast.webhook_endpoints')
    return { endpoint: rows[0]!.id, since: new Date(0), which: 'all' }
  }
  const waitsForLock = (): Promise<unknown> =>
    until(
      async () =>
        (
          await app.pool.query(
            `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
          )
        ).rowCount === 1,
    )

  test('a webhook that is being replayed is not erased', async () => {
    await app.note(customer, { parts: ['message'] })
    await app.work()
    const { id } = await delivery()
    const replaying = await app.pool.connect()
    await replaying.query('begin')
    await replayWebhookDelivery(replaying, id)
    const erasing = erase()
    await waitsForLock()
    await replaying.query('commit')
    replaying.release()
    expect(await erasing).toMatchObject({
      held: [
        { kind: 'job', name: 'webhook-delivery', reason: 'waiting' },
        { kind: 'webhook', name: 'note.made', reason: 'waiting' },
      ],
      isComplete: false,
    })
    await app.work()
    expect(app.receiver.requests.at(-1)!.body).toContain(secret)
    expect(await erase()).toMatchObject({ erased: { jobs: 1, webhooks: 1 }, isComplete: true })
  })

  test.each([
    ['by itself', async (id: string) => replayWebhookDelivery(app.pool, id), 'webhook-delivery-erased'],
    ['in a range', async () => replayWebhookDeliveries(app.pool, await range()), 0],
  ])('a webhook that is being erased is not replayed %s', async (_, replay, expected) => {
    await app.note(customer, { parts: ['message'] })
    await app.work()
    const { id } = await delivery()
    await app.pool.query(`delete from holdfast.webhook_deliveries where id <> $1`, [id])
    let replaying: Promise<unknown> | undefined
    let hasErased = false
    const watched = await app.watched({
      async before(text) {
        if (text.includes(`set body = ''`)) hasErased = true
        if (text !== 'commit' || !hasErased || replaying) return
        replaying = replay(id).catch((error: { readonly code: string }) => error.code)
        await waitsForLock()
      },
    })
    expect(await eraseSubject(watched, customer, { service: 'erasure-test' })).toMatchObject({
      erased: { webhooks: 1 },
      isComplete: true,
    })
    expect(await replaying).toBe(expected)
    expect(await delivery()).toMatchObject({ state: 'delivered' })
  })
})
