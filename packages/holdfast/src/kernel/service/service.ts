import type { Answer } from '../operation/answer.ts'
import type { Worker, WorkerOptions } from '../background/background.ts'
import { hasBackground } from '../background/collect-background.ts'
import type { CallRequest, Next } from '../call/call.ts'
import { type Check, databaseCheckName, type HealthDefinition, replicasCheckName } from './check.ts'
import type { CompiledOperation } from '../operation/compile.ts'
import { createCall } from '../call/create-call.ts'
import { createCursorCodec } from '../pages/cursor.ts'
import { guardedLog } from '../host/guarded-log.ts'
import { HoldfastError } from '../base/holdfast-error.ts'
import { validateService } from './validate-service.ts'
import type { Logger } from '../base/log.ts'
import { type ModuleExports, operationsOf, type OperationsOf } from './module-exports.ts'
import { createPipeline } from '../call/pipeline.ts'
import type { AnyProblemType } from '../problem/problem.ts'
import { kernelProblems } from '../problem/problems.ts'
import { createRedactor, type Redactor } from '../base/redact.ts'
import { redactedLog } from '../base/redacted-log.ts'
import type { SecuritySchemes } from '../operation/security-scheme.ts'
import { sensitiveFieldsOf } from '../schema/sensitive-fields.ts'
import type { Operations, ServiceDefinition, ServiceParts } from './service-definition.ts'
import type { Settings } from '../host/settings.ts'
import { ephemeralSigningKeys } from '../pages/signing-keys.ts'
import type { Identify } from '../call/stages/identify.ts'
import type { ServiceHost } from '../host/service-host.ts'
import { noTelemetry } from '../telemetry/telemetry.ts'

/*
 * A service: a definition that can be started any number of times, and what runs after a start.
 *
 *   definition ─▶ start: validate ─▶ read settings ─▶ open the database ─▶ compose the pipelines
 *                                                                             │
 *   transport ── CallRequest ──▶ call: create the call, begin its span ──▶ pipeline ──▶ Answer
 *
 * Invariants:
 * - Nothing is opened before the whole definition has been validated.
 * - A start that fails closes what it has opened.
 * - Every call of an operation passes through `call`, whatever its transport, and never rejects,
 *   unless the operation does not exist.
 * - The service knows its database only through the port in database.ts.
 */

/** A service that can be started. */
export interface Service<O extends Operations = Operations> {
  readonly name: string
  /** The API version, if the definition sets it. */
  readonly version: string | undefined
  readonly operations: O
  /** The file and line of the definition. */
  readonly definedAt: string
  /** The part of a problem's `type` before its code. */
  readonly problemTypeBase: string
  /** The settings of its database and of the service itself. */
  readonly settings: readonly Settings<unknown>[]
  /**
   * Starts the service.
   *
   * @throws HoldfastError `service-invalid` that lists everything that is wrong with it.
   */
  start(host: ServiceHost): Promise<RunningService<O>>
}

/** A running service, which answers calls. */
export interface RunningService<O extends Operations = Operations> {
  readonly name: string
  /** The API version. */
  readonly version: string
  readonly description: string | undefined
  readonly operations: ReadonlyMap<string, CompiledOperation>
  /** Every problem that the service answers with, by code. */
  readonly problems: ReadonlyMap<string, AnyProblemType>
  /** The problems among them that its database may answer any operation with. */
  readonly databaseProblems: readonly AnyProblemType[]
  /** The problems among them that its database may answer a mutation with. */
  readonly mutationProblems: readonly AnyProblemType[]
  readonly problemTypeBase: string
  /** The readiness checks: the database's, if it has one, and those of the definition. */
  readonly checks: ReadonlyMap<string, Check>
  readonly health: HealthDefinition
  /** Identifies the caller of a call; `undefined` if every caller is anonymous. */
  readonly identify: Identify | undefined
  /** Returns true if the values of a field or parameter with this name are always hidden. */
  readonly isSensitive: (name: string) => boolean
  /** The authentication methods of callers. */
  readonly securitySchemes: SecuritySchemes
  readonly host: ServiceHost
  /** The logger of request lines, which contain only framework data and need no redaction. */
  readonly requestLog: Logger
  /**
   * Calls an operation. Every call passes through here. Every failure is an answer, except that an
   * unknown operation name rejects with HoldfastError `operation-unknown`.
   */
  call(request: CallRequest): Promise<Answer>
  /**
   * Starts to work on jobs, schedules and messages in this process; resolves to `undefined` if the
   * service has none. Stop the worker before the service.
   */
  startWorker(options?: WorkerOptions): Promise<Worker | undefined>
  /** Closes the database, once. All calls must have ended. */
  stop(): Promise<void>
  /** Type-only property; never set at run time. */
  readonly types?: O
}

const defaultProblemBase = '/problems/'

/** Creates a service from its definition, which is validated when the service starts. */
export function createService<E extends ModuleExports>(
  given: ServiceDefinition<E>,
  parts: ServiceParts,
): Service<OperationsOf<E>> {
  const definition = { ...given, operations: operationsOf(given.operations) }
  return {
    name: definition.name,
    version: definition.version,
    operations: definition.operations,
    definedAt: parts.definedAt,
    problemTypeBase: definition.problemTypeBase ?? defaultProblemBase,
    settings: [parts.database?.settings, parts.settings].filter((one) => one !== undefined),
    start: (host) => startService(definition, parts, host),
  }
}

async function startService<O extends Operations>(
  definition: ServiceDefinition<O>,
  parts: ServiceParts,
  given: ServiceHost,
): Promise<RunningService<O>> {
  const { operations: compiled, background, problems } = validateService(definition, parts, given.mode)
  const settings = (await parts.settings?.read(given)) ?? {}
  const redactor = redactorOf(definition, compiled)
  const requestLog = guardedLog(given.log, given.notify)
  const host = { ...given, log: redactedLog(requestLog, redactor) }
  host.telemetry?.hide(redactor)
  const database = await parts.database?.open({ ...host, service: definition.name })
  await database?.register?.(background).catch(async (error: unknown) => {
    await database.close()
    throw error
  })
  const cursors = await createCursorCodec(database?.signingKeys ?? ephemeralSigningKeys(), host.clock)
  const problemTypeBase = definition.problemTypeBase ?? defaultProblemBase
  const { log, telemetry = noTelemetry } = host
  const { problems: databaseProblems = [], mutationProblems = [] } = parts.database ?? {}
  const operations = new Map(compiled.map((operation) => [operation.name, operation]))
  const pipelines = new Map<string, Next>(
    compiled.map((operation) => [
      operation.name,
      createPipeline(operation, {
        clock: host.clock,
        mode: host.mode,
        problemTypeBase,
        cursors,
        settings,
        identify: parts.identify,
        answerRefused: database?.answerRefusedFor?.(operation),
        data: database?.stageFor(operation, { problemTypeBase }),
        frameworkProblems: [...kernelProblems, ...databaseProblems, ...mutationProblems],
      }),
    ]),
  )

  const checks = new Map(Object.entries(definition.checks ?? {}))
  if (database?.check) checks.set(databaseCheckName, database.check)
  if (database?.replicasCheck) checks.set(replicasCheckName, database.replicasCheck)
  let stopped: Promise<void> | undefined

  return {
    name: definition.name,
    version: definition.version ?? '0.0.0',
    description: definition.description,
    operations,
    problems,
    databaseProblems,
    mutationProblems,
    problemTypeBase,
    checks,
    health: definition.health ?? {},
    identify: parts.identify,
    isSensitive: (name) => redactor.isSensitive(name),
    securitySchemes: parts.securitySchemes,
    host,
    requestLog,
    async call(request) {
      const operation = operations.get(request.operation)
      const pipeline = pipelines.get(request.operation)
      if (!operation || !pipeline) {
        throw new HoldfastError(
          'operation-unknown',
          `The service "${definition.name}" has no operation "${request.operation}".`,
        )
      }
      const { header } = request
      const span =
        request.span ?? telemetry.beginTrace('internal', header('traceparent'), header('tracestate'))
      const call = createCall(request, { operation, span, log })
      // A transport ends the span that it started.
      if (request.span) return telemetry.within(span, () => pipeline(call))
      span.describe(operation.name, { 'holdfast.operation': operation.name })
      try {
        return await telemetry.within(span, () => pipeline(call))
      } finally {
        span.end()
      }
    },
    startWorker: async (options = {}) =>
      hasBackground(background) ? database?.startWorker?.({ ...background, settings }, options) : undefined,
    stop: () => (stopped ??= database?.close() ?? Promise.resolve()),
  }
}

/** Returns a redactor for what a service declares, by name or in the schema of a field. */
function redactorOf(
  { redact = [] }: ServiceDefinition<Operations>,
  operations: readonly CompiledOperation[],
): Redactor {
  const marked = operations.flatMap(({ inputSchema, outputSchema }) => [
    ...sensitiveFieldsOf(inputSchema),
    ...sensitiveFieldsOf(outputSchema),
  ])
  return createRedactor([...redact, ...marked])
}
