import { bullmqJobs } from 'holdfast/bullmq'
import { Redis } from 'ioredis'
import { afterAll } from 'vitest'
import { redisTool, startRedis } from '../../../test/redis-server.ts'
import { engineConformance } from '../../effects/jobs/engine-conformance.fixture.ts'

const { missing } = await redisTool()
const server = missing === undefined ? await startRedis() : undefined
afterAll(() => server?.stop())

engineConformance('bullmq', {
  missing,
  jobEngine: bullmqJobs({
    connection: { port: server?.port ?? 6379 },
    // An attempt that loses its lock is aborted, which would hide that it could not have committed
    // anyway.
    lockDuration: '60s',
  }),
  promises: [],
  /** Redis loses all its data; only the lost connection reveals it. */
  async runAgain() {
    const client = new Redis({ port: server!.port })
    await client.flushall()
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    client.disconnect()
  },
})
