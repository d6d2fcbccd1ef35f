import { type Duration, toMilliseconds } from '../../kernel/base/duration.ts'
import { type Caller, callerSubject } from '../../kernel/operation/caller.ts'
import type { CompiledOperation } from '../../kernel/operation/compile.ts'
import type { Subjects } from '../../kernel/background/subject.ts'
import type {
  CapabilityHost,
  DatabaseCapability,
  OpenCapability,
} from '../../storage/capability/database-capability.ts'
import type { GuardWatch } from '../../storage/statement-guard/handler-guard.ts'
import type { BoundTransaction, HandlerSession } from '../../storage/postgres/transaction/handler-session.ts'
import { AnswerSeal } from './answer-seal.ts'
import { callSubjects } from './call-subjects.ts'
import { idempotencyMigrations } from './migrations.ts'
import type { MutationParts, RecordTrail } from './mutation-parts.ts'
import { observeMutations } from './observe-mutations.ts'
import { idempotencyProblems } from './problems.ts'
import { replayRefused } from './replay-refused.ts'
import { openKeyRing, startRotation } from './rotate-ring.ts'
import { safeMutation } from './safe-mutation.ts'

/** The options of idempotency keys. */
export interface IdempotencyOptions {
  /**
   * Min retention of an idempotency key and its response. Default `'7d'`. Raise it if clients retry
   * for longer: after the retention, a retry with an opaque key runs again. Storage grows with the
   * retention; the cost of a call does not.
   */
  readonly retention?: Duration
  /**
   * Returns the subjects of a caller. They select the answers to export or erase. Default:
   * `callerSubject`, which returns a subject such as `user:42`. Set it if the application uses
   * other subjects for its callers elsewhere. Return `undefined` for callers that are not people,
   * such as other services: this saves one row per call.
   */
  readonly subjectsOf?: (caller: Caller) => Subjects
  /** Interval at which each process deletes expired keys. Default `'1m'`. */
  readonly pruneEvery?: Duration
}

/** The parts of an open database that idempotency needs. */
export interface IdempotencyHost extends CapabilityHost {
  readonly options: IdempotencyOptions
  /** Binds a transaction for a handler. */
  readonly bind: (session: HandlerSession) => BoundTransaction
  /**
   * Returns the function that adds the calls of an operation to the trail; `undefined` if the
   * operation has no trail.
   */
  readonly recordTrailOf: (operation: CompiledOperation) => RecordTrail | undefined
  /** Checks the statements of handlers; `undefined` in production. */
  readonly watch: GuardWatch | undefined
  /** The URLs of the replicas. If not empty, answers report the WAL position of their commit. */
  readonly replicaUrls: readonly string[]
}

/**
 * The capability that runs each mutation in a transaction, which also commits the idempotency key.
 */
export const idempotencyCapability: DatabaseCapability<IdempotencyHost, IdempotencyOptions> = {
  requireOptions: readTimes,
  migrations: idempotencyMigrations,
  mutationProblems: idempotencyProblems,
  open: openIdempotency,
}

async function openIdempotency(host: IdempotencyHost): Promise<OpenCapability> {
  const { pools, service, clock, log, options } = host
  const { retentionMs, everyMs } = readTimes(options)
  const ring = await openKeyRing(pools.write, retentionMs)
  const rotation = startRotation({ pool: pools.own, ring, clock, log, everyMs })
  const shared: Omit<MutationParts, 'problemTypeBase' | 'prepare' | 'recordTrail'> = {
    pool: pools.write,
    service,
    ring,
    clock,
    retentionMs,
    seal: new AnswerSeal(host.secretKeys),
    bind: host.bind,
    externalCalls: host.externalCalls,
    hasTenants: host.hasTenants,
    subjectsOf: callSubjects(options.subjectsOf ?? callerSubject),
    reportsPosition: host.replicaUrls.length > 0,
    watch: host.watch,
    observe: observeMutations(host.telemetry),
    running: new Map(),
  }
  return {
    stageFor: (operation, settings) =>
      operation.kind === 'mutation'
        ? safeMutation(operation, { ...shared, ...settings, recordTrail: host.recordTrailOf(operation) })
        : undefined,
    answerRefusedFor: (operation) => (operation.kind === 'mutation' ? replayRefused(shared) : undefined),
    close: () => rotation.stop(),
  }
}

function readTimes({ retention = '7d', pruneEvery = '1m' }: IdempotencyOptions) {
  return {
    retentionMs: toMilliseconds(retention, { option: 'retention of the database' }),
    everyMs: toMilliseconds(pruneEvery, { option: 'pruneEvery of the database' }),
  }
}
