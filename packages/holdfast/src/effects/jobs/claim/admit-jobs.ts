import { toMilliseconds } from '../../../kernel/base/duration.ts'
import type { JobType } from '../../../kernel/background/job-type.ts'
import { limitedWork } from '../../../kernel/host/work.ts'
import type { Pool } from '../../../storage/postgres/pool/pool.ts'
import type { Transaction } from '../../../storage/postgres/transaction/transaction.ts'
import {
  admit,
  type Admission,
  findGated,
  type GatedRow,
  type LimitRow,
  lockGate,
  lockLimits,
  updateLimits,
} from '../queries/limits.ts'
import { transact } from '../../../storage/postgres/transaction/with-transaction.ts'

const batch = 200
const limitMs = 5_000

/** The outcome of {@link admitJobs}. */
export interface Admitted {
  /** True if more jobs may be waiting for admission. */
  readonly isMore: boolean
  /** The number of jobs that became ready. */
  readonly ready: number
  /** The number of jobs that the rate limit scheduled for later. */
  readonly scheduled: number
}

const none: Admitted = { isMore: false, ready: 0, scheduled: 0 }

/** A job name with its limits. */
interface Limited {
  readonly service: string
  readonly job: Pick<JobType, 'name' | 'concurrency' | 'rate'>
}

/**
 * Admits the next jobs with a name in order, as many as the name's limits allow. A job becomes
 * ready if the rate limit lets it run now and it gets a slot. The other jobs are blocked until a
 * slot is free, or scheduled for the time at which the rate limit lets them run.
 */
export function admitJobs(pool: Pool, limited: Limited): Promise<Admitted> {
  const { service, job } = limited
  const work = limitedWork(limitMs)
  return transact(pool, { work, limitMs }, async (transaction) => {
    const [lock] = await transaction.run<{ is_locked: boolean }>(lockGate(service, job.name))
    if (lock?.is_locked !== true) return none
    const rows = await transaction.run<GatedRow>(findGated(service, job.name, batch))
    const admissions = rows.length > 0 ? await decide(transaction, limited, rows) : []
    const count = (state: Admission['state']): number =>
      admissions.filter((admission) => admission.state === state).length
    return { isMore: rows.length === batch, ready: count('ready'), scheduled: count('scheduled') }
  })
}

async function decide(
  transaction: Transaction,
  { service, job }: Limited,
  rows: readonly GatedRow[],
): Promise<readonly Admission[]> {
  const of = { service, name: job.name }
  const locked = await transaction.run<LimitRow>(lockLimits({ ...of, limits: limitsOf(rows) }))
  const limits = new Limits(job, locked)
  const admissions = rows.map((row) => limits.admit(row))
  await transaction.run(admit(admissions))
  await transaction.run(updateLimits({ ...of, limits: limits.rows }))
  return admissions
}

function limitsOf(rows: readonly GatedRow[]): readonly Pick<LimitRow, 'kind' | 'key'>[] {
  const slots = new Set(rows.flatMap(({ limit_key }) => limit_key ?? []))
  const turns = new Set(rows.flatMap(({ rate_key }) => rate_key ?? []))
  return [
    ...[...slots].map((key) => ({ kind: 'concurrency' as const, key })),
    ...[...turns].map((key) => ({ kind: 'rate' as const, key })),
  ]
}

/** The state of a name's limits during the admission of its jobs. */
class Limits {
  readonly #slots = new Map<string, number>()
  readonly #nextMs = new Map<string, number>()
  readonly #maxSlots: number
  readonly #intervalMs: number

  constructor({ concurrency, rate }: Limited['job'], rows: readonly LimitRow[]) {
    // The job may come from a version of the program that still declares a limit.
    this.#maxSlots = concurrency?.limit ?? Infinity
    this.#intervalMs = rate ? toMilliseconds(rate.per, { option: 'rate.per' }) / rate.limit : 0
    for (const { kind, key, slots, next_ms } of rows) {
      if (kind === 'concurrency') this.#slots.set(key, slots)
      else this.#nextMs.set(key, Math.max(0, next_ms))
    }
  }

  get rows(): readonly LimitRow[] {
    return [
      ...[...this.#slots].map(([key, slots]) => ({
        kind: 'concurrency' as const,
        key,
        slots,
        next_ms: 0,
      })),
      ...[...this.#nextMs].map(([key, next_ms]) => ({ kind: 'rate' as const, key, slots: 0, next_ms })),
    ]
  }

  admit({ id, limit_key, has_slot, rate_key, rate_reserved }: GatedRow): Admission {
    const gone = { id, hasSlot: has_slot, rateReserved: rate_reserved, delayMs: 0 }
    if (rate_key !== null && !rate_reserved) {
      const delayMs = this.#nextMs.get(rate_key) ?? 0
      this.#nextMs.set(rate_key, delayMs + this.#intervalMs)
      if (delayMs > 0) return { ...gone, state: 'scheduled', rateReserved: true, delayMs }
    }
    const rateReserved = rate_key !== null
    if (limit_key === null || has_slot) return { ...gone, state: 'ready', rateReserved }
    const slots = this.#slots.get(limit_key) ?? 0
    if (slots >= this.#maxSlots) return { ...gone, state: 'blocked', rateReserved }
    this.#slots.set(limit_key, slots + 1)
    return { ...gone, state: 'ready', hasSlot: true, rateReserved }
  }
}
