import type { Clock } from '../../../kernel/base/clock.ts'
import { type RecurringTask, startRecurringTask } from '../../../kernel/base/recurring-task.ts'
import type { Job } from '../../../kernel/background/job.ts'
import { toLogFields, type Logger } from '../../../kernel/base/log.ts'
import type { Pool } from '../../../storage/postgres/pool/pool.ts'
import { type Admitted, admitJobs } from '../claim/admit-jobs.ts'
import type { Waker } from '../../wakes/waker.ts'
import { pollRetryMs } from './poll-interval.ts'

/** Dependencies of {@link Admissions}. */
export interface AdmissionsParts {
  readonly service: string
  readonly jobs: ReadonlyMap<string, Job>
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Logger
  readonly waker: Waker
  /** Returns whether this process admits the jobs of a name. */
  readonly isOwn: (name: string) => boolean
}

// Max number of batches to admit for one name before the next name has its turn.
const maxPasses = 5

/** Admits jobs that have limits, for the job names that this process leads. */
export class Admissions {
  readonly #parts: AdmissionsParts
  readonly #task: RecurringTask
  readonly #woken = new Set<string>()

  constructor(parts: AdmissionsParts) {
    this.#parts = parts
    this.#task = startRecurringTask({
      failure: 'admitting jobs failed',
      clock: parts.clock,
      log: parts.log,
      everyMs: Infinity,
      retryMs: pollRetryMs,
      work: () => this.#admitWoken(),
    })
  }

  /** Admits the jobs of the given names, except names led by other processes. */
  admitSoon(names: readonly string[]): void {
    const own = names.filter(this.#parts.isOwn)
    for (const name of own) this.#woken.add(name)
    if (own.length > 0) this.#task.now()
  }

  stop(): Promise<void> {
    return this.#task.stop()
  }

  async #admitWoken(): Promise<number | undefined> {
    const woken = [...this.#woken].filter(this.#parts.isOwn)
    this.#woken.clear()
    const isMore = await this.admit(woken)
    if (isMore) for (const name of woken) this.#woken.add(name)
    return isMore ? 0 : undefined
  }

  /**
   * Admits the jobs of the given names, except names led by other processes. Resolves to true if
   * more of these jobs may be waiting.
   */
  async admit(names: readonly string[]): Promise<boolean> {
    const { waker, isOwn } = this.#parts
    let isMore = false
    let hasScheduled = false
    const ready: string[] = []
    for (const name of names.filter(isOwn)) {
      const admitted = await this.#admitJobsOf(name)
      isMore ||= admitted.isMore
      hasScheduled ||= admitted.scheduled > 0
      if (admitted.ready > 0) ready.push(name)
    }
    if (ready.length > 0) waker.send('jobs', ready)
    // Wakes the promotion of scheduled jobs: a job's turn may come before the next poll.
    if (hasScheduled) waker.send('due', [])
    return isMore
  }

  /** Admits the jobs of a name. A failure is logged, so that the other names are still admitted. */
  async #admitJobsOf(name: string): Promise<Admitted> {
    const { service, jobs, pool, log } = this.#parts
    const job = jobs.get(name)!
    const sum = { isMore: false, ready: 0, scheduled: 0 }
    try {
      for (let passes = 0; passes < maxPasses; passes += 1) {
        const admitted = await admitJobs(pool, { service, job })
        sum.ready += admitted.ready
        sum.scheduled += admitted.scheduled
        sum.isMore = admitted.isMore
        if (!admitted.isMore) break
      }
    } catch (error) {
      log.warn({ error: toLogFields(error), job: name }, 'applying job limits failed')
    }
    return sum
  }
}
