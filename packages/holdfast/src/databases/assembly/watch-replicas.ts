import type { Clock } from '../../kernel/base/clock.ts'
import type { Logger } from '../../kernel/base/log.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import { Replicas } from '../../storage/replicas/replicas.ts'

/** Options of {@link watchReplicas}. */
export interface WatchReplicasOptions {
  readonly log: Logger
  readonly clock: Clock
  readonly maxLagMs: number
  /** The pool of the primary, which replicas are compared with. */
  readonly primary: Pool
  /** Creates the pool of a replica. */
  readonly replica: (parts: {
    readonly connectionString: string
    readonly isPooled: boolean
    readonly applicationName: string
  }) => Pool
}

/** The replicas that are being watched. */
export interface WatchedReplicas {
  readonly replicas: Replicas
  close(): Promise<void>
}

/** Starts to watch the replicas of a database. Returns `undefined` if it has none. */
export function watchReplicas(
  urls: readonly string[],
  { replica, ...parts }: WatchReplicasOptions,
): WatchedReplicas | undefined {
  if (urls.length === 0) return undefined
  const replicas = new Replicas({
    ...parts,
    urls,
    openPool: (options) =>
      replica({
        ...options,
        applicationName: `holdfast (replica ${urls.indexOf(options.connectionString) + 1})`,
      }),
  })
  return {
    replicas,
    close: () => replicas.close(),
  }
}
