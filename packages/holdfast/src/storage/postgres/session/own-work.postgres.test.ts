import { createLogger } from 'holdfast'
import { createMigratedDatabase } from '../../../testing/template.ts'
import { expect, test } from 'vitest'
import { startCuttingProxy } from '../../../../test/cutting-proxy.ts'
import { systemWork, type Work } from '../../../kernel/host/work.ts'
import { createPool } from '../pool/pool.ts'

test('work of the framework does not wait for a connection that stopped responding, and the pool opens another', async () => {
  const database = await createMigratedDatabase()
  const proxy = await startCuttingProxy(database.url)
  const log = createLogger({ level: 'error', write: () => {} })
  const pool = createPool({ connectionString: proxy.url, max: 1, applicationName: 'own work', log })
  try {
    const time = new AbortController()
    const connection = await pool.acquire(systemWork(time.signal))
    const silent = proxy.cut({ sender: 'backend', place: 'before', mode: 'silent' })
    const lost = connection.run({ text: 'select 1' })
    time.abort()
    await expect(lost).rejects.toThrow('Connection terminated')
    silent.disarm()
    const next = await pool.acquire(systemWork(AbortSignal.timeout(10_000)))
    expect((await next.run({ text: 'select 1 as one' })).rows).toEqual([{ one: 1 }])
    next.release()
  } finally {
    await pool.end()
    await proxy.close()
    await database.drop()
  }
})

test('a connection that arrives after its work has ended is released to the pool', async () => {
  const database = await createMigratedDatabase()
  const log = createLogger({ level: 'error', write: () => {} })
  const pool = createPool({ connectionString: database.url, max: 1, applicationName: 'late', log })
  const work = (): Work => systemWork(AbortSignal.timeout(60_000))
  try {
    const first = await pool.acquire(work())
    const ended = new AbortController()
    const late = pool.acquire(systemWork(ended.signal))
    ended.abort()
    await expect(late).rejects.toThrow('aborted')
    first.release()
    const next = await pool.acquire(work())
    next.release()
  } finally {
    await pool.end()
    await database.drop()
  }
})

test('a connection that was lost while it was in use does not prevent its pool from closing', async () => {
  const database = await createMigratedDatabase()
  const log = createLogger({ level: 'error', write: () => {} })
  const shared = { connectionString: database.url, applicationName: 'lost', log }
  const [pool, other] = [createPool({ ...shared, max: 1 }), createPool(shared)]
  const work = (): Work => systemWork(AbortSignal.timeout(60_000))
  const lost = await pool.acquire(work())
  const { rows } = await lost.run<{ pid: number }>({ text: 'select pg_backend_pid() as pid' })
  const waiting = lost.run({ text: 'select pg_sleep(10)' })
  const failed = waiting.catch((error: unknown) => error)
  const connection = await other.acquire(work())
  await connection.run({ text: 'select pg_terminate_backend($1)', values: [rows[0]!.pid] })
  expect(await failed).toMatchObject({ code: '57P01' })
  connection.release()
  // The socket has closed, and its slot is free, before the connection is released.
  const next = await pool.acquire(work())
  lost.release()
  next.release()
  await Promise.all([pool.end(), other.end()])
  await database.drop()
})
