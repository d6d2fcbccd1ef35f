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
    // The lock lasts longer than the test. If it expired, the attempt would be aborted, and the
    // test could not show that the database rejects its commit.
    lockDuration: '60s',
  }),
  promises: [],
  /** Redis loses all of its data. The lost connection is the only sign of this for BullMQ. */
  async runAgain() {
    const client = new Redis({ port: server!.port })
    await client.flushall()
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    client.disconnect()
  },
})
