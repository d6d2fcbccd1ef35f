import type { Job } from '../kernel/job.ts'
import type { ClaimedRow } from './queries/claim-jobs.ts'

// A fifth of the shared slots, and half of a job's own: the names are few, those who share one job's slots are many.
const sharedReserve = 1 / 5
const ownReserve = 1 / 2

/** What {@link Slots} are made of. */
export interface SlotsParts {
  /** The names of the jobs that run in them. */
  readonly names: readonly string[]
  /** How many run at once. */
  readonly count: number
  /** How many of them are reserved for shares none of whose jobs runs. */
  readonly reserved: number
  /** Whether jobs of one name have shares of their own; otherwise each name is a share. */
  readonly hasShares: boolean
}

/**
 * The slots of a process for jobs of some names: which of them may begin.
 *
 * The rule: the last `reserved` slots are only for a share (a name, or an owner) none of whose jobs runs in the process. So a
 * share whose jobs hang, or of which there are very many, never takes all of them, and each of the next `reserved` shares has
 * a slot at once, whatever is queued before it.
 */
export class Slots {
  readonly names: readonly string[]
  readonly count: number
  readonly hasShares: boolean
  readonly #reserved: number
  readonly #running = new Map<string, number>()
  #total = 0

  constructor({ names, count, reserved, hasShares }: SlotsParts) {
    this.names = names
    this.count = count
    this.hasShares = hasShares
    this.#reserved = reserved
  }

  /** How many are free for any job. */
  get free(): number {
    return Math.max(0, this.count - this.#reserved - this.#total)
  }

  /** How many of the reserved ones are free. */
  get freeReserved(): number {
    return Math.max(0, this.count - Math.max(this.#total, this.count - this.#reserved))
  }

  /** The shares of which a job runs. */
  get busy(): readonly string[] {
    return [...this.#running.keys()]
  }

  /** Returns whether a job may begin. */
  canBegin(row: ShareOf): boolean {
    return this.free > 0 || (this.freeReserved > 0 && !this.#running.has(shareOf(row)))
  }

  begin(row: ShareOf): void {
    const share = shareOf(row)
    this.#running.set(share, (this.#running.get(share) ?? 0) + 1)
    this.#total += 1
  }

  end(row: ShareOf): void {
    const share = shareOf(row)
    const left = (this.#running.get(share) ?? 0) - 1
    if (left > 0) this.#running.set(share, left)
    else this.#running.delete(share)
    this.#total -= 1
  }
}

type ShareOf = Pick<ClaimedRow, 'name' | 'share_key'>

/** Returns the share of a job: those of one name that have none are one. */
function shareOf({ name, share_key }: ShareOf): string {
  return share_key ?? name
}

/** Divides the slots of a process: `concurrency` for all jobs but those that have slots of their own. */
export function divideSlots(jobs: Iterable<Job>, concurrency: number): readonly Slots[] {
  const all = [...jobs]
  const sharing = all.filter(({ slots }) => !slots).map(({ name }) => name)
  const own = all.flatMap(({ name, slots }) => (slots ? [{ name, slots }] : []))
  return [
    ...(sharing.length > 0 ? [sharedSlots(sharing, concurrency)] : []),
    ...own.map(
      ({ name, slots }) =>
        new Slots({
          names: [name],
          count: slots.count,
          reserved: slots.shareOf ? Math.floor(slots.count * ownReserve) : 0,
          hasShares: slots.shareOf !== undefined,
        }),
    ),
  ]
}

function sharedSlots(names: readonly string[], count: number): Slots {
  const wanted = Math.max(1, Math.floor(count * sharedReserve))
  // One of a single slot would leave none, and what nobody can use need not be kept.
  const reserved = Math.min(wanted, count - 1, names.length - 1)
  return new Slots({ names, count, reserved, hasShares: false })
}
