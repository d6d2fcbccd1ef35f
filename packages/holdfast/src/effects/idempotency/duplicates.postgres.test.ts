import { randomUUIDv7 } from 'node:crypto'
import { until } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { problemOf, uniqueName, useEffects } from '../../../test/effects/effects-harness.ts'
import { storeKey } from './stored-keys.fixture.ts'

const effects = useEffects()

describe('concurrent duplicates', () => {
  test('the second of two calls in one process is rejected with Retry-After, then gets the first answer', async () => {
    const [name, key, lock] = [uniqueName(), randomUUIDv7(), 1]
    const held = await effects.holdLock(lock)
    const first = effects.tested.send('hold', { name, lock }, { key })
    await until(async () => (await held.waiters()) === 1)
    const second = await effects.tested.send('hold', { name, lock }, { key })
    expect(second.status).toBe(409)
    expect(problemOf(second)).toMatchObject({ code: 'idempotency-key-in-flight' })
    expect(second.headers['retry-after']).toBe('1')
    const reused = await effects.tested.send('hold', { name: 'another', lock }, { key })
    expect(problemOf(reused)).toMatchObject({ code: 'idempotency-key-reused' })
    await held.release()
    const answer = await first
    expect(answer.status).toBe(200)
    expect((await effects.tested.send('hold', { name, lock }, { key })).body).toBe(answer.body)
    expect(await effects.countOf(name)).toBe(1)
    expect(effects.runs.names).toEqual([name])
  })

  test('the second of two calls in two processes is rejected immediately with Retry-After', async () => {
    const [name, key, lock] = [uniqueName(), randomUUIDv7(), 2]
    const held = await effects.holdLock(lock)
    const first = effects.tested.send('hold', { name, lock }, { key })
    await until(async () => (await held.waiters()) === 1)
    const second = await effects.other.send('hold', { name, lock }, key)
    expect(second.status).toBe(409)
    expect(second.headers['retry-after']).toBe('1')
    await held.release()
    const answer = await first
    const third = await effects.other.send('hold', { name, lock }, key)
    expect(third.body).toBe(answer.body)
    expect(third.headers['idempotency-replayed']).toBe('true')
    expect(effects.runs.names).toEqual([name])
  })

  test('many concurrent duplicates have one effect, and every final answer has the same bytes', async () => {
    const keys = Array.from({ length: 20 }, () => randomUUIDv7())
    const answers = await Promise.all(
      keys.flatMap((key) =>
        Array.from({ length: 6 }, (_, index) =>
          index % 2 === 0
            ? effects.tested.send('record', { name: key }, { key })
            : effects.other.send('record', { name: key }, key),
        ),
      ),
    )
    for (const [index, key] of keys.entries()) {
      const own = answers.slice(index * 6, index * 6 + 6)
      expect(own.every((answer) => answer.status === 201 || answer.status === 409)).toBe(true)
      const final = new Set(own.filter((answer) => answer.status === 201).map((answer) => answer.body))
      expect(final.size).toBe(1)
      expect(await effects.countOf(key)).toBe(1)
      expect(await effects.keysOf(key)).toBe(1)
    }
  })

  test('an attempt that loses at the last moment returns the winning answer', async () => {
    const [name, key, lock] = [uniqueName(), randomUUIDv7(), 3]
    const held = await effects.holdLock(lock)
    const first = effects.tested.send('hold', { name, lock }, { key })
    await until(async () => (await held.waiters()) === 1)
    // Simulates a second attempt that committed without the lock: only the primary key prevents the
    // duplicate.
    const { canonicalRequest, fingerprintOf } = await import('./fingerprint.ts')
    const { route } = effects.tested.running.operations.get('hold')!
    const fingerprint = fingerprintOf(canonicalRequest(route, { path: {}, query: {}, body: { name, lock } }))
    const body = '{"id":"w","name":"winner"}'
    await storeKey(effects.tested, { service: 'effects', key, fingerprint, body })
    await held.release()
    const answer = await first
    expect(answer.body).toBe('{"id":"w","name":"winner"}')
    expect(answer.headers['idempotency-replayed']).toBe('true')
    expect(await effects.countOf(name)).toBe(0)
  })
})
