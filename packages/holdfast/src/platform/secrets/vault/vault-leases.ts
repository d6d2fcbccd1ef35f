import type { VaultAnswer } from './vault-client.ts'
import { renewalFraction } from './vault-token.ts'

/** Leased credentials, such as a user that Vault has created in a database. */
export interface VaultLease {
  readonly id: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly isRenewable: boolean
  /** The generation of the token that the lease belongs to. */
  readonly generation: number
  /** The lifetime that was granted first, in seconds. */
  readonly seconds: number
  readonly renewAtMs: number
}

/** The leases of this process, by path. */
export class VaultLeases {
  readonly #leases = new Map<string, VaultLease>()
  readonly #nowMs: () => number

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
  }

  /** Returns the lease of a path. */
  find(path: string): VaultLease | undefined {
    return this.#leases.get(path)
  }

  /** Returns whether a lease need not be renewed yet. */
  isFresh(lease: VaultLease): boolean {
    return this.#nowMs() < lease.renewAtMs
  }

  /** Time until a lease has to be renewed, in milliseconds. */
  renewAfterMs(lease: VaultLease): number {
    return Math.max(0, lease.renewAtMs - this.#nowMs())
  }

  /** Keeps the lease of a response. Returns `undefined` if the response has no lease. */
  keep(path: string, answer: VaultAnswer, generation: number): VaultLease | undefined {
    const { lease_id: id = '', lease_duration: seconds = 0, renewable = false, data } = answer
    if (id === '' || seconds <= 0) return undefined
    const lease = {
      id,
      fields: data ?? {},
      isRenewable: renewable,
      generation,
      seconds,
      renewAtMs: this.#renewAtMs(seconds),
    }
    this.#leases.set(path, lease)
    return lease
  }

  /**
   * Extends a lease as Vault has renewed it. Returns `undefined` if the lease is near its max age,
   * so that it has to be replaced.
   */
  extend(
    path: string,
    lease: VaultLease,
    { lease_duration: seconds = 0 }: VaultAnswer,
  ): VaultLease | undefined {
    if (seconds < lease.seconds / 2) return undefined
    const extended = { ...lease, renewAtMs: this.#renewAtMs(seconds) }
    this.#leases.set(path, extended)
    return extended
  }

  #renewAtMs(seconds: number): number {
    return this.#nowMs() + seconds * 1_000 * renewalFraction
  }
}
