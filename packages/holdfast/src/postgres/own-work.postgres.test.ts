import { createLogger } from 'holdfast'
import { createTestDatabase } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { startCuttingProxy } from '../../test/cutting-proxy.ts'
import { ownWork } from '../kernel/work.ts'
import { createPool } from './pool.ts'

test('work of the framework does not wait for a connection that has fallen silent, and the pool gets another', async () => {
  const database = await createTestDatabase()
  const proxy = await startCuttingProxy(database.url)
  const log = createLogger({ level: 'error', write: () => {} })
  const pool = createPool({ connectionString: proxy.url, max: 1, applicationName: 'own work', log })
  try {
    const time = new AbortController()
    const connection = await pool.acquire(ownWork(time.signal))
    const silent = proxy.cut({ sender: 'backend', place: 'before', mode: 'silent' })
    const lost = connection.run({ text: 'select 1' })
    time.abort()
    await expect(lost).rejects.toThrow('Connection terminated')
    silent.disarm()
    const next = await pool.acquire(ownWork(AbortSignal.timeout(10_000)))
    expect((await next.run({ text: 'select 1 as one' })).rows).toEqual([{ one: 1 }])
    next.release()
  } finally {
    await pool.end()
    await proxy.close()
    await database.drop()
  }
})
