import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/log.ts'
import type { Pool } from '../postgres/pool.ts'
import { Replicas } from '../postgres/replicas/replicas.ts'

/** What replicas are watched with. */
export interface WatchReplicasOptions {
  readonly log: Logger
  readonly clock: Clock
  readonly maxLagMs: number
  /** Makes the pool of the one connection to the primary that replicas are compared by. */
  readonly primary: (applicationName: string) => Pool
  /** Makes the pool of a replica. */
  readonly replica: (parts: {
    readonly connectionString: string
    readonly isPooled: boolean
    readonly applicationName: string
  }) => Pool
}

/** Replicas that are being watched. */
export interface WatchedReplicas {
  readonly replicas: Replicas
  close(): Promise<void>
}

/** Begins to watch the replicas of a database; `undefined` where it has none. */
export function watchReplicas(
  urls: readonly string[],
  { primary, replica, ...parts }: WatchReplicasOptions,
): WatchedReplicas | undefined {
  if (urls.length === 0) return undefined
  const pool = primary('holdfast (replicas)')
  const replicas = new Replicas({
    ...parts,
    urls,
    primary: pool,
    openPool: (options) =>
      replica({
        ...options,
        applicationName: `holdfast (replica ${urls.indexOf(options.connectionString) + 1})`,
      }),
  })
  return {
    replicas,
    async close() {
      await replicas.close()
      await pool.end()
    },
  }
}
