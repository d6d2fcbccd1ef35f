import { createLogger } from 'holdfast'
import { until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { startEndingPostgres } from '../../../../test/fake-postgres.ts'
import { createWaker } from '../../../effects/wakes/waker.ts'
import { systemClock } from '../../../kernel/base/clock.ts'
import { systemWork } from '../../../kernel/host/work.ts'
import { connectClient } from './connect-client.ts'
import { createPool } from '../pool/pool.ts'

// An `error` event without a listener ends the process, and here the test run.

const log = createLogger({ write: () => {} })
const neverAborted = new AbortController().signal

test('a session that ends right after its handshake fails the statement, not the process', async () => {
  await using server = await startEndingPostgres()
  const pool = createPool({ connectionString: server.url, applicationName: 'ended', log })
  for (let times = 1; times <= 3; times += 1) {
    await expect(pool.acquire(systemWork(neverAborted))).rejects.toMatchObject({ code: '57P01' })
    expect(server.sessions).toBe(times)
  }
  await pool.end()
})

test('a connection outside of a pool that ends right after its handshake fails the statement, not the process', async () => {
  await using server = await startEndingPostgres()
  const client = await connectClient({ connectionString: server.url, applicationName: 'ended' })
  await expect(client.query('select 1')).rejects.toThrow(/not queryable|terminat/)
  await client.end()
})

test('a listening connection that ends right after its handshake does not end the process', async () => {
  await using server = await startEndingPostgres()
  const waker = createWaker({ service: 'ended', connectionString: server.url, clock: systemClock, log })
  waker.listen({ wake() {}, look() {} })
  await until(() => server.sessions > 0)
  await waker.close()
})
