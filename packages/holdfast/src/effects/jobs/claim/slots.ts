import type { Job } from '../../../kernel/background/job.ts'
import type { ClaimedRow } from '../queries/claim.ts'

// The fraction of slots that is reserved. Half of a job's dedicated slots are reserved, because one
// job may have many shares. There are fewer job names, so a fifth of the shared slots is enough.
const sharedReserve = 1 / 5
const ownReserve = 1 / 2

/** Options of {@link Slots}. */
export interface SlotsParts {
  /** The names of the jobs that run in these slots. */
  readonly names: readonly string[]
  /** The number of slots. */
  readonly count: number
  /** The number of slots reserved for shares without a running job. */
  readonly reserved: number
  /** True if jobs with one name are divided into shares; otherwise each name is a share. */
  readonly hasShares: boolean
}

/**
 * The slots of a process for jobs of some names; decides which jobs may start.
 *
 * The last `reserved` slots are only for a share (a name, or an owner) without a running job in
 * this process. So a share never takes all slots, even if its jobs hang or it has very many jobs.
 * Each of the next `reserved` shares gets a slot immediately, no matter what is queued before it.
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

  /** The number of free slots that any job may use. */
  get free(): number {
    return Math.max(0, this.count - this.#reserved - this.#total)
  }

  /** The number of free reserved slots. */
  get freeReserved(): number {
    return Math.max(0, this.count - Math.max(this.#total, this.count - this.#reserved))
  }

  /** The shares with a running job. */
  get busy(): readonly string[] {
    return [...this.#running.keys()]
  }

  /** Returns whether a job may start. */
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

/** Returns the share of a job: its share key, or its name if it has no share key. */
function shareOf({ name, share_key }: ShareOf): string {
  return share_key ?? name
}

/**
 * Divides a process's slots into `concurrency` shared slots, and dedicated slots for the jobs that
 * declare them.
 */
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
  // At least one slot is not reserved. A single name needs no reserved slots: there is no other
  // name to reserve them for.
  const reserved = Math.min(wanted, count - 1, names.length - 1)
  return new Slots({ names, count, reserved, hasShares: false })
}
