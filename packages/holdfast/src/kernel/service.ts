import type { Answer } from './answer.ts'
import type { Background, Worker, WorkerOptions } from './background.ts'
import { type BackgroundDefinition, backgroundOf, hasBackground } from './background-of.ts'
import type { CallRequest, Next } from './call.ts'
import {
  type Check,
  type Checks,
  databaseCheckName,
  replicasCheckName,
  findCheckIssues,
  type HealthDefinition,
} from './check.ts'
import { type CompiledOperation, compileOperation, describeOperation } from './compile.ts'
import { createCall } from './create-call.ts'
import { createCursorCodec } from './cursor.ts'
import type { Database } from './database.ts'
import { HoldfastError } from './holdfast-error.ts'
import type { Operation } from './operation.ts'
import { guardedLog } from './guarded-log.ts'
import type { Logger } from './log.ts'
import { createPipeline } from './pipeline.ts'
import { type AnyProblemType } from './problem.ts'
import { kernelProblems } from './problems.ts'
import { createRedactor, type Redactor } from './redact.ts'
import { redactedLog } from './redacted-log.ts'
import type { Settings } from './settings.ts'
import { shapeOf } from './route.ts'
import { sensitiveFieldsOf } from './sensitive-fields.ts'
import type { Identify } from './stages/identify.ts'
import { ownSigningKeys } from './signing-keys.ts'
import type { Surroundings } from './surroundings.ts'
import { noTelemetry } from './telemetry.ts'

/** Operations by their names in the service. */
export type Operations = Readonly<Record<string, Operation>>

/** What a service is defined with. */
export interface ServiceDefinition<O extends Operations> extends BackgroundDefinition {
  /** In logs and documentation. */
  readonly name: string
  /** The version of its API, for the documentation. Default `'0.0.0'`. */
  readonly version?: string
  /** What it is for, in Markdown, for the documentation. */
  readonly description?: string
  /** Every operation under its name: `{ ...accounts, ...transfers }`, the exports of the modules that define them. */
  readonly operations: O
  /** What it needs beside its database, which is checked by itself: `{ 'payments-api': { run: … } }`. */
  readonly checks?: Checks
  /** What it says of its health, and to whom. */
  readonly health?: HealthDefinition
  /**
   * Names of fields whose values are never shown in logs and traces, at any depth, without regard to case and separators; beside
   * those that everybody wants hidden (`password`, `token`, …) and those whose schema has `redact: true` in its metadata.
   */
  readonly redact?: readonly string[]
  /**
   * Where the problems are documented: what stands before the code in a problem's `type`, ending in a slash.
   * Default `/problems/`, where the service documents them itself.
   */
  readonly problemBase?: string
}

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

/** What the service shares with all others of its application. */
export interface ServiceParts {
  /** Where the service is defined. */
  readonly place: string
  readonly database: Database<unknown, unknown> | undefined
  readonly identify: Identify | undefined
  readonly settings: Settings<unknown> | undefined
}

const defaultProblemBase = '/problems/'

/** Makes a service of its definition, which is judged when it starts. */
export function createService<O extends Operations>(
  definition: ServiceDefinition<O>,
  parts: ServiceParts,
): Service<O> {
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
  const issues: string[] = []
  const named = Object.entries(definition.operations)
  issues.push(...named.filter(([, value]) => !isOperation(value)).map(([name]) => notAnOperation(name)))
  const compiled = named
    .filter(([, value]) => isOperation(value))
    .map(([name, operation]) =>
      compileOperation(operation, { name, validatesOutput: given.mode !== 'production' }, issues),
    )
  const background = backgroundOf(definition, issues)
  issues.push(...checkRoutes(compiled), ...checkParts(definition, { compiled, background, parts }))
  const { problems: databaseProblems = [], mutationProblems = [] } = parts.database ?? {}
  const frameworkProblems = [...kernelProblems, ...databaseProblems, ...mutationProblems]
  const problems = collectProblems(compiled, frameworkProblems, issues)
  if (issues.length > 0) {
    const count = issues.length === 1 ? 'one thing is wrong' : `${issues.length} things are wrong`
    throw new HoldfastError(
      'service-invalid',
      `The service "${definition.name}" (${parts.place}) does not start; ${count} with it:\n${issues.map((issue) => `  - ${issue}`).join('\n')}`,
    )
  }

  const settings = (await parts.settings?.read(given)) ?? {}
  const redactor = redactorOf(definition, compiled)
  const requestLog = guardedLog(given.log, given.notify)
  const surroundings = { ...given, log: redactedLog(requestLog, redactor) }
  surroundings.telemetry?.hide(redactor)
  const database = await parts.database?.open(surroundings)
  const cursors = await createCursorCodec(database?.signingKeys ?? ownSigningKeys(), surroundings.clock)
  const problemBase = definition.problemBase ?? defaultProblemBase
  const { log, telemetry = noTelemetry } = surroundings
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
        data: database?.stageFor(operation, { problemBase }),
        frameworkProblems,
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
      const span = request.span ?? telemetry.beginTrace('internal', request.header('traceparent'))
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

/** The types ask for nothing else; what was cast, or written in plain JavaScript, gets here all the same. */
function isOperation(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && 'route' in value
}

function notAnOperation(name: string): string {
  return `"${name}" is not an operation; a module that is spread into \`operations\` exports operations only`
}

function checkRoutes(operations: readonly CompiledOperation[]): readonly string[] {
  const byShape = Map.groupBy(operations, (operation) => shapeOf(operation.route))
  return [...byShape]
    .filter(([, sharing]) => sharing.length > 1)
    .map(([shape, sharing]) => {
      const who = sharing.map(describeOperation).join(' and ')
      return `${shape}: ${who} have the same route; a request could mean either`
    })
}

interface CheckedParts {
  readonly compiled: readonly CompiledOperation[]
  readonly background: Background
  readonly parts: ServiceParts
}

function checkParts(
  definition: ServiceDefinition<Operations>,
  { compiled, background, parts }: CheckedParts,
): readonly string[] {
  const issues: string[] = []
  const mutation = compiled.find((operation) => operation.kind === 'mutation')
  if (mutation && !parts.database) {
    issues.push(
      `${describeOperation(mutation)}: a mutation needs a database; give holdfast({ database }) one`,
    )
  }
  if (!parts.database && hasBackground(background)) {
    issues.push(
      'it has jobs, consumers, schedules or relays, which need a database; give holdfast({ database }) one',
    )
  }
  issues.push(...findCheckIssues(definition.checks ?? {}, parts.database !== undefined))
  if (definition.problemBase !== undefined && !definition.problemBase.endsWith('/')) {
    issues.push(`its problemBase ${definition.problemBase} does not end in a slash`)
  }
  return issues
}

function collectProblems(
  operations: readonly CompiledOperation[],
  frameworkProblems: readonly AnyProblemType[],
  issues: string[],
): Map<string, AnyProblemType> {
  const problems = new Map<string, AnyProblemType>(frameworkProblems.map((type) => [type.code, type]))
  for (const operation of operations) {
    for (const type of operation.problems) {
      const known = problems.get(type.code)
      if (known && known !== type) {
        issues.push(
          `${describeOperation(operation)}: its problem "${type.code}" is another one than that of the same code elsewhere`,
        )
      }
      problems.set(type.code, type)
    }
  }
  return problems
}
