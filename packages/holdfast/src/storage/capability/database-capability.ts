import type { Background, WorkerOptions, Workload } from '../../kernel/background/background.ts'
import type { Effects } from '../../kernel/background/effects.ts'
import type { Job } from '../../kernel/background/job.ts'
import type { AdmissionDatabase } from '../../kernel/call/admission-of.ts'
import type { PreparationDatabase } from '../../kernel/call/prepare.ts'
import type { Stage } from '../../kernel/call/call.ts'
import type { AnswerRefused } from '../../kernel/call/stages/validate-input.ts'
import type { ExternalCallWatch } from '../../kernel/host/external-calls.ts'
import type { Sealer } from '../../kernel/host/sealer.ts'
import type { CompiledOperation } from '../../kernel/operation/compile.ts'
import type { SigningKeys } from '../../kernel/pages/signing-keys.ts'
import type { AnyProblem } from '../../kernel/problem/problem.ts'
import type { Checks } from '../../kernel/service/check.ts'
import type { DatabaseHost, StageSettings } from '../../kernel/service/database.ts'
import type { Telemetry } from '../../kernel/telemetry/telemetry.ts'
import type { SecretKeySource } from '../../platform/secret-keys/open-secret-keys.ts'
import type { Migration } from '../migrations/migration.ts'
import type { Pool } from '../postgres/pool/pool.ts'
import type { HandlerSession } from '../postgres/transaction/handler-session.ts'

/*
 * The interface of the parts of a database: idempotency, jobs, messages, reads, … Each capability
 * is in its own folder and imports no other capability; `databases/assembly/capabilities.ts` lists
 * them.
 *
 *   list ─▶ migrations, problems, options          before anything is open
 *     │
 *     └──▶ open(host) ─▶ stageFor         a part of the pipeline of an operation
 *                     ├▶ checks           readiness
 *                     ├▶ register         once per start, with the definitions of the service
 *                     ├▶ workerPart ─▶ start ─▶ stop ─▶ close     only in a process with a worker
 *                     └▶ close
 *
 * Invariants:
 * - All capabilities open concurrently, so a start takes only as many round trips as the slowest
 *   capability. Parts of a worker start one after another, in the order of the list.
 * - Everything that was opened is closed, even if a later part fails to start.
 * - A capability that needs a function of another capability receives it through its host.
 */

/** The parts of an open database that every capability can use. */
export interface CapabilityHost extends DatabaseHost {
  readonly pools: DatabasePools
  readonly telemetry: Telemetry
  /** Detects calls to third parties inside transactions. */
  readonly externalCalls: ExternalCallWatch
  /** The secret keys of the service. */
  readonly secretKeys: SecretKeySource
  /** The secret keys, for the statements of libraries. They are opened when they are needed. */
  readonly sealer: Sealer
  /** True if policies limit callers to the rows of their tenant. */
  readonly hasTenants: boolean
}

/** The pools that every process has. */
export interface DatabasePools {
  /** The pool of mutations. At startup, it also runs statements that may wait for locks. */
  readonly write: Pool
  /** The pool of queries. */
  readonly read: Pool
  /** The pool of the framework's own statements. Their lock timeout is one second. */
  readonly own: Pool
}

/** A capability of a database. `Host` contains the dependencies of the capability. */
export interface DatabaseCapability<Host, Options = object> {
  /** Throws if an option of the capability is invalid. Called before anything is opened. */
  readonly requireOptions?: (options: Options) => void
  /** The tables of the capability. Default: none. */
  readonly migrations?: readonly Migration[]
  /** The problems that mutations may return because of the capability's stages. Default: none. */
  readonly mutationProblems?: readonly AnyProblem[]
  /** Returns the members that the capability adds to a writing handler's context. Default: none. */
  readonly effects?: (host: Host) => CapabilityEffects
  /**
   * Opens the capability: reads its state, and starts its tasks. If it rejects, it leaves nothing
   * open.
   */
  readonly open?: (host: Host) => OpenCapability | Promise<OpenCapability>
}

/** The members of a handler's context that a capability creates, on first use. */
export type CapabilityEffects = {
  readonly [Name in Exclude<keyof Effects, 'transaction'>]?: (session: HandlerSession) => Effects[Name]
}

/** An open capability. All parts are optional. */
export interface OpenCapability {
  /**
   * Returns the capability's stage for an operation; `undefined` if there is none. Stages run in
   * the order of the list; each stage wraps those after it.
   */
  stageFor?(operation: CompiledOperation, settings: StageSettings): Stage | undefined
  /** Returns the database that the identifiers and the access rule of an operation use. */
  admissionFor?(operation: CompiledOperation | undefined): AdmissionDatabase
  /** Returns the database that `prepare` of a mutation uses. */
  preparationFor?(operation: CompiledOperation): PreparationDatabase
  /** Returns the function that answers a mutation call with rejected input. */
  answerRefusedFor?(operation: CompiledOperation): AnswerRefused | undefined
  /** The keys that sign cursors. */
  readonly signingKeys?: SigningKeys
  /** Its readiness checks. */
  readonly checks?: Checks
  /** Registers the definitions of a service, even if this process does not run them. */
  register?(background: Background): Promise<void>
  /** Opens the capability's part of a worker in this process. The part runs after `start`. */
  workerPart?(workload: Workload, options: WorkerOptions): WorkerPart
  /**
   * Stops the capability's tasks and closes what it opened. Called after the capability's part of a
   * worker has stopped.
   */
  close?(): Promise<void>
}

/** The part of a worker that a capability runs, such as its jobs or its messages. */
export interface WorkerPart {
  /** The jobs that this part adds to the service's own. Default: none. */
  readonly jobs?: readonly Job[]
  /** Returns whether this process is the leader of its service. Default: `false`. */
  leads?(): boolean
  /** Starts the part, once. If it rejects, it leaves nothing running. */
  start(worker: WorkerHost): void | Promise<void>
  /**
   * Stops the part, once, after `start`: waits up to `limitMs` for running work, then cancels it.
   * Resolves to the ids of the released jobs.
   */
  stop(limitMs: number): Promise<readonly string[]>
  /** Closes everything that `workerPart` opened, even if the part was not started. */
  close?(): Promise<void>
}

/** The worker that the parts belong to. */
export interface WorkerHost {
  /** The jobs that all parts add to the service's own. */
  readonly addedJobs: readonly Job[]
  /** Returns whether this process is the leader of its service. */
  readonly leads: () => boolean
}
