import { betweenMs } from '../../kernel/base/backoff.ts'
import { type RecurringTask, startRecurringTask } from '../../kernel/base/recurring-task.ts'
import { limitedWork } from '../../kernel/host/work.ts'
import type { CapabilityHost, DatabaseCapability } from '../../storage/capability/database-capability.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { chainBatch, chainTrail } from './chain-trail.ts'
import { trailMigrations } from './migrations.ts'
import { createPartitions } from './queries/partitions.ts'

/**
 * The trail: rows in the commits of mutations. Each process of a service with a trail chains them,
 * one process at a time.
 */
export const trailCapability: DatabaseCapability<CapabilityHost> = {
  migrations: trailMigrations,
  open(host) {
    let tasks: readonly RecurringTask[] = []
    return {
      stageFor({ trail }) {
        if (trail && tasks.length === 0) tasks = [startChaining(host), startCreatingPartitions(host)]
        return undefined
      },
      async close() {
        await Promise.all(tasks.map((task) => task.stop()))
      },
    }
  },
}

const chainEveryMs = 5_000
const partitionsEveryMs = 3_600_000
/** The number of months, after this month, for which partitions are created ahead. */
const monthsAhead = 3
const limitMs = 15_000

function startChaining({ service, pools, clock, log }: CapabilityHost): RecurringTask {
  return startRecurringTask({
    failure: 'chaining the trail failed',
    clock,
    log,
    everyMs: chainEveryMs,
    // Spreads out the runs of processes that start at the same time.
    firstAfterMs: betweenMs(chainEveryMs / 5, chainEveryMs),
    async work(stopping) {
      return (await chainTrail(pools.own, service, stopping)) === chainBatch ? 0 : undefined
    },
  })
}

function startCreatingPartitions({ pools, clock, log }: CapabilityHost): RecurringTask {
  return startRecurringTask({
    failure: 'creating partitions of the trail failed',
    clock,
    log,
    everyMs: partitionsEveryMs,
    retryMs: 60_000,
    async work(stopping) {
      const { rows } = await withConnection(pools.own, limitedWork(limitMs, stopping), (connection) =>
        connection.run<{ name: string }>(createPartitions(monthsAhead)),
      )
      for (const { name } of rows) log.info({ partition: name }, 'partition of the trail created')
      return undefined
    },
  })
}
