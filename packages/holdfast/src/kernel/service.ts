import type { Answer } from './answer.ts'
import type { Worker, WorkerOptions } from './background.ts'
import { hasBackground } from './background-of.ts'
import type { CallRequest, Next } from './call.ts'
import { type Check, databaseCheckName, type HealthDefinition, replicasCheckName } from './check.ts'
import type { CompiledOperation } from './compile.ts'
import { createCall } from './create-call.ts'
import { createCursorCodec } from './cursor.ts'
import { guardedLog } from './guarded-log.ts'
import { HoldfastError } from './holdfast-error.ts'
import { judgeService } from './judge-service.ts'
import type { Logger } from './log.ts'
import { type ModuleExports, operationsOf, type OperationsOf } from './module-exports.ts'
import { createPipeline } from './pipeline.ts'
import type { AnyProblemType } from './problem.ts'
import { kernelProblems } from './problems.ts'
import { createRedactor, type Redactor } from './redact.ts'
import { redactedLog } from './redacted-log.ts'
import type { SecuritySchemes } from './security-scheme.ts'
import { sensitiveFieldsOf } from './sensitive-fields.ts'
import type { Operations, ServiceDefinition, ServiceParts } from './service-definition.ts'
import type { Settings } from './settings.ts'
import { ownSigningKeys } from './signing-keys.ts'
import type { Identify } from './stages/identify.ts'
import type { Surroundings } from './surroundings.ts'
import { noTelemetry } from './telemetry.ts'

/** A service that can be started. */
export interface Service<O extends Operations = Operations> {
  readonly name: string
  /** The version of its API, where the definition says it. */
  readonly version: string | undefined
  readonly operations: O
  /** The file and line of the definition. */
  readonly place: string
  /** What stands before the code in a problem's `type`. */
  readonly problemBase: string
  /** What it is configured with: its database's settings and its own. */
  readonly settings: readonly Settings<unknown>[]
  /**
   * Starts it.
   *
   * @throws HoldfastError `service-invalid` that lists all of what is wrong with it.
   */
  start(surroundings: Surroundings): Promise<RunningService<O>>
}

/** A service that answers calls. */
export interface RunningService<O extends Operations = Operations> {
  readonly name: string
  /** The version of its API. */
  readonly version: string
  readonly description: string | undefined
  readonly operations: ReadonlyMap<string, CompiledOperation>
  /** Every problem that it answers with, by its code. */
  readonly problems: ReadonlyMap<string, AnyProblemType>
  /** Those of them that its database answers with, whatever the operation. */
  readonly databaseProblems: readonly AnyProblemType[]
  /** Those of them that its database answers a mutation with. */
  readonly mutationProblems: readonly AnyProblemType[]
  readonly problemBase: string
  /** Whether what it needs is there: the database's check, where it has one, and those of the definition. */
  readonly checks: ReadonlyMap<string, Check>
  readonly health: HealthDefinition
  /** Finds out who makes a call; `undefined` where every caller is anonymous. */
  readonly identify: Identify | undefined
  /** Returns whether the values of a field or parameter of this name are never shown. */
  readonly isSensitive: (name: string) => boolean
  /** How callers prove who they are. */
  readonly securitySchemes: SecuritySchemes
  readonly surroundings: Surroundings
  /** Takes the lines of requests, which are made of what the framework knows and hold nothing to hide. */
  readonly requestLog: Logger
  /**
   * Calls an operation, the one way there is. Every failure is an answer, but for a name that the service does not have, which
   * rejects with HoldfastError `operation-unknown`.
   */
  call(request: CallRequest): Promise<Answer>
  /**
   * Begins to work on jobs, schedules and messages in this process; `undefined` where the service has none. It has to be stopped before the
   * service is.
   */
  startWorker(options?: WorkerOptions): Promise<Worker | undefined>
  /** Closes the database, once. Calls that are under way have to have ended. */
  stop(): Promise<void>
  /** Never there; carries the types. */
  readonly types?: O
}

const defaultProblemBase = '/problems/'

/** Makes a service of its definition, which is judged when it starts. */
export function createService<E extends ModuleExports>(
  given: ServiceDefinition<E>,
  parts: ServiceParts,
): Service<OperationsOf<E>> {
  const definition = { ...given, operations: operationsOf(given.operations) }
  return {
    name: definition.name,
    version: definition.version,
    operations: definition.operations,
    place: parts.place,
    problemBase: definition.problemBase ?? defaultProblemBase,
    settings: [parts.database?.settings, parts.settings].filter((one) => one !== undefined),
    start: (surroundings) => startService(definition, parts, surroundings),
  }
}

async function startService<O extends Operations>(
  definition: ServiceDefinition<O>,
  parts: ServiceParts,
  given: Surroundings,
): Promise<RunningService<O>> {
  const { operations: compiled, background, problems } = judgeService(definition, parts, given.mode)
  const settings = (await parts.settings?.read(given)) ?? {}
  const redactor = redactorOf(definition, compiled)
  const requestLog = guardedLog(given.log, given.notify)
  const surroundings = { ...given, log: redactedLog(requestLog, redactor) }
  surroundings.telemetry?.hide(redactor)
  const database = await parts.database?.open({ ...surroundings, service: definition.name })
  await database?.register?.(background).catch(async (error: unknown) => {
    await database.close()
    throw error
  })
  const cursors = await createCursorCodec(database?.signingKeys ?? ownSigningKeys(), surroundings.clock)
  const problemBase = definition.problemBase ?? defaultProblemBase
  const { log, telemetry = noTelemetry } = surroundings
  const { problems: databaseProblems = [], mutationProblems = [] } = parts.database ?? {}
  const operations = new Map(compiled.map((operation) => [operation.name, operation]))
  const pipelines = new Map<string, Next>(
    compiled.map((operation) => [
      operation.name,
      createPipeline(operation, {
        clock: surroundings.clock,
        mode: surroundings.mode,
        problemBase,
        cursors,
        settings,
        identify: parts.identify,
        answerRefused: database?.answerRefusedFor?.(operation),
        data: database?.stageFor(operation, { problemBase }),
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
    problemBase,
    checks,
    health: definition.health ?? {},
    identify: parts.identify,
    isSensitive: (name) => redactor.isSensitive(name),
    securitySchemes: parts.securitySchemes,
    surroundings,
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
      // A transport ends the span that it began.
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

/** Hides what a service declares: by its name, or with a field's schema. */
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
