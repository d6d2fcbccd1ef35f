import type { Access } from '../operation/access/access.ts'
import type { Answer } from '../operation/answer.ts'
import type { Worker, WorkerOptions } from '../background/background.ts'
import type { CapabilityPage } from '../background/open-capability.ts'
import type { CallRequest } from '../call/call.ts'
import type { Check, HealthDefinition } from './check.ts'
import type { CorsPolicy } from './cors.ts'
import type { CompiledOperation } from '../operation/compile.ts'
import type { Logger } from '../base/log.ts'
import type { AnyProblem } from '../problem/problem.ts'
import type { SecuritySchemes } from '../operation/security-scheme.ts'
import type { Operations } from './service-definition.ts'
import type { CallerRequest } from './admit-caller.ts'
import type { Identifier } from '../operation/identifier.ts'
import type { Settings } from '../host/settings.ts'
import type { ServiceHost } from '../host/service-host.ts'
import type { phantom } from '../base/phantom.ts'

/*
 * A service: a definition that can be started any number of times, and the parts that run after a
 * start.
 *
 *   definition ─▶ start: validate ─▶ read settings ─▶ open the database ─▶ compose the pipelines
 *                 (start-service.ts)                                          │
 *   transport ── CallRequest ──▶ call: create the call, begin its span ──▶ pipeline ──▶ Answer
 *                                (operation-calls.ts)
 *
 * Invariants:
 * - Nothing is opened before the whole definition has been validated.
 * - A start that fails closes what it has opened.
 * - Every call of an operation passes through `call`, regardless of the transport. `call` fails
 *   only if the operation does not exist.
 * - The service knows its database only through the port in database.ts.
 */

/** A service that can be started. */
export interface Service<Defined extends Operations = Operations> {
  readonly name: string
  /** The API version, if the definition sets it. */
  readonly version: string | undefined
  readonly operations: Defined
  /** The file and line of the definition. */
  readonly definedAt: string
  /** The part of a problem's `type` before its code. */
  readonly problemTypeBase: string
  /** The settings of the service and of its database. */
  readonly settings: readonly Settings<unknown>[]
  /** The folder of the application's migrations; `undefined` if there is none. */
  readonly migrations: URL | string | undefined
  /**
   * Starts the service.
   *
   * @throws HoldfastError `service-invalid` that lists all issues.
   */
  start(host: ServiceHost): Promise<RunningService<Defined>>
}

/** A running service, which answers calls. */
export interface RunningService<Defined extends Operations = Operations> {
  readonly name: string
  /** The API version. */
  readonly version: string
  readonly description: string | undefined
  readonly operations: ReadonlyMap<string, CompiledOperation>
  /** The pages of its plugins. */
  readonly pages: readonly CapabilityPage[]
  /** Every problem that the service may return, by code. */
  readonly problems: ReadonlyMap<string, AnyProblem>
  /** The problems that its database may return from any operation. */
  readonly databaseProblems: readonly AnyProblem[]
  /** The problems that its database may return from a mutation only. */
  readonly mutationProblems: readonly AnyProblem[]
  readonly problemTypeBase: string
  /** The readiness checks: the database's, if there is one, and those of the definition. */
  readonly checks: ReadonlyMap<string, Check>
  readonly health: HealthDefinition
  /** Identify the callers, in this order; empty if every caller is anonymous. */
  readonly identifiers: readonly Identifier[]
  /** The other origins whose pages may read responses; `undefined` if there are none. */
  readonly cors: CorsPolicy | undefined
  /** The other origins whose pages may send cookies. */
  readonly trustedOrigins: ReadonlySet<string>
  /** Returns true if the values of a field or parameter with this name are always hidden. */
  readonly isSensitive: (name: string) => boolean
  /** The authentication methods of callers. */
  readonly securitySchemes: SecuritySchemes
  readonly host: ServiceHost
  /** The logger of request lines, which contain only framework data and need no redaction. */
  readonly requestLog: Logger
  /**
   * Calls an operation. Every call passes through this function. Every failure is an answer.
   * Returns the answer without a promise if the call had nothing to wait for.
   *
   * @throws HoldfastError `operation-unknown` if the service has no operation of that name.
   */
  call(request: CallRequest): Answer | Promise<Answer>
  /**
   * Identifies the caller of a request that calls no operation. Resolves to true if the rule admits
   * it.
   */
  readonly admits: (access: Access, request: CallerRequest) => Promise<boolean>
  /**
   * Starts a worker for jobs, schedules and messages in this process; resolves to `undefined` if
   * the service has no background work. Stop the worker before the service.
   */
  startWorker(options?: WorkerOptions): Promise<Worker | undefined>
  /** Closes the database. Call it after all calls have ended. A second call waits for the first. */
  stop(): Promise<void>
  /** Type-only property; never set at run time. */
  readonly [phantom]?: Defined
}
