import type { Worker, WorkerOptions, Workload } from '../../kernel/background/background.ts'
import type { ExternalCallWatch } from '../../kernel/host/external-calls.ts'
import type { Job } from '../../kernel/background/job.ts'
import type { DatabaseHost } from '../../kernel/service/database.ts'
import type { Telemetry } from '../../kernel/telemetry/telemetry.ts'
import { type Engine, type OpenPool, startEngine } from '../../effects/jobs/engine.ts'
import type { HeartbeatTarget } from '../../effects/jobs/heartbeat/heartbeat-connection.ts'
import type { JobEngine } from '../../effects/jobs/job-engine.ts'
import { pollIntervalMs } from '../../effects/jobs/leadership/poll-interval.ts'
import { waitStatements } from '../../effects/jobs/steps/wait-statements.ts'
import type { Waker } from '../../effects/wakes/waker.ts'
import { consumerJob } from '../../effects/messages/consumer-job.ts'
import { connectionsOf, startMessagePump } from '../../effects/messages/message-pump.ts'
import { startMessagePruning } from '../../effects/messages/prune.ts'
import type { BoundTransaction, HandlerSession } from '../../storage/postgres/transaction/handler-session.ts'

/** Dependencies of the background work of a database. */
export interface BackgroundParts {
  /**
   * The engine that runs the jobs it takes. Postgres runs the other jobs, those of consumers and
   * the schedules.
   */
  readonly jobEngine: JobEngine | undefined
  readonly openPool: OpenPool
  /** The target of the worker's heartbeats. */
  readonly heartbeatTarget: HeartbeatTarget
  readonly bind: (session: HandlerSession) => BoundTransaction
  readonly waker: Waker
  readonly host: DatabaseHost
  readonly telemetry: Telemetry
  /** Detects calls of jobs to third parties. */
  readonly externalCalls: ExternalCallWatch
}

const defaultConcurrency = 10

/** Starts to run the jobs, schedules and messages of a service in this process. */
export async function startBackground(
  workload: Workload,
  { concurrency = defaultConcurrency }: WorkerOptions,
  parts: BackgroundParts,
): Promise<Worker> {
  const { openPool, heartbeatTarget, bind, waker, host, telemetry, externalCalls } = parts
  const { clock, log } = host
  const { consumers, relays, schedules, subscribers, settings } = workload
  const jobs = [...workload.jobs.values()]
  const theirs = jobs.filter((job) => parts.jobEngine?.takes(job) === true)
  const ours = [
    ...jobs.filter((job) => !theirs.includes(job)),
    ...consumers.map((consumer) => consumerJob(consumer, host.service)),
  ]
  const shared = {
    service: host.service,
    settings,
    concurrency,
    openPool,
    heartbeatTarget,
    bind,
    waker,
    clock,
    log,
    telemetry,
    externalCalls,
  }
  const pool = openPool('holdfast (messages)', 1, { lane: 'own' })
  const readers = connectionsOf({ subscribers, relays })
  const readerPool = readers === 0 ? pool : openPool('holdfast (messages)', readers, { lane: 'messages' })
  const { other, engine } = await startEngines().catch(async (error: unknown) => {
    await readerPool.end()
    throw error
  })

  async function startEngines(): Promise<{ readonly other: Worker | undefined; readonly engine: Engine }> {
    const other = await parts.jobEngine?.start({ ...shared, jobs: byName(theirs) })
    try {
      return { other, engine: await startEngine({ ...shared, jobs: byName(ours), schedules }) }
    } catch (error) {
      await other?.stop(0)
      throw error
    }
  }

  const pump = startMessagePump({
    service: host.service,
    consumers,
    subscribers,
    relays,
    pool,
    readerPool,
    bind,
    resolveWaits: waitStatements,
    host,
    waker,
    leads: () => engine.leadership.leads,
    pollMs: () => pollIntervalMs(waker),
  })
  const pruning = startMessagePruning({ pool, clock, log, isResponsible: () => engine.leadership.leads })
  const unlisten = waker.listen({
    wake(wake) {
      if (wake.kind === 'published') pump.published(wake)
      else if (wake.kind === 'messages') pump.dispatched(wake)
    },
    look: () => pump.look(),
  })

  async function stop(limitMs: number): Promise<readonly string[]> {
    unlisten()
    const [released, releasedToo = []] = await Promise.all([
      engine.stop(limitMs),
      other?.stop(limitMs),
      pump.stop(),
      pruning.stop(),
    ])
    await Promise.all([pool.end(), readerPool.end()])
    return [...released, ...releasedToo]
  }

  let stopping: Promise<readonly string[]> | undefined
  return { stop: (limitMs) => (stopping ??= stop(limitMs)) }
}

function byName(jobs: readonly Job[]): ReadonlyMap<string, Job> {
  return new Map(jobs.map((job) => [job.name, job]))
}
