import type { Database, DatabaseHost, OpenDatabase } from '../../kernel/service/database.ts'
import { databaseCheckName, replicasCheckName } from '../../kernel/service/check.ts'
import { type Duration, toMilliseconds } from '../../kernel/base/duration.ts'
import { noopExternalCallWatch } from '../../kernel/host/external-calls.ts'
import { noTelemetry } from '../../kernel/telemetry/telemetry.ts'
import type { JobEngine } from '../../effects/jobs/job-engine.ts'
import { registerJobNames } from '../../effects/jobs/enqueue/register-names.ts'
import { createWaker } from '../../effects/wakes/waker.ts'
import type { MutationParts } from '../../effects/idempotency/mutation-parts.ts'
import { observeMutations } from '../../effects/idempotency/observe-mutations.ts'
import { idempotencyProblems } from '../../effects/idempotency/problems.ts'
import { replayRefused } from '../../effects/idempotency/replay-refused.ts'
import { openKeyRing, startRotation } from '../../effects/idempotency/rotate-ring.ts'
import { safeMutation } from '../../effects/idempotency/safe-mutation.ts'
import { describeEvent } from '../../storage/migrations/event.ts'
import { migrate } from '../../storage/migrations/migrate.ts'
import { readMigrations } from '../../storage/migrations/read-migrations.ts'
import { registerAll } from '../../effects/messages/register-subscriptions.ts'
import { declarationsOf } from '../../effects/messages/subscription.ts'
import { warnIfUndispatched } from '../../effects/messages/warn-if-undispatched.ts'
import { requireKnownDriver } from '../../storage/postgres/session/driver-internals.ts'
import { checkConnection } from '../../storage/postgres/pool/check-connection.ts'
import { requireAnswer } from '../../storage/postgres/session/connect-client.ts'
import { Fingerprints } from '../../storage/statement-guard/fingerprints.ts'
import { UnboundedReads } from '../../storage/statement-guard/unbounded-reads.ts'
import type { BoundTransaction, HandlerSession } from '../../storage/postgres/transaction/handler-session.ts'
import { postgresProblems } from '../../storage/postgres/errors/problems.ts'
import { readStage } from '../../storage/reads/read-stage.ts'
import { type Caller, callerSubject } from '../../kernel/operation/caller.ts'
import type { Subjects } from '../../kernel/background/subject.ts'
import { callSubjects } from '../../effects/idempotency/call-subjects.ts'
import type { Binding } from './binding.ts'
import { type ConnectionLimits, openLanes } from './connection-lanes.ts'
import { locateDatabase, type Location, type LocationOptions } from './location.ts'
import { HandlerEffects } from './effects.ts'
import { findPooler } from './find-pooler.ts'
import { frameworkMigrations } from './migrations.ts'
import { recognizeDatabase } from './recognize-database.ts'
import { schemaVersion } from './schema-version.ts'
import { openSigningKeys } from './signing-keys.ts'
import { watchReplicas } from './watch-replicas.ts'
import { startBackground } from './start-background.ts'
import { databaseSettings } from './settings.ts'

/** Options of every database on Postgres. */
export interface PostgresOptions extends LocationOptions {
  /**
   * The folder of the application's migrations: SQL files, applied in name order when the service
   * starts.
   */
  readonly migrations?: URL | string
  /**
   * Max number of connections that the process opens to the primary, or the max of each kind of
   * work. Default 12. Raise it if calls or jobs wait for connections and the server has some to
   * spare.
   */
  readonly connections?: number | ConnectionLimits
  /**
   * Max age of a connection of the pools. An older one is closed when it is released, and replaced
   * when the next is needed; a jitter of up to a quarter spreads the renewals of a fleet. Default
   * `'30m'`. Lower it if connections have to follow a load balancer or a changed DNS name sooner.
   */
  readonly maxConnectionAge?: Duration
  /**
   * True if repeated statements are prepared, once per connection. It saves Postgres about half the
   * cost of a short statement. Ignored behind a pooler. Default true.
   */
  readonly preparedStatements?: boolean
  /**
   * Min time that an idempotency key and its response are kept. Default `'7d'`. Raise it if clients
   * retry for longer: a retry of an opaque key after that runs again. Storage grows with it; the
   * cost of a call does not.
   */
  readonly retention?: Duration
  /**
   * Returns the subjects of a caller, by which the answers to its keys are exported and erased.
   * Default: `callerSubject`, which returns `user:42`. Set it if the caller has another name in the
   * rest of the application. Return `undefined` for callers that are not people, such as other
   * services: each of their calls then costs one row less.
   */
  readonly subjectsOf?: (caller: Caller) => Subjects
  /** Interval at which each process deletes expired keys. Default `'1m'`. */
  readonly pruneEvery?: Duration
  /**
   * Max replication lag of a replica that serves callers whose requests do not show an earlier
   * write. Default `'5s'`. Lower it if callers must see the writes of others sooner.
   */
  readonly maxReplicaLag?: Duration
  /**
   * A job engine that runs the jobs in place of Postgres, which hands them over:
   * `bullmqJobs({ … })`. Default: Postgres runs them.
   */
  readonly jobEngine?: JobEngine
}

/** Creates a Postgres database from a query builder's binding. */
export function createDatabase<Read, Write>(
  binding: Binding<Read, Write>,
  options: PostgresOptions,
): Database<Read, Write> {
  return {
    name: binding.name,
    problems: postgresProblems,
    mutationProblems: idempotencyProblems,
    ...(options.url === undefined ? { settings: databaseSettings } : {}),
    async open(host) {
      requireKnownDriver()
      const location = await locateDatabase(options, host)
      try {
        return await openDatabase(binding, options, { location, host })
      } catch (error) {
        await location.stop()
        throw error
      }
    },
  }
}

interface Opening {
  readonly location: Location
  readonly host: DatabaseHost
}

async function openDatabase<Read, Write>(
  binding: Binding<Read, Write>,
  options: PostgresOptions,
  { location, host }: Opening,
): Promise<OpenDatabase> {
  const { connectionString, directConnectionString } = location
  const { clock, log, notify, telemetry = noTelemetry, externalCalls = noopExternalCallWatch } = host
  const retentionMs = toMilliseconds(options.retention ?? '7d')
  const fingerprints = host.statements && (await Fingerprints.load())
  const isPooled = await findPooler(location, { log, isDisposable: host.mode === 'test' })
  await migrate({
    connectionString: directConnectionString ?? connectionString,
    isPooled: isPooled && directConnectionString === undefined,
    migrations: [
      { owner: 'holdfast', migrations: frameworkMigrations, sharesSession: true, version: schemaVersion },
      ...(options.migrations === undefined
        ? []
        : [{ owner: 'app', migrations: await readMigrations(options.migrations) }]),
    ],
    notify: (event) => notify(describeEvent(event)),
    ...(host.mode === 'development' ? { startAfresh: location.startAfresh } : {}),
  })
  const pooling = {
    connectionString,
    log,
    telemetry,
    maxAgeMs: toMilliseconds(options.maxConnectionAge ?? '30m'),
    usesPreparedStatements: options.preparedStatements,
    isPooled,
    showsValues: host.mode !== 'production',
  }
  const lanes = openLanes(options.connections, pooling)
  const { write, read, own } = lanes
  const waker = createWaker({
    service: host.service,
    connectionString: directConnectionString ?? connectionString,
    isPooled: isPooled && directConnectionString === undefined,
    clock,
    log,
  })
  const check = checkConnection(own)
  const watched = watchReplicas(location.replicas, {
    log,
    clock,
    maxLagMs: toMilliseconds(options.maxReplicaLag ?? '5s'),
    primary: own,
    replica: lanes.openReplica,
  })
  const endPools = async (): Promise<void> => {
    await Promise.all([waker.close(), lanes.end(), watched?.close()])
  }
  // Not in the framework's own lane, whose statements wait for a lock for a second only: many
  // processes that start at the same time wait for each other.
  const opening = recognizeDatabase(write, { log, isDisposable: host.mode === 'test' }).then(() =>
    Promise.all([openSigningKeys(write), openKeyRing(write, retentionMs)]),
  )
  const [signingKeys, ring] = await requireAnswer(opening).catch(async (error: unknown) => {
    await endPools()
    throw error
  })
  const rotation = startRotation({
    pool: own,
    ring,
    clock,
    log,
    everyMs: toMilliseconds(options.pruneEvery ?? '1m'),
  })
  const watch = host.statements &&
    fingerprints && {
      ...host.statements,
      fingerprints,
      unbounded: new UnboundedReads(own),
    }
  const watching = warnIfUndispatched({ pool: own, clock, log })
  const { service } = host
  const bind = (session: HandlerSession): BoundTransaction =>
    new HandlerEffects(session, { service, waker, binding })
  const shared: Omit<MutationParts, 'problemTypeBase'> = {
    pool: write,
    service: host.service,
    ring,
    clock,
    retentionMs,
    bind,
    externalCalls,
    subjectsOf: callSubjects(options.subjectsOf ?? callerSubject),
    reportsPosition: watched !== undefined,
    watch,
    observe: observeMutations(telemetry),
    running: new Map(),
  }
  return {
    signingKeys,
    checks: {
      [databaseCheckName]: check,
      ...(watched ? { [replicasCheckName]: watched.replicas.check } : {}),
    },
    stageFor: (operation, settings) =>
      operation.kind === 'mutation'
        ? safeMutation(operation, { ...shared, ...settings })
        : readStage(operation, { primary: read, replicas: watched?.replicas, service, watch }, binding),
    answerRefusedFor: (operation) => (operation.kind === 'mutation' ? replayRefused(shared) : undefined),
    register: (background) =>
      requireAnswer(
        Promise.all([
          registerAll(service, declarationsOf(service, background), write),
          registerJobNames(service, background, write),
        ]),
      ).then(() => {}),
    async startWorker(workload, workerOptions) {
      const releaseHeartbeat = lanes.reserveHeartbeat()
      const worker = await startBackground(workload, workerOptions, {
        jobEngine: options.jobEngine,
        openPool: lanes.openPool,
        heartbeatTarget: {
          connectionString: directConnectionString ?? connectionString,
          isPooled: isPooled && directConnectionString === undefined,
        },
        bind,
        waker,
        host,
        telemetry,
        externalCalls,
      }).catch((error: unknown) => {
        releaseHeartbeat()
        throw error
      })
      // From here on, this process dispatches messages.
      await watching.stop()
      return {
        stop: (limitMs) => worker.stop(limitMs).finally(releaseHeartbeat),
      }
    },
    async close() {
      await Promise.all([rotation.stop(), watching.stop(), watch?.unbounded.close()])
      await endPools()
      await location.stop()
    },
  }
}
