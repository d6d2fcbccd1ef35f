import { eraseSubject, exportSubject, listErasures } from 'holdfast/erasure'
import { describe, expect, test } from 'vitest'
import { storeAnswer } from '../idempotency/queries/store-answer.ts'
import { subjectIdOf } from '../subjects/subject-id.ts'
import { collect, secret, useErasure, startOther } from './erasure.fixture.ts'

let customer: string
const { app, erase } = useErasure((one) => (customer = one))

describe('exports', () => {
  test('an export contains all data about a subject, and no data about another subject', async () => {
    await app.note(customer, { user: 'ada', text: `${secret} 1` })
    await app.note('customer:other', { text: 'of another' })
    await app.work()
    await app.pool.query(`update holdfast.ended_jobs set progress = '"half of it"' where name = 'mail'`)
    const records = await app.exported(customer)
    expect(records.map(({ kind }) => kind).toSorted()).toEqual([
      'idempotency-key',
      'job',
      'job',
      'job',
      'message',
      'webhook',
    ])
    expect(JSON.stringify(records)).not.toContain('of another')
    const of = (kind: string): unknown => records.find((record) => record.kind === kind)
    expect(of('idempotency-key')).toMatchObject({
      scope: '[null,"user","ada"]',
      status: 201,
      body: JSON.stringify({ text: `${secret} 1` }),
    })
    expect(of('message')).toMatchObject({
      event: 'note.made',
      key: customer,
      payload: { customer, text: `${secret} 1` },
      subjects: [customer],
      inbox: [{ service: 'erasure-test', consumer: 'hear' }],
    })
    expect(of('webhook')).toMatchObject({
      body: expect.stringContaining(`${secret} 1`),
      deliveries: [{ state: 'delivered', attempts: [{ status: 200, answer: `Thanks, ${secret}` }] }],
    })
    const jobs = records.filter(({ kind }) => kind === 'job')
    expect(jobs.map(({ name, state }) => `${name as string} ${state as string}`).toSorted()).toEqual([
      'consumer:hear succeeded',
      'mail succeeded',
      'webhook-delivery succeeded',
    ])
    expect(jobs.find(({ name }) => name === 'mail')).toMatchObject({
      input: { customer, text: `${secret} 1` },
      progress: 'half of it',
      steps: [{ name: 'render', isDone: true, result: { letter: `${secret} 1` } }],
    })
    // The caller is a subject too.
    const own = await collect(exportSubject(app.pool, 'user:ada', { service: 'erasure-test' }))
    expect(own).toMatchObject([{ kind: 'idempotency-key' }])
  })

  test('an export reads more than one page of rows', async () => {
    for (let n = 0; n < 60; n += 1) await app.note(customer, { parts: [] })
    expect(await app.exported(customer)).toHaveLength(60)
    await erase()
  })
})

describe('erasures', () => {
  test('an erasure leaves no trace of the person in any table, and records itself', async () => {
    const text = `${secret} of ${customer}`
    app.receiver.reply((_, response) => void response.writeHead(200).end(text))
    await app.note(customer, { user: text, text })
    await app.work()
    expect((await app.tablesWith(text)).length).toBeGreaterThan(4)
    const erased = { keys: 1, messages: 1, jobs: 3, webhooks: 1, deliveries: 1 }
    expect(await erase({ reference: 'TICKET-7' })).toEqual({
      id: expect.any(String),
      service: 'erasure-test',
      isDryRun: false,
      erased,
      heldCount: 0,
      held: [],
      isComplete: true,
      otherServices: [],
    })
    expect(await app.tablesWith(text)).toEqual([])
    expect(await app.tablesWith(customer)).toEqual([])
    expect(await app.exported(customer)).toEqual([])
    expect(await listErasures(app.pool, { subject: customer })).toEqual([
      {
        id: expect.any(String),
        service: 'erasure-test',
        subject: subjectIdOf(customer),
        role: expect.any(String),
        reference: 'TICKET-7',
        beganAt: expect.any(Date),
        endedAt: expect.any(Date),
        erased,
        held: 0,
      },
    ])
  })

  test('an erasure keeps the key, so that its call never runs again', async () => {
    const key = crypto.randomUUID()
    expect((await app.note(customer, { key, parts: [] })).status).toBe(201)
    await erase()
    for (const text of [secret, 'another request']) {
      const retry = await app.note(customer, { key, parts: [], text })
      expect(retry.status).toBe(410)
      expect(await retry.json()).toMatchObject({ code: 'idempotency-answer-erased' })
    }
    // The call does not run again even if its input is no longer valid.
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': `"${key}"` }
    expect((await app.on.fetch('/notes', { method: 'POST', headers, body: '{}' })).status).toBe(410)
    expect(app.runs.get(customer)).toBe(1)
  })

  test('an erasure erases both copies of a key that is close to a boundary of the ring', async () => {
    const id = crypto.randomUUID()
    const { text, values = [] } = storeAnswer(
      {
        id,
        service: 'erasure-test',
        scope: '',
        key: `key of ${customer}`,
        fingerprint: Buffer.from('01'),
        status: 200,
        headers: {},
        body: secret,
        subjects: [subjectIdOf(customer)],
      },
      [5, 6],
      { marker: undefined, epoch: undefined },
    )
    await app.pool.query(text, [...values])
    expect(await erase()).toMatchObject({ erased: { keys: 1 }, isComplete: true })
    expect(await app.tablesWith(`key of ${customer}`)).toEqual([])
    for (const leaf of [5, 6])
      expect(
        (await app.pool.query(`select status from holdfast.idempotency_keys_${leaf} where id = $1`, [id]))
          .rows,
      ).toEqual([{ status: 410 }])
  })

  test('a dry run of an erasure counts the same rows and changes nothing', async () => {
    await app.note(customer)
    await app.work()
    const before = await app.contents()
    const dry = await erase({ dryRun: true })
    expect(await app.contents()).toEqual(before)
    expect(dry).toMatchObject({ id: null, isDryRun: true, isComplete: true })
    expect((await erase()).erased).toEqual(dry.erased)
    expect(await erase({ dryRun: true })).toMatchObject({ erased: {}, isComplete: true })
  })

  test('an erasure that is interrupted between two batches continues when it is run again', async () => {
    const keys = Array.from({ length: 6 }, () => crypto.randomUUID())
    for (const key of keys) await app.note(customer, { key, parts: [] })
    let commits = 0
    const failing = await app.watched({
      after(text) {
        if (text === 'commit') commits += 1
        if (commits === 2) throw new Error('planted')
      },
    })
    const options = { service: 'erasure-test', batchSize: 1 }
    await expect(eraseSubject(failing, customer, options)).rejects.toThrow('planted')
    expect(await app.exported(customer)).toHaveLength(4)
    expect(await eraseSubject(app.pool, customer, options)).toMatchObject({
      erased: { keys: 4 },
      isComplete: true,
    })
    // The records contain the counts of both erasures.
    expect(await listErasures(app.pool, { subject: customer })).toMatchObject([
      { erased: { keys: 4 }, held: 0 },
      { erased: { keys: 2 }, endedAt: null, held: null },
    ])
    for (const key of keys) expect((await app.note(customer, { key, parts: [] })).status).toBe(410)
    expect(app.runs.get(customer)).toBe(6)
  })

  test('an erasure rolls a batch back together with its record', async () => {
    await app.note(customer, { parts: [] })
    const failing = await app.watched({
      before(text) {
        if (text.includes('set erased')) throw new Error('planted')
      },
    })
    await expect(eraseSubject(failing, customer, { service: 'erasure-test' })).rejects.toThrow('planted')
    expect(await app.exported(customer)).toHaveLength(1)
    expect(await listErasures(app.pool, { subject: customer })).toMatchObject([{ erased: {} }])
  })

  test('an erasure repeats a batch that was the victim of a deadlock', async () => {
    await app.note(customer, { parts: [] })
    let deadlocks = 2
    const failing = await app.watched({
      async before(text) {
        if (!text.includes('set erased') || deadlocks === 0) return
        deadlocks -= 1
        await app.pool.query(`do $$ begin raise sqlstate '40P01'; end $$`)
      },
    })
    expect(await eraseSubject(failing, customer, { service: 'erasure-test' })).toMatchObject({
      erased: { keys: 1 },
      isComplete: true,
    })
    expect(deadlocks).toBe(0)
  })

  test('an erasure does not wait for a running mutation; the next erasure erases its rows', async () => {
    const { promise, resolve: go } = Promise.withResolvers<void>()
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    app.handlers.note = async () => {
      begin()
      await promise
    }
    const key = crypto.randomUUID()
    const first = app.note(customer, { key })
    await begun
    expect(await erase()).toMatchObject({ erased: {}, isComplete: true })
    go()
    expect((await first).status).toBe(201)
    await app.work()
    expect(await erase()).toMatchObject({ erased: { keys: 1, messages: 1, jobs: 3 }, isComplete: true })
    expect((await app.note(customer, { key })).status).toBe(410)
  })

  test('an erasure erases data that is committed while it runs', async () => {
    await app.note(customer, { parts: [] })
    let isLate = true
    const watched = await app.watched({
      async after(text) {
        if (text !== 'commit' || !isLate) return
        isLate = false
        await app.note(customer, { parts: [] })
      },
    })
    expect(await eraseSubject(watched, customer, { service: 'erasure-test' })).toMatchObject({
      erased: { keys: 2 },
      isComplete: true,
    })
  })

  test('an erasure with invalid options is rejected', async () => {
    for (const options of [{ batchSize: 0 }, { batchSize: 1_001 }, { reference: 'x'.repeat(256) }])
      await expect(erase(options)).rejects.toMatchObject({ code: 'erasure-options-invalid' })
    await expect(eraseSubject(app.pool, '')).rejects.toMatchObject({ code: 'subject-invalid' })
    await expect(listErasures(app.pool, { limit: 0 })).rejects.toMatchObject({ code: 'erasure-list-invalid' })
  })
})

test('services on one database do not affect each other', async () => {
  const other = await startOther(app.on.databaseUrl)
  try {
    await other.note(customer)
    await app.note(customer, { parts: ['job'] })
    await expect(eraseSubject(app.pool, customer)).rejects.toMatchObject({
      code: 'subject-service-ambiguous',
      message: expect.stringContaining('erasure-test, other'),
    })
    const erased = { keys: 1, jobs: 1 }
    expect(await erase({ cancelWaiting: true })).toMatchObject({
      erased,
      isComplete: true,
      otherServices: ['other'],
    })
    expect(await collect(exportSubject(app.pool, customer, { service: 'other' }))).toHaveLength(2)
    // Only `other` still has rows of the subject.
    expect(await eraseSubject(app.pool, customer, { cancelWaiting: true })).toMatchObject({
      service: 'other',
      erased,
    })
    expect(await eraseSubject(app.pool, customer)).toMatchObject({
      id: null,
      service: null,
      isComplete: true,
    })
  } finally {
    await other.stop()
  }
})
