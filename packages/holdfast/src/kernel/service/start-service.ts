import { throwReason } from '../host/start-failure.ts'
import type { CapabilityPage, CapabilityStart } from '../background/open-capability.ts'
import { hasBackground } from '../background/collect-background.ts'
import { admitCaller } from './admit-caller.ts'
import { type CorsPolicy, credentialedOrigins, readCors } from './cors.ts'
import { createCursorCodec } from '../pages/cursor.ts'
import { identifiersForService, schemesOf } from '../operation/identifier.ts'
import { kernelProblems } from '../problem/problems.ts'
import { operationCalls } from './operation-calls.ts'
import { redactHost, type RedactedHost } from './redact-host.ts'
import type { RunningService } from './service.ts'
import type { Operations, ServiceDefinition, ServiceParts } from './service-definition.ts'
import type { ServiceHost } from '../host/service-host.ts'
import { ephemeralSigningKeys } from '../pages/signing-keys.ts'
import { validateService, type ValidatedService } from './validate-service.ts'

const defaultProblemBase = '/problems/'

/** Returns the part of a problem's `type` before its code. */
export function problemTypeBaseOf({ problemTypeBase }: ServiceDefinition<Operations>): string {
  return problemTypeBase ?? defaultProblemBase
}

/**
 * Validates a service, opens its database and composes its pipelines.
 *
 * @throws HoldfastError `service-invalid`, and the errors of its settings and its database.
 */
export async function startService<Defined extends Operations>(
  definition: ServiceDefinition<Defined>,
  parts: ServiceParts,
  given: ServiceHost,
): Promise<RunningService<Defined>> {
  const valid = validateService(definition, parts, given.mode)
  const settings = (await parts.settings?.read(given)) ?? {}
  const cors = definition.cors && readCors(definition.cors, settings, given.mode)
  const redacted = redactHost(given, definition, valid.operations)
  return throwReason(redacted.host.log, () => open(definition, parts, { valid, settings, cors, redacted }))
}

/** The parts of a service, before anything is open. */
interface ReadService {
  readonly valid: ValidatedService
  readonly settings: unknown
  readonly cors: CorsPolicy | undefined
  readonly redacted: RedactedHost
}

async function open<Defined extends Operations>(
  definition: ServiceDefinition<Defined>,
  parts: ServiceParts,
  { valid, settings, cors, redacted }: ReadService,
): Promise<RunningService<Defined>> {
  const { host, redactor } = redacted
  const { env, mode, clock } = host
  const hasDatabase = parts.database !== undefined
  const identifiers = identifiersForService(parts.identifiers, { env, mode, hasDatabase, settings })
  await using opening = new AsyncDisposableStack()
  const pages = await openPlugins(definition, { mode, settings }, opening)
  const database = await parts.database?.open({ ...host, service: definition.name })
  opening.defer(() => database?.close())
  await database?.register?.(valid.background)
  const { problems = [], mutationProblems = [] } = parts.database ?? {}
  const trustedOrigins = credentialedOrigins(cors)
  const operations = new Map(valid.operations.map((operation) => [operation.name, operation]))
  const call = operationCalls(operations, {
    service: definition.name,
    host,
    database,
    clock,
    mode,
    problemTypeBase: problemTypeBaseOf(definition),
    cursors: await createCursorCodec(database?.signingKeys ?? ephemeralSigningKeys(), clock),
    settings,
    identifiers,
    trustedOrigins,
    redactor,
    frameworkProblems: [...kernelProblems, ...problems, ...mutationProblems],
  })
  const admission = {
    identifiers,
    settings,
    clock,
    log: host.log,
    database: database?.admissionFor?.(undefined),
  }
  const opened = opening.move()
  let stopped: Promise<void> | undefined
  return {
    ...describeService(definition, parts, { valid, redacted }),
    securitySchemes: identifiers.length === 0 ? parts.securitySchemes : schemesOf(identifiers),
    operations,
    pages,
    cors,
    trustedOrigins,
    checks: new Map(Object.entries({ ...definition.checks, ...database?.checks })),
    call,
    admits: (access, request) => admitCaller(access, request, admission),
    startWorker: async (options = {}) =>
      hasBackground(valid.background)
        ? throwReason(host.log, async () =>
            database?.startWorker?.({ ...valid.background, settings }, options),
          )
        : undefined,
    stop: () => (stopped ??= opened.disposeAsync()),
  }
}

/** Opens the plugins of a service, and returns their pages. `opening` closes them. */
async function openPlugins(
  { capabilities = [] }: ServiceDefinition<Operations>,
  start: CapabilityStart,
  opening: AsyncDisposableStack,
): Promise<readonly CapabilityPage[]> {
  const pages: CapabilityPage[] = []
  for (const capability of capabilities) {
    const plugin = await capability.open?.(start)
    opening.defer(() => plugin?.close?.())
    pages.push(...(plugin?.pages ?? []))
  }
  return pages
}

interface Started {
  readonly valid: ValidatedService
  readonly redacted: RedactedHost
}

/** Returns the parts of a running service that its definition determines. */
function describeService(
  definition: ServiceDefinition<Operations>,
  { database, identifiers }: ServiceParts,
  { valid, redacted }: Started,
) {
  const { host, requestLog, redactor } = redacted
  return {
    name: definition.name,
    version: definition.version ?? '0.0.0',
    description: definition.description,
    problems: valid.problems,
    databaseProblems: database?.problems ?? [],
    mutationProblems: database?.mutationProblems ?? [],
    problemTypeBase: problemTypeBaseOf(definition),
    health: definition.health ?? {},
    identifiers,
    isSensitive: (name: string) => redactor.isSensitive(name),
    host,
    requestLog,
  } satisfies Partial<RunningService>
}
