import { randomUUIDv7 } from 'node:crypto'
import { createTestService, until } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { problemOf, uniqueName, useEffects } from '../../../test/effects/effects-harness.ts'

const effects = useEffects()

describe('transactions', () => {
  test('a transaction is not committed if a statement error was caught', async () => {
    const name = uniqueName()
    const answer = await effects.silently((quiet) => quiet.send('swallow', { name }))
    expect(answer.status).toBe(500)
    expect(answer.logged).toContain('transaction-aborted')
    expect(answer.effects).toBe(0)
  })

  test('a constraint that fails at COMMIT is a failure', async () => {
    const answer = await effects.silently((quiet) => quiet.send('breakPromise', { name: uniqueName() }))
    expect(answer.status).toBe(500)
    expect(answer.effects).toBe(0)
    expect(answer.logged).toContain('promises_kept_by_fkey')
  })

  test.each([
    ['commit', 'transaction-control'],
    ['ROLLBACK', 'transaction-control'],
    [' begin', 'transaction-control'],
    ['end', 'transaction-control'],
    ['/* audit */ commit and chain', 'transaction-control'],
    ['-- audit\n ; commit', 'transaction-control'],
    ['/* a /* b */ c */ commit and chain', 'transaction-control'],
    ['-- audit\rrollback and chain', 'transaction-control'],
    ["prepare /**/ transaction 'a'", 'transaction-control'],
    ['do $$ begin commit; end $$', '2D000'],
    ['call commit_alone()', '2D000'],
    ["do $$ begin execute 'commit'; end $$", '0A000'],
    ['prepare a as select 1', 'session-changed'],
    ['select 1; commit', 'cannot insert multiple commands'],
    ['insert into effects (name) values (1); commit; begin', 'cannot insert multiple commands'],
    ['set search_path = elsewhere', 'session-changed'],
    ['discard all', 'session-changed'],
  ])(
    'a handler that ends its transaction, or changes its session, with %j is rejected',
    async (statement, reason) => {
      const answer = await effects.silently((quiet) =>
        quiet.send('endItself', { name: uniqueName(), statement }),
      )
      expect(answer.status).toBe(500)
      expect(answer.logged).toContain(reason)
      expect(answer.effects).toBe(0)
    },
  )

  test('a statement that is no longer awaited ends when its call reaches the deadline', async () => {
    // An unhandled rejection would fail this test run, and would crash a service.
    expect((await effects.tested.send('abandon', { name: uniqueName() })).status).toBe(504)
    await effects.expectNothingOpen()
  })

  test('the commit waits for a statement that the handler did not await, but only until the deadline', async () => {
    const answer = await effects.tested.send('forgetSlowly', { name: uniqueName() })
    expect(problemOf(answer)).toMatchObject({ code: 'deadline-exceeded' })
    await effects.expectNothingOpen()
  })

  test('a problem that a handler derived from a deadlock is not final', async () => {
    const lock = 8
    const held = await effects.holdLock(lock)
    const keys = [randomUUIDv7(), randomUUIDv7()]
    const calls = [
      effects.tested.send('lockBothOrRefuse', { id: 1, second: 2, lock }, { key: keys[0]! }),
      effects.tested.send('lockBothOrRefuse', { id: 2, second: 1, lock }, { key: keys[1]! }),
    ]
    await until(async () => (await held.waiters()) === 2)
    await held.release()
    expect((await Promise.all(calls)).map((answer) => answer.status)).toEqual([204, 204])
  })

  test('a serialization failure retries the whole mutation', async () => {
    await effects.tested.sql('update cells set value = 0')
    const lock = 4
    const held = await effects.holdLock(lock)
    const calls = [1, 2].map((id) => effects.tested.send('addSerializably', { id, lock }))
    await until(async () => (await held.waiters()) === 2)
    await held.release()
    expect((await Promise.all(calls)).map((answer) => answer.status)).toEqual([204, 204])
    // If the calls run one after the other, in either order, the first writes 1 and the second 2.
    expect(await effects.tested.sql('select sum(value)::int from cells')).toEqual([{ sum: 3 }])
    expect(effects.runs.names.length).toBeGreaterThanOrEqual(3)
  })

  test('the victim of a deadlock is retried', async () => {
    await effects.tested.sql('update cells set value = 0')
    const lock = 5
    const held = await effects.holdLock(lock)
    const calls = [
      effects.tested.send('lockBoth', { id: 1, second: 2, lock }),
      effects.tested.send('lockBoth', { id: 2, second: 1, lock }),
    ]
    await until(async () => (await held.waiters()) === 2)
    await held.release()
    expect((await Promise.all(calls)).map((answer) => answer.status)).toEqual([204, 204])
    expect(await effects.tested.sql('select sum(value)::int from cells')).toEqual([{ sum: 4 }])
    expect(effects.runs.names).toHaveLength(3)
  })

  test.each(['statement', 'handler'] as const)(
    'a transaction is rolled back at the deadline (%s)',
    async (where) => {
      const [name, key] = [uniqueName(), randomUUIDv7()]
      const answer = await effects.tested.send('linger', { name, where }, { key })
      expect(answer.status).toBe(504)
      expect(problemOf(answer)).toMatchObject({ code: 'deadline-exceeded' })
      expect(await effects.countOf(name)).toBe(0)
      expect(await effects.keysOf(key)).toBe(0)
      await effects.expectNothingOpen()
    },
  )

  test('a transaction is rolled back when the client disconnects', async () => {
    const [name, lock] = [uniqueName(), 6]
    const held = await effects.holdLock(lock)
    const client = new AbortController()
    const call = effects.tested.send('hold', { name, lock }, { signal: client.signal })
    await until(async () => (await held.waiters()) === 1)
    client.abort()
    expect((await call).status).toBe(503)
    await effects.expectNothingOpen()
    await held.release()
    expect(await effects.countOf(name)).toBe(0)
  })

  test('a terminated backend leaves nothing, and the call is reported as safe to retry', async () => {
    const [name, key, lock] = [uniqueName(), randomUUIDv7(), 7]
    const held = await effects.holdLock(lock)
    const call = effects.tested.send('hold', { name, lock }, { key })
    await until(async () => (await held.waiters()) === 1)
    await effects.tested.sql(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted and objid = $1`,
      [lock],
    )
    const answer = await call
    expect(answer.status).toBe(503)
    expect(problemOf(answer)).toMatchObject({ code: 'database-unavailable' })
    expect(answer.headers['retry-after']).toBe('1')
    await held.release()
    const retried = await effects.tested.send('hold', { name, lock }, { key })
    expect(retried.status).toBe(200)
    expect(await effects.countOf(name)).toBe(1)
  })
})

describe('queries', () => {
  test('a query cannot write', async () => {
    const lines: string[] = []
    const quiet = await createTestService(effects.service, { onLog: (line) => lines.push(line) })
    try {
      expect((await quiet.send('writeInQuery', {})).status).toBe(500)
      expect(lines.join('\n')).toContain('query-writes')
      expect(await quiet.sql('select from effects')).toHaveLength(0)
    } finally {
      await quiet.stop()
    }
  })

  test('a query is cancelled in the database at its deadline', async () => {
    expect((await effects.tested.send('readSlowly', {})).status).toBe(504)
    await until(async () => {
      const running = await effects.tested.sql(
        `select 1 from pg_stat_activity where query like '%pg_sleep(30)%' and state = 'active' and pid <> pg_backend_pid()`,
      )
      return running.length === 0
    })
  })

  test('a query needs no key, and ignores a key', async () => {
    expect((await effects.tested.send('countEffects', { name: 'x' }, { key: 'a b' })).status).toBe(200)
  })
})
