import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createLogger } from 'holdfast'
import { createTestDatabase } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { startSwitchedProxy } from '../../../../test/switched-proxy.ts'
import { systemWork } from '../../../kernel/host/work.ts'
import { createPool } from './pool.ts'

test('a request takes the connection that is free first, even if another is still being opened for it', async () => {
  const database = await createTestDatabase()
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const proxy = await startSwitchedProxy(database.url)
  const pool = createPool({
    connectionString: proxy.url,
    max: 2,
    acquireTimeoutMs: 60_000,
    applicationName: 'busy',
    log: createLogger({ write: () => {} }),
  })
  const work = systemWork(new AbortController().signal)
  try {
    const first = await pool.acquire(work)
    proxy.switchTo(`postgres://127.0.0.1:${(silent.address() as AddressInfo).port}`)
    const opening = once(silent, 'connection')
    const waiting = pool.acquire(work)
    await opening
    first.release()
    const second = await waiting
    expect((await second.run({ text: 'select 1 as one' })).rows).toEqual([{ one: 1 }])
    second.release()
  } finally {
    await proxy.close()
    silent.close()
    await pool.end()
    await database.drop()
  }
})

test('framework work waits for a connection until its deadline, and a call up to the max wait of its lane', async () => {
  const database = await createTestDatabase()
  const pool = createPool({
    connectionString: database.url,
    max: 1,
    acquireTimeoutMs: 1,
    applicationName: 'busy',
    log: createLogger({ write: () => {} }),
  })
  const work = systemWork(new AbortController().signal)
  try {
    const first = await pool.acquire(work)
    const patient = pool.acquire(work)
    await expect(pool.acquire({ ...work, waitsUntilDeadline: false })).rejects.toThrow(
      'the wait for a free connection timed out',
    )
    first.release()
    const second = await patient
    second.release()
    const late = pool.acquire(systemWork(AbortSignal.abort(new Error('too late'))))
    await expect(late).rejects.toThrow('too late')
  } finally {
    await pool.end()
    await database.drop()
  }
})
