import type { Background, Worker, WorkerOptions, Workload } from '../background/background.ts'
import type { AdmissionDatabase } from '../call/admission-of.ts'
import type { PreparationDatabase, Prepare } from '../call/prepare.ts'
import type { Stage } from '../call/call.ts'
import type { Checks } from './check.ts'
import type { CompiledOperation } from '../operation/compile.ts'
import type { AnyProblem } from '../problem/problem.ts'
import type { Settings } from '../host/settings.ts'
import type { SigningKeys } from '../pages/signing-keys.ts'
import type { AnswerRefused } from '../call/stages/validate-input.ts'
import type { ServiceHost } from '../host/service-host.ts'
import type { phantom } from '../base/phantom.ts'

/**
 * The port through which a service reaches its data, implemented by `postgres()`, `drizzle()` and
 * the other bindings. `Read` is the type of `db` in a query, `Write` in a mutation.
 */
export interface Database<Read, Write> {
  /** The name of the binding, for messages: `'drizzle'`. */
  readonly name: string
  /** The problems that the database's stages may return. */
  readonly problems: readonly AnyProblem[]
  /** The problems that only the stage of a mutation adds. */
  readonly mutationProblems?: readonly AnyProblem[]
  /** The folder of the application's migrations. Default: none. */
  readonly migrations?: URL | string | undefined
  /** The settings that the database reads from the environment. */
  readonly settings?: readonly Settings<unknown>[]
  /**
   * Returns further settings of a service with sealed answers. `operation` is the name of the first
   * operation that has them.
   */
  settingsOfSealed?(operation: string): readonly Settings<unknown>[]
  /** Connects, migrates, and starts its background work. */
  open(host: DatabaseHost): Promise<OpenDatabase>
  /** Type-only property; never set at run time. */
  readonly [phantom]?: { readonly read: Read; readonly write: Write }
}

/** The environment in which a database opens: the host and the name of its service. */
export interface DatabaseHost extends ServiceHost {
  /**
   * The name of the service. It separates the keys, jobs and messages of this service from those of
   * other services on the same database.
   */
  readonly service: string
}

/** The service settings that a stage needs to create answers. */
export interface StageSettings {
  /** The URI or path that precedes the code in a problem's `type`. */
  readonly problemTypeBase: string
  /** Prepares a call; `undefined` if the operation has no `prepare`. */
  readonly prepare: Prepare | undefined
}

/** An open database. */
export interface OpenDatabase {
  /**
   * Returns the stage that sets `db` for an operation: read-only for a query, a transaction with
   * its idempotency key for a mutation.
   */
  stageFor(operation: CompiledOperation, settings: StageSettings): Stage
  /**
   * Returns the function that answers calls of a mutation whose input was rejected. Default: the
   * rejection is the answer.
   */
  answerRefusedFor?(operation: CompiledOperation): AnswerRefused | undefined
  /**
   * Returns the database that the identifiers and the access rule of an operation use. Without an
   * operation, returns the database for the service's own rules, such as the rule for health
   * details. Default: they have no `db`.
   */
  admissionFor?(operation: CompiledOperation | undefined): AdmissionDatabase | undefined
  /**
   * Returns the database that `prepare` of a mutation uses. Default: `prepare` has no `db`.
   */
  preparationFor?(operation: CompiledOperation): PreparationDatabase | undefined
  /** The keys that sign cursors. */
  readonly signingKeys: SigningKeys
  /**
   * The readiness checks of the database, by name. They use connections that the service's calls
   * cannot exhaust. If absent, readiness does not depend on the database.
   */
  readonly checks?: Checks
  /**
   * Registers the consumers, subscribers and relays of a service, even if this process does not run
   * them. From then on, each of them receives every message.
   */
  register?(background: Background): Promise<void>
  /**
   * Starts a worker for jobs, schedules and messages in this process. Absent if the database has no
   * engine for them.
   */
  startWorker?(workload: Workload, options: WorkerOptions): Promise<Worker>
  /**
   * Stops the background work and closes the connections. Call it after calls and workers have
   * ended.
   */
  close(): Promise<void>
}
