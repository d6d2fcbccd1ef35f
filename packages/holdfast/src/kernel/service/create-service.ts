import { type ModuleExports, operationsOf, type OperationsOf } from './module-exports.ts'
import type { Settings } from '../host/settings.ts'
import type { Service } from './service.ts'
import type { ServiceDefinition, ServiceParts } from './service-definition.ts'
import { problemTypeBaseOf, startService } from './start-service.ts'

/** Creates a service from its definition, which is validated when the service starts. */
export function createService<Exports extends ModuleExports>(
  given: ServiceDefinition<Exports>,
  parts: ServiceParts,
): Service<OperationsOf<Exports>> {
  const definition = { ...given, operations: operationsOf(given.operations) }
  return {
    name: definition.name,
    version: definition.version,
    operations: definition.operations,
    definedAt: parts.definedAt,
    problemTypeBase: problemTypeBaseOf(definition),
    settings: [
      ...databaseSettings(parts, definition.operations),
      ...(parts.settings ? [parts.settings] : []),
    ],
    migrations: parts.database?.migrations,
    start: (host) => startService(definition, parts, host),
  }
}

function databaseSettings(
  { database }: ServiceParts,
  operations: Readonly<Record<string, { readonly isSealed: boolean } | null>>,
): readonly Settings<unknown>[] {
  // A value that is not an operation is refused later, when the service starts.
  const sealed = Object.keys(operations).find((name) => operations[name]?.isSealed === true)
  const further = sealed === undefined ? undefined : database?.settingsOfSealed?.(sealed)
  return [...(database?.settings ?? []), ...(further ?? [])]
}
