import { runStatement, type StatementClient } from '../../storage/postgres/statement/statement-client.ts'
import type { HeadRow } from './queries/chain.ts'
import {
  type AnchorRow,
  countUnchained,
  findChains,
  readAnchor,
  readChain,
  readHead,
} from './queries/verify.ts'
import { type ChainedRow, firstHash, hashOf } from './trail-row.ts'

/** The first position at which a chain is not as it was written. */
export interface TrailBreak {
  /** The position, as a decimal integer. */
  readonly position: string
  /**
   * `'missing'`: the row was deleted. `'changed'`: the row, or its hash, was changed. `'added'`: a
   * row that was not written by the service, or a second row at the position.
   */
  readonly reason: 'missing' | 'changed' | 'added'
}

/** The result of verifying the trail of a service. */
export interface VerifiedTrail {
  readonly service: string
  /** Number of verified rows, up to the first break. */
  readonly rows: number
  /** The last verified position, as a decimal integer; `'0'` if there is none. */
  readonly position: string
  /** The hash at this position, in hexadecimal. Compare it with a copy kept elsewhere. */
  readonly hash: string
  /** Number of rows that are committed but not in the chain yet. */
  readonly unchained: number
  /** The first break; absent if the trail is intact. */
  readonly break?: TrailBreak
}

/** Options of {@link verifyTrail}. */
export interface VerifyTrailOptions {
  /** Name of the service. Default: all services on the database. */
  readonly service?: string
}

const pageSize = 1_000

/**
 * Recomputes the hashes of the trail, and reports the first break of each service. Positions of
 * dropped partitions are skipped from their anchors. It reads page by page.
 *
 * @example
 * ```ts
 * const trails = await verifyTrail(pool)
 * const broken = trails.filter((trail) => trail.break)
 * ```
 */
export async function verifyTrail(
  client: StatementClient,
  { service }: VerifyTrailOptions = {},
): Promise<readonly VerifiedTrail[]> {
  const chains = await runStatement<{ service: string }>(client, findChains(service ?? null))
  const verified: VerifiedTrail[] = []
  for (const chain of chains) verified.push(await new Verification(client, chain.service).run())
  return verified
}

/** Verifies the chain of one service. */
class Verification {
  readonly #client: StatementClient
  readonly #service: string
  #position = 0n
  #hash = firstHash
  #rows = 0

  constructor(client: StatementClient, service: string) {
    this.#client = client
    this.#service = service
  }

  async run(): Promise<VerifiedTrail> {
    const found = await this.#findBreak()
    const [unchained] = await runStatement<{ count: number }>(this.#client, countUnchained(this.#service))
    return {
      service: this.#service,
      rows: this.#rows,
      position: String(this.#position),
      hash: this.#hash,
      unchained: unchained!.count,
      ...(found && { break: found }),
    }
  }

  async #findBreak(): Promise<TrailBreak | undefined> {
    // The chain may grow meanwhile. A head that is read after the rows is not before any of them.
    for (;;) {
      const rows = await this.#readPage()
      for (const row of rows) {
        const found = await this.#check(row)
        if (found) return found
      }
      if (rows.length > 0) continue
      const [head] = await runStatement<HeadRow>(this.#client, readHead(this.#service))
      const end = BigInt(head?.position ?? 0)
      if (end === this.#position)
        return (head?.hash ?? firstHash) === this.#hash ? undefined : breakAt(end, 'changed')
      if (end < this.#position) return breakAt(end + 1n, 'added')
      const isLater = (await this.#readPage()).length > 0 || (await this.#skipDropped())
      if (!isLater) return breakAt(this.#position + 1n, 'missing')
    }
  }

  #readPage(): Promise<readonly ChainedRow[]> {
    return runStatement<ChainedRow>(this.#client, readChain(this.#service, String(this.#position), pageSize))
  }

  async #check(row: ChainedRow): Promise<TrailBreak | undefined> {
    const position = BigInt(row.position)
    if (position <= this.#position) return breakAt(position, 'added')
    while (position > this.#position + 1n && (await this.#skipDropped()));
    if (position !== this.#position + 1n)
      return position > this.#position ? breakAt(this.#position + 1n, 'missing') : breakAt(position, 'added')
    if (hashOf(row, { position: row.position, previous: this.#hash }) !== row.hash)
      return breakAt(position, 'changed')
    this.#position = position
    this.#hash = row.hash
    this.#rows += 1
    return undefined
  }

  /** Continues after the positions of a dropped partition, if the next position was dropped. */
  async #skipDropped(): Promise<boolean> {
    const next = String(this.#position + 1n)
    const [anchor] = await runStatement<AnchorRow>(this.#client, readAnchor(this.#service, next))
    if (!anchor) return false
    this.#position = BigInt(anchor.last)
    this.#hash = anchor.hash
    return true
  }
}

function breakAt(position: bigint, reason: TrailBreak['reason']): TrailBreak {
  return { position: String(position), reason }
}
