import { type Caller, HoldfastError, Unauthenticated } from 'holdfast'
import { cachedIdentifier } from 'holdfast/identity'
import { createFakeClock } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { IdentityCache, type CachedCall } from './identity-cache.ts'

/** A look-up that ends when the test resolves or rejects it. */
interface Lookup extends PromiseWithResolvers<Caller | undefined> {
  readonly key: string
  readonly call: CachedCall
}

/** Returns a cache whose look-ups wait for the test. */
function startCache(maxEntries = 10) {
  const clock = createFakeClock(0)
  const lookups: Lookup[] = []
  const cache = new IdentityCache<CachedCall>({
    name: 'session',
    maxEntries,
    load(key, call) {
      const lookup = { ...Promise.withResolvers<Caller | undefined>(), key, call }
      lookups.push(lookup)
      return lookup.promise
    },
  })
  const find = (key: string, signal = new AbortController().signal) =>
    Promise.resolve(cache.find(key, { clock, signal }))
  /** Returns the look-up with this number, once it has started. */
  const lookupAt = async (index: number): Promise<Lookup> => {
    await expect.poll(() => lookups.length).toBeGreaterThan(index)
    return lookups[index]!
  }
  /** Looks up a key, and resolves the look-up to this caller. */
  const endWith = async (key: string, caller: Caller | undefined) => {
    const index = lookups.length
    const found = find(key)
    ;(await lookupAt(index)).resolve(caller)
    return found
  }
  const remember = (key: string) => endWith(key, user(key))
  /** Returns true if the cache has the caller of a key. */
  const has = (key: string): boolean => {
    const found = cache.find(key, { clock, signal: new AbortController().signal })
    if (!(found instanceof Promise)) return true
    found.catch(() => {})
    return false
  }
  return { clock, lookups, cache, find, lookupAt, endWith, remember, has }
}

function user(id: string): Caller {
  return { kind: 'user', id }
}

test('a remembered caller is returned without a promise, for less than a second', async () => {
  const { clock, remember, cache, has } = startCache()
  await remember('ann')
  clock.advance(999)
  expect(cache.find('ann', { clock, signal: new AbortController().signal })).toEqual(user('ann'))
  clock.advance(1)
  expect(has('ann')).toBe(false)
})

test('the age counts from the start of the look-up', async () => {
  const { clock, find, lookupAt, has } = startCache()
  const found = find('ann')
  const lookup = await lookupAt(0)
  clock.advance(600)
  lookup.resolve(user('ann'))
  await found
  clock.advance(399)
  expect(has('ann')).toBe(true)
  clock.advance(1)
  expect(has('ann')).toBe(false)
})

test('a caller that is revoked during its look-up does not outlive the second', async () => {
  const { clock, find, lookups, lookupAt, has } = startCache()
  const early = find('ann')
  const slow = await lookupAt(0)
  clock.advance(1_000)
  // The first look-up may have read the row before the revocation, so a new look-up starts.
  const late = find('ann')
  ;(await lookupAt(1)).reject(Unauthenticated())
  await expect(late).rejects.toMatchObject({ status: 401 })
  slow.resolve(user('ann'))
  expect(await early).toEqual(user('ann'))
  expect(lookups.length).toBe(2)
  expect(has('ann')).toBe(false)
})

test('a look-up that took a second is not remembered', async () => {
  const { clock, find, lookupAt, cache, lookups } = startCache()
  const found = find('ann')
  const lookup = await lookupAt(0)
  clock.advance(1_000)
  lookup.resolve(user('ann'))
  await found
  void cache.find('ann', { clock, signal: new AbortController().signal })
  expect((await lookupAt(1)).key).toBe('ann')
  expect(lookups.length).toBe(2)
})

test('a replaced look-up does not end the one that replaced it', async () => {
  const { clock, find, lookups, lookupAt } = startCache()
  const first = find('ann')
  const slow = await lookupAt(0)
  clock.advance(1_000)
  const second = find('ann')
  const fresh = await lookupAt(1)
  slow.resolve(user('ann'))
  await first
  const third = find('ann')
  fresh.resolve(user('ann'))
  expect(await second).toEqual(user('ann'))
  expect(lookups.length).toBe(2)
  expect(await third).toEqual(user('ann'))
})

test('concurrent calls share one look-up, and callers with other keys do not', async () => {
  const { find, lookups, lookupAt } = startCache()
  const found = [find('ann'), find('bob'), find('ann'), find('ann')]
  const second = await lookupAt(1)
  expect(lookups.map(({ key }) => key)).toEqual(['ann', 'bob'])
  lookups[0]!.resolve(user('ann'))
  second.resolve(user('bob'))
  expect((await Promise.all(found)).map((caller) => caller?.id)).toEqual(['ann', 'bob', 'ann', 'ann'])
})

test('neither errors nor unknown keys are remembered', async () => {
  const { find, endWith, remember, lookupAt, has, lookups } = startCache()
  const failing = [find('ann'), find('ann')]
  ;(await lookupAt(0)).reject(new HoldfastError('broken', 'The look-up failed.'))
  for (const each of failing) await expect(each).rejects.toThrow('The look-up failed.')
  expect(lookups.length).toBe(1)
  await remember('ann')
  expect(has('ann')).toBe(true)
  await endWith('eve', undefined)
  expect(has('eve')).toBe(false)
})

test('unknown keys do not evict callers', async () => {
  const { endWith, remember, has } = startCache(1)
  await remember('ann')
  for (const key of ['x', 'y', 'z']) await endWith(key, undefined)
  expect(has('ann')).toBe(true)
})

test('the cache is bounded, and removes the caller that was used least recently', async () => {
  const { remember, has } = startCache(2)
  await remember('ann')
  await remember('bob')
  expect(has('ann')).toBe(true)
  await remember('eve')
  expect([has('ann'), has('eve'), has('bob')]).toEqual([true, true, false])
})

test('a call that is aborted does not fail the others that wait for its look-up', async () => {
  const { find, lookups, lookupAt } = startCache()
  const [leaving, gone] = [new AbortController(), new AbortController()]
  const first = find('ann', leaving.signal)
  const lookup = await lookupAt(0)
  const [second, third, fourth] = [find('ann', gone.signal), find('ann'), find('ann')]
  leaving.abort(new Error('left'))
  gone.abort(new Error('gone'))
  lookup.reject(new Error('interrupted'))
  await expect(first).rejects.toThrow('interrupted')
  const next = await lookupAt(1)
  next.resolve(user('ann'))
  expect(next.call.signal.aborted).toBe(false)
  await expect(second).rejects.toThrow('gone')
  expect(await Promise.all([third, fourth])).toEqual([user('ann'), user('ann')])
  expect(lookups.length).toBe(2)
})

test('an invalid caller is not remembered', async () => {
  const { endWith, has } = startCache()
  await expect(endWith('ann', { kind: 'user', id: 1 } as unknown as Caller)).rejects.toMatchObject({
    code: 'caller-invalid',
  })
  expect(has('ann')).toBe(false)
})

test('a handler cannot change a caller that calls share', async () => {
  const { remember } = startCache()
  const caller = (await remember('ann')) as { id: string }
  expect(() => (caller.id = 'bob')).toThrow(TypeError)
})

test('keys that differ only in invalid characters have different callers', async () => {
  const { remember, has } = startCache()
  await remember('\uD800')
  expect(has('\uDFFF')).toBe(false)
})

test.each([0, -1, 1.5, Number.NaN, Infinity])('maxEntries must not be %s', (maxEntries) => {
  const create = () =>
    cachedIdentifier({
      name: 'session',
      securitySchemes: {},
      key: () => undefined,
      load: () => undefined,
      maxEntries,
    })
  expect(create).toThrow(`maxEntries of the identifier "session" is ${maxEntries}`)
})
