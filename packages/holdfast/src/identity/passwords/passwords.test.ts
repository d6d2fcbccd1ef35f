import { describe, expect, test } from 'vitest'
import { argon2id } from './argon2id.ts'
import type { PasswordHasher } from './password-hasher.ts'
import { type PasswordOptions, Passwords } from './passwords.ts'

const call = { signal: new AbortController().signal }
const long = 'correct horse battery staple'

/** A hasher with readable hashes, which counts its calls. */
function fakeHasher(version = 1) {
  const done: string[] = []
  const hasher: PasswordHasher = {
    hash(password) {
      done.push('hash')
      return Promise.resolve(`${version}:${password}`)
    },
    verify(password, hash) {
      done.push('verify')
      return Promise.resolve(hash.slice(2) === password)
    },
    needsRehash: (hash) => !hash.startsWith(`${version}:`),
  }
  return { hasher, done }
}

/** A hasher whose calls finish when the test says so. */
function blockedHasher() {
  const running: PromiseWithResolvers<string>[] = []
  const hasher: PasswordHasher = {
    hash() {
      const pending = Promise.withResolvers<string>()
      running.push(pending)
      return pending.promise
    },
    verify: () => Promise.resolve(false),
    needsRehash: () => false,
  }
  return { hasher, running }
}

function createPasswords(options: PasswordOptions = {}): Passwords {
  return new Passwords({ hasher: fakeHasher().hasher, ...options })
}

describe('rules', () => {
  test.each([
    ['fourteen chars', 'too-short'],
    ['x'.repeat(257), 'too-long'],
    // Two UTF-16 units each, but one character.
    ['😀'.repeat(14), 'too-short'],
  ])('%s is refused', async (password, reason) => {
    await expect(createPasswords().hashNew(password, call)).rejects.toMatchObject({
      code: 'password-unacceptable',
      extra: { reason, minLength: 15, maxLength: 256 },
    })
  })

  test.each(['fifteen letters', 'x'.repeat(256), ' '.repeat(15), '😀'.repeat(15), '😀'.repeat(256)])(
    '%s is accepted: characters have no rules',
    async (password) => {
      expect(await createPasswords().hashNew(password, call)).toBe(`1:${password}`)
    },
  )

  test('a breached password is refused', async () => {
    const passwords = createPasswords({ isBreached: async (password) => password === long })
    await expect(passwords.hashNew(long, call)).rejects.toMatchObject({ extra: { reason: 'breached' } })
    expect(await passwords.hashNew(`${long}!`, call)).toBe(`1:${long}!`)
  })

  test('the same characters in another Unicode form are the same password', async () => {
    const passwords = createPasswords()
    const stored = await passwords.hashNew('Zoe\u0308s long password', call)
    expect(stored).toBe('1:Zo\u00EBs long password')
    expect((await passwords.verify('Zoe\u0308s long password', stored, call)).matches).toBe(true)
    expect((await passwords.verify('Zo\u00EBs long password', stored, call)).matches).toBe(true)
  })

  test.each([{ minLength: 7 }, { maxLength: 63 }, { minLength: 100, maxLength: 99 }, { concurrency: 0 }])(
    '%o is refused',
    (options) => {
      expect(() => createPasswords(options)).toThrow('of passwords is')
    },
  )
})

describe('verification', () => {
  test('an unknown account costs one verification, as a known one does', async () => {
    const { hasher, done } = fakeHasher()
    const passwords = new Passwords({ hasher })
    // The first verification also creates the hash that stands in for unknown accounts.
    await passwords.verify(long, undefined, call)
    done.length = 0
    expect(await passwords.verify(long, undefined, call)).toEqual({ matches: false, rehashed: undefined })
    expect(await passwords.verify('wrong', `1:${long}`, call)).toMatchObject({ matches: false })
    expect(await passwords.verify(long, `1:${long}`, call)).toMatchObject({ matches: true })
    expect(done).toEqual(['verify', 'verify', 'verify'])
  })

  test('a matching password is hashed again if the parameters have changed', async () => {
    const passwords = new Passwords({ hasher: fakeHasher(2).hasher })
    expect(await passwords.verify(long, `1:${long}`, call)).toEqual({ matches: true, rehashed: `2:${long}` })
    expect(await passwords.verify(long, `2:${long}`, call)).toEqual({ matches: true, rehashed: undefined })
    expect(await passwords.verify('wrong', `1:${long}`, call)).toEqual({
      matches: false,
      rehashed: undefined,
    })
  })

  test('a hash that stands for unknown accounts is created again after a failure', async () => {
    const { hasher } = fakeHasher()
    let fails = true
    const hash: PasswordHasher['hash'] = (password) =>
      fails ? Promise.reject(new Error('no memory')) : hasher.hash(password)
    const passwords = new Passwords({ hasher: { ...hasher, hash } })
    await expect(passwords.verify(long, undefined, call)).rejects.toThrow('no memory')
    fails = false
    expect((await passwords.verify(long, undefined, call)).matches).toBe(false)
  })
})

describe('load', () => {
  test('beyond the limits, a call is refused at once', async () => {
    const { hasher, running } = blockedHasher()
    const passwords = new Passwords({ hasher, concurrency: 2, maxWaiting: 3 })
    const hashes = Array.from({ length: 5 }, () => passwords.hashNew(long, call))
    const sixth = passwords.hashNew(long, call).catch((error: unknown) => error)
    for (const index of hashes.keys()) {
      await expect.poll(() => running.length).toBeGreaterThan(index)
      expect(running.length).toBeLessThanOrEqual(index + 2)
      running[index]!.resolve(`hash ${index}`)
      expect(await hashes[index]).toBe(`hash ${index}`)
    }
    running[5]?.resolve('hash 5')
    expect(await sixth).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
  })

  test('a call that is aborted while it waits frees its place, and is not hashed', async () => {
    const { hasher, running } = blockedHasher()
    const passwords = new Passwords({ hasher, concurrency: 1, maxWaiting: 1 })
    const first = passwords.hashNew(long, call)
    const leaving = new AbortController()
    const second = passwords.hashNew(long, { signal: leaving.signal })
    await expect.poll(() => running.length).toBe(1)
    leaving.abort(new Error('left'))
    await expect(second).rejects.toThrow('left')
    const third = passwords.hashNew(long, call)
    running[0]!.resolve('first')
    await expect.poll(() => running.length).toBe(2)
    running[1]!.resolve('third')
    expect(await Promise.all([first, third])).toEqual(['first', 'third'])
  })

  test('a failed hash frees its place', async () => {
    const { hasher, running } = blockedHasher()
    const passwords = new Passwords({ hasher, concurrency: 1, maxWaiting: 0 })
    const first = passwords.hashNew(long, call)
    await expect.poll(() => running.length).toBe(1)
    running[0]!.reject(new Error('no memory'))
    await expect(first).rejects.toThrow('no memory')
    const second = passwords.hashNew(long, call)
    await expect.poll(() => running.length).toBe(2)
    running[1]!.resolve('second')
    expect(await second).toBe('second')
  })

  test('the event loop runs while passwords are hashed', async () => {
    const passwords = new Passwords({ hasher: argon2id(), concurrency: 1 })
    let [isDone, turns] = [false, 0]
    const hashing = passwords.hashNew(long, call).then(() => (isDone = true))
    while (!isDone) {
      await new Promise((resolve) => setImmediate(resolve))
      turns += 1
    }
    await hashing
    expect(turns).toBeGreaterThan(1)
  })
})
