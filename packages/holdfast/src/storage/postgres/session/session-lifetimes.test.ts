import { Socket } from 'node:net'
import { createLogger } from 'holdfast'
import { afterEach, expect, test, vi } from 'vitest'
import { startSilentPostgres } from '../../../../test/fake-postgres.ts'
import { systemWork } from '../../../kernel/host/work.ts'
import { connectClient } from './connect-client.ts'
import { createPool } from '../pool/pool.ts'
import { SessionLifetimes } from './session-lifetimes.ts'

const log = createLogger({ write: () => {} })
const neverAborted = new AbortController().signal

afterEach(() => {
  vi.restoreAllMocks()
})

test('a session expires at its max age, less a jitter of up to a quarter', () => {
  let nowMs = 0
  let random = 0
  const lifetimes = new SessionLifetimes({ maxAgeMs: 1_000, nowMs: () => nowMs, random: () => random })
  const [late, early] = [{}, {}]
  lifetimes.opened(late)
  random = 1
  lifetimes.opened(early)
  const over = (atMs: number) => {
    nowMs = atMs
    return [late, early].map((session) => lifetimes.isExpired(session))
  }
  expect(over(749)).toEqual([false, false])
  expect(over(750)).toEqual([false, true])
  expect(over(999)).toEqual([false, true])
  expect(over(1_000)).toEqual([true, true])
  // The session may still be used. It is closed on release.
  expect(lifetimes.isRetired(late)).toBe(false)
})

test('only sessions that are already open are retired', () => {
  let nowMs = 0
  const lifetimes = new SessionLifetimes({ maxAgeMs: 1_000, nowMs: () => nowMs })
  const [before, after] = [{}, {}]
  lifetimes.opened(before)
  nowMs = 1
  lifetimes.retireAll()
  nowMs = 2
  lifetimes.opened(after)
  expect([before, after].map((session) => lifetimes.isRetired(session))).toEqual([true, false])
})

test('a pool closes a connection that is too old when it is released', async () => {
  await using server = await startSilentPostgres()
  const shared = { connectionString: server.url, applicationName: 'ages', log, isPooled: true }
  const take = async (pool: ReturnType<typeof createPool>) =>
    (await pool.acquire(systemWork(neverAborted))).release()
  const young = createPool(shared)
  for (let times = 0; times < 3; times += 1) await take(young)
  expect(server.sessions).toBe(1)
  const old = createPool({ ...shared, maxAgeMs: 0 })
  for (let times = 0; times < 3; times += 1) await take(old)
  expect(server.sessions).toBe(4)
  await Promise.all([young.end(), old.end()])
})

test('every connection has TCP keepalive on', async () => {
  const kept = vi.spyOn(Socket.prototype, 'setKeepAlive')
  await using server = await startSilentPostgres()
  const client = await connectClient({ connectionString: server.url, applicationName: 'kept' })
  const pool = createPool({ connectionString: server.url, applicationName: 'kept', log })
  const connection = await pool.acquire(systemWork(neverAborted))
  expect(kept.mock.calls).toEqual([
    [true, 10_000],
    [true, 10_000],
  ])
  connection.destroy()
  await Promise.all([client.end(), pool.end()])
})
