import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { runStatement, type StatementClient } from '../../storage/postgres/statement/statement-client.ts'
import { dropPartitions } from './queries/verify.ts'
import { verifyTrail } from './verify-trail.ts'

/** Positions that were dropped with their partition, from which the chain continues. */
export interface TrailAnchor {
  readonly service: string
  readonly partition: string
  /** The first dropped position, as a decimal integer. */
  readonly first: string
  /** The last dropped position, as a decimal integer. */
  readonly last: string
  /** The hash at the last dropped position, in hexadecimal. */
  readonly hash: string
}

/** Options of {@link pruneTrail}. */
export interface PruneTrailOptions {
  /** The time before which a month must have ended. */
  readonly before: Date
}

/**
 * Verifies the trail, and drops the partitions of the months that ended before a time. The trails
 * of all services on the database have the same partitions. The role of the client must own the
 * tables of the framework. Returns the anchors, which are stored in `holdfast.trail_anchors`.
 *
 * @throws HoldfastError `trail-broken` if the trail is not intact.
 *
 * @example
 * ```ts
 * const anchors = await pruneTrail(pool, { before: new Date('2025-01-01') })
 * ```
 */
export async function pruneTrail(
  client: StatementClient,
  { before }: PruneTrailOptions,
): Promise<readonly TrailAnchor[]> {
  for (const trail of await verifyTrail(client)) {
    if (!trail.break) continue
    const { position, reason } = trail.break
    throw new HoldfastError(
      'trail-broken',
      `The trail of the service "${trail.service}" is broken at position ${position} (${reason}), so nothing was dropped. Keep the tables as evidence, and find out who changed them.`,
    )
  }
  return runStatement<TrailAnchor>(client, dropPartitions(before))
}
