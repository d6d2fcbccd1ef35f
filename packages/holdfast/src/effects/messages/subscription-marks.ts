import { type RecurringTask, startRecurringTask } from '../../kernel/base/recurring-task.ts'
import type { ServiceHost } from '../../kernel/host/service-host.ts'
import { limitedWork } from '../../kernel/host/work.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { type AbandonedRow, markSeen, type SubscriptionName } from './queries/subscriptions.ts'

/** Dependencies of {@link startMarking}. */
export interface MarkingParts {
  readonly service: string
  readonly pool: Pool
  readonly host: ServiceHost
}

const markEveryMs = 60_000
const limitMs = 5_000

/**
 * Starts to mark this process's subscriptions as seen, and to log the subscriptions that no process
 * runs.
 */
export function startMarking(own: readonly SubscriptionName[], parts: MarkingParts): RecurringTask {
  const { service, pool, host } = parts
  const { clock, log } = host
  const reported = new Set<string>()
  return startRecurringTask({
    failure: 'marking subscriptions as seen failed',
    clock,
    log,
    everyMs: markEveryMs,
    async work(stopping) {
      const work = limitedWork(limitMs, stopping)
      const { rows } = await withConnection(pool, work, (connection) =>
        connection.run<AbandonedRow>(markSeen(service, own)),
      )
      for (const { kind, name, seen_at: seenAt } of rows) {
        const id = `${kind} ${name}`
        if (reported.has(id)) continue
        reported.add(id)
        log.warn(
          { [kind]: name, seenAt },
          `no process runs this ${kind}, but messages are waiting for it; deploy a process that runs it, or remove the ${kind} with \`holdfast messages remove\``,
        )
      }
      return undefined
    },
  })
}
