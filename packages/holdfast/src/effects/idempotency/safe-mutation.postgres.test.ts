import { randomUUIDv7 } from 'node:crypto'
import { createTestService } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { problemOf, uniqueName, useEffects } from '../../../test/effects/effects-harness.ts'

const effects = useEffects()

describe('keys', () => {
  test('a call without a required key gets a 400', async () => {
    const answer = await effects.tested.send('record', { name: uniqueName() }, { key: null })
    expect(answer.status).toBe(400)
    expect(problemOf(answer)).toMatchObject({
      code: 'idempotency-key-missing',
      type: '/problems/idempotency-key-missing',
    })
    expect(effects.runs.names).toEqual([])
  })

  test.each(['', 'a b', '"open', 'k'.repeat(256)])(
    'a call with a malformed key (%j) gets a 400',
    async (key) => {
      const answer = await effects.tested.send('record', { name: uniqueName() }, { key })
      expect(answer.status).toBe(400)
      expect(problemOf(answer)).toMatchObject({ code: 'idempotency-key-invalid' })
    },
  )

  test('a UUIDv7 older than the retention gets a 422, even if its answer is stored', async () => {
    const past = (Date.now() - 8 * 86_400_000).toString(16).padStart(12, '0')
    const key = `${past.slice(0, 8)}-${past.slice(8)}-7000-8000-000000000000`
    const answer = await effects.tested.send('record', { name: uniqueName() }, { key })
    expect(answer.status).toBe(422)
    expect(problemOf(answer)).toMatchObject({ code: 'idempotency-key-expired' })
  })

  test('a key is optional if the operation declares it optional, and works if it is sent', async () => {
    const name = uniqueName()
    await effects.tested.send('recordOptionally', { name }, { key: null })
    await effects.tested.send('recordOptionally', { name }, { key: null })
    expect(await effects.countOf(name)).toBe(2)
    const key = randomUUIDv7()
    const first = await effects.tested.send('recordOptionally', { name }, { key })
    const second = await effects.tested.send('recordOptionally', { name }, { key })
    expect([first.status, second.status]).toEqual([204, 204])
    expect(second.headers['idempotency-replayed']).toBe('true')
    expect(await effects.countOf(name)).toBe(3)
  })

  test('a key is the same quoted and unquoted', async () => {
    const [name, key] = [uniqueName(), randomUUIDv7()]
    const first = await effects.tested.send('record', { name }, { key })
    const second = await effects.tested.send('record', { name }, { key: `"${key}"` })
    expect(second.body).toBe(first.body)
    expect(await effects.countOf(name)).toBe(1)
  })
})

describe('finished keys', () => {
  test('a finished key returns the same status, headers and bytes, and marks the replay', async () => {
    const [name, key] = [uniqueName(), randomUUIDv7()]
    const first = await effects.tested.send('record', { name }, { key })
    const second = await effects.tested.send('record', { name }, { key })
    expect(first.status).toBe(201)
    expect(first.headers).not.toHaveProperty('idempotency-replayed')
    expect(second).toEqual({ ...first, headers: { ...first.headers, 'idempotency-replayed': 'true' } })
    expect(second.headers['location']).toBe(`/effects/${(JSON.parse(first.body!) as { id: string }).id}`)
    expect(effects.runs.names).toEqual([name])
    expect(await effects.countOf(name)).toBe(1)
  })

  test('a finished key with a different payload gets a 422, and nothing runs', async () => {
    const [name, key] = [uniqueName(), randomUUIDv7()]
    await effects.tested.send('record', { name }, { key })
    const answer = await effects.tested.send('record', { name: `${name}!` }, { key })
    expect(answer.status).toBe(422)
    expect(problemOf(answer)).toMatchObject({ code: 'idempotency-key-reused' })
    expect(await effects.countOf(`${name}!`)).toBe(0)
  })

  test('a finished key for another operation gets a 422', async () => {
    const [name, key] = [uniqueName(), randomUUIDv7()]
    await effects.tested.send('record', { name }, { key })
    const answer = await effects.tested.send('refuse', { name }, { key })
    expect(answer.status).toBe(422)
    expect(effects.runs.names).toEqual([name])
  })

  test('a finished key for another path parameter gets a 422', async () => {
    const key = randomUUIDv7()
    expect((await effects.tested.send('recordUnder', { name: 'a' }, { key })).status).toBe(200)
    expect((await effects.tested.send('recordUnder', { name: 'b' }, { key })).status).toBe(422)
  })

  test('a payload in another member order is a replay, but one without a default value is another request', async () => {
    const [name, key] = [uniqueName(), randomUUIDv7()]
    const send = (body: object) =>
      effects.tested.running.call({
        operation: 'record',
        input: { path: {}, query: {}, body },
        header: (header) => (header === 'idempotency-key' ? key : undefined),
      })
    const first = await send({ name, note: 'n' })
    expect((await send({ note: 'n', name })).body).toBe(first.body)
    // The default is not part of the sent request.
    expect((await send({ name })).status).toBe(422)
  })

  test('a key belongs to its caller and tenant: no other caller reads the answer', async () => {
    const key = randomUUIDv7()
    const callers = [{}, { 'x-user': 'a' }, { 'x-user': 'b' }, { 'x-user': 'a', 'x-tenant': 't' }]
    const name = uniqueName()
    const answers = await Promise.all(
      callers.map((headers) => effects.tested.send('record', { name }, { key, headers })),
    )
    expect(answers.map((answer) => answer.status)).toEqual([201, 201, 201, 201])
    expect(new Set(answers.map((answer) => answer.body)).size).toBe(4)
    expect(await effects.countOf(name)).toBe(4)
  })
})

describe('the outcome of a handler', () => {
  test('a business problem is final: stored without its effects, and replayed', async () => {
    const [name, key] = [uniqueName(), randomUUIDv7()]
    const first = await effects.tested.send('refuse', { name }, { key })
    const second = await effects.tested.send('refuse', { name }, { key })
    expect(first.status).toBe(409)
    expect(problemOf(first)).toMatchObject({ code: 'refused', reason: 'run 1' })
    expect(second.body).toBe(first.body)
    expect(second.headers).toMatchObject({ 'idempotency-replayed': 'true', 'x-refusal': 'yes' })
    expect(second.headers).not.toHaveProperty('set-cookie')
    expect(effects.runs.names).toEqual([name])
    expect(await effects.countOf(name)).toBe(0)
  })

  test('a problem that keeps the writes is final: they are committed once, and it is replayed', async () => {
    const [name, key] = [uniqueName(), randomUUIDv7()]
    const first = await effects.tested.send('note', { name }, { key })
    const second = await effects.tested.send('note', { name }, { key })
    expect(first.status).toBe(409)
    expect(problemOf(first)).toMatchObject({ code: 'refused', reason: 'run 1' })
    expect(second.body).toBe(first.body)
    expect(second.headers).toMatchObject({ 'idempotency-replayed': 'true' })
    expect(effects.runs.names).toEqual([name])
    expect(await effects.countOf(name)).toBe(1)
  })

  test('a problem that is not final undoes the writes, although the handler keeps them', async () => {
    const [name, key] = [uniqueName(), randomUUIDv7()]
    expect((await effects.tested.send('noteAndSlowDown', { name }, { key })).status).toBe(429)
    expect(await effects.countOf(name)).toBe(0)
    expect(await effects.keysOf(key)).toBe(0)
  })

  test('a problem that is not final is not stored, and a retry runs again', async () => {
    const [name, key] = [uniqueName(), randomUUIDv7()]
    expect((await effects.tested.send('slowDown', { name }, { key })).status).toBe(429)
    expect((await effects.tested.send('slowDown', { name }, { key })).headers).not.toHaveProperty(
      'idempotency-replayed',
    )
    expect(effects.runs.names).toEqual([name, name])
    expect(await effects.keysOf(key)).toBe(0)
  })

  test('a defect rolls back completely, and a retry runs again', async () => {
    const quiet = await createTestService(effects.service, { onLog: () => {} })
    try {
      const [name, key] = [uniqueName(), randomUUIDv7()]
      const answer = await quiet.send('fail', { name }, { key })
      expect(answer.status).toBe(500)
      expect(answer.body).not.toContain('a defect')
      await quiet.send('fail', { name }, { key })
      expect(effects.runs.names).toEqual([name, name])
      expect(await quiet.sql('select from effects')).toHaveLength(0)
      expect(await quiet.sql('select from holdfast.idempotency_keys')).toHaveLength(0)
    } finally {
      await quiet.stop()
    }
  })

  test('a rejection before the handler is not stored', async () => {
    const [name, key] = [uniqueName(), randomUUIDv7()]
    expect((await effects.tested.send('record', { name: 1 } as never, { key })).status).toBe(422)
    expect((await effects.tested.send('record', { name }, { key })).status).toBe(201)
  })

  test('an answer above 256 KiB is an error at the first attempt, which is rolled back', async () => {
    const lines: string[] = []
    const quiet = await createTestService(effects.service, { onLog: (line) => lines.push(line) })
    try {
      const fits = await quiet.send('large', { name: 'fits', bytes: 256 * 1024 - '{"text":""}'.length })
      expect(fits.status).toBe(200)
      const tooLarge = await quiet.send('large', { name: 'large', bytes: 256 * 1024 })
      expect(tooLarge.status).toBe(500)
      expect(lines.join('\n')).toContain('idempotency-answer-too-large')
      expect(await quiet.sql('select name from effects')).toEqual([{ name: 'fits' }])
    } finally {
      await quiet.stop()
    }
  })

  test('statements that the handler did not await are committed too', async () => {
    const name = uniqueName()
    expect((await effects.tested.send('forget', { name })).status).toBe(204)
    expect(await effects.countOf(name)).toBe(1)
  })
})
