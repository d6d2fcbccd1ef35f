import { type Duration, toMilliseconds } from '../../kernel/base/duration.ts'
import { replicasCheckName } from '../../kernel/service/check.ts'
import type { CapabilityHost, DatabaseCapability, OpenCapability } from '../capability/database-capability.ts'
import { Replicas, type ReplicasParts } from '../replicas/replicas.ts'
import type { GuardWatch } from '../statement-guard/handler-guard.ts'
import { type AdmissionBinding, admissionDatabase, preparationDatabase } from './admission-database.ts'
import { type ReadBinding, readStage } from './read-stage.ts'
import { usedIdMigrations, usedIds } from './used-ids.ts'
import { UseRecorder } from './use-recorder.ts'

/** The options of reads. */
export interface ReadsOptions {
  /**
   * Max replication lag of a replica that serves a request, if the request does not carry the
   * position of an earlier write. Default `'5s'`. Lower it if callers must see the writes of others
   * sooner.
   */
  readonly maxReplicaLag?: Duration
}

/** The parts of an open database that reads need. */
export interface ReadsHost extends CapabilityHost {
  readonly options: ReadsOptions
  readonly binding: ReadBinding & AdmissionBinding
  /** Checks the statements of handlers; `undefined` in production. */
  readonly watch: GuardWatch | undefined
  readonly replicaUrls: readonly string[]
  /** Returns the URL to connect with now, for a URL that was in use at the start. */
  readonly currentUrl: (url: string) => string
  /** Opens the pool for the replica at the given URL. */
  readonly openReplica: ReplicasParts['openPool']
}

/** The read-only session of a query, on the primary or on a replica. */
export const readsCapability: DatabaseCapability<ReadsHost, ReadsOptions> = {
  requireOptions: maxLagOf,
  migrations: usedIdMigrations,
  open: openReads,
}

function openReads(host: ReadsHost): OpenCapability {
  const { pools, watch, binding, hasTenants } = host
  const replicas = watchReplicas(host)
  const uses = new UseRecorder({ pool: pools.own, clock: host.clock, log: host.log })
  const useOnce = usedIds(pools.own)
  return {
    stageFor: (operation) =>
      operation.kind === 'query'
        ? readStage(operation, { primary: pools.read, replicas, owner: host, watch, hasTenants }, binding)
        : undefined,
    admissionFor: (operation) =>
      admissionDatabase(operation, {
        primary: pools.read,
        binding,
        owner: host,
        uses,
        useOnce,
        watch,
        hasTenants,
      }),
    preparationFor: (operation) =>
      preparationDatabase(operation, { primary: pools.read, binding, owner: host, watch, hasTenants }),
    ...(replicas ? { checks: { [replicasCheckName]: replicas.check } } : {}),
    async close() {
      await uses.close()
      await replicas?.close()
    },
  }
}

/**
 * Starts to watch the replicas of a database. Returns `undefined` if the database has no replicas.
 */
function watchReplicas(host: ReadsHost): Replicas | undefined {
  if (host.replicaUrls.length === 0) return undefined
  return new Replicas({
    urls: host.replicaUrls,
    currentUrl: host.currentUrl,
    hasTenants: host.hasTenants,
    openPool: host.openReplica,
    primary: host.pools.own,
    clock: host.clock,
    log: host.log,
    maxLagMs: maxLagOf(host.options),
  })
}

/** Returns the max lag of a replica, in milliseconds. */
function maxLagOf({ maxReplicaLag = '5s' }: ReadsOptions): number {
  return toMilliseconds(maxReplicaLag, { option: 'maxReplicaLag of the database' })
}
