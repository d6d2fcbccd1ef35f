import { randomUUID } from 'node:crypto'
import type { Attributes } from '../../kernel/telemetry/span.ts'
import { packageVersion } from './package-version.ts'
import type { TelemetryOptions } from '../../kernel/telemetry/telemetry-options.ts'
import { readVariables } from './variables.ts'

/** The name and version of a service. */
export interface ServiceIdentity {
  readonly name: string
  readonly version?: string | undefined
}

/**
 * Returns the resource that all records describe: the service in this process. Configured values
 * override detected values.
 */
export function describeResource(
  service: ServiceIdentity,
  { resource = {} }: TelemetryOptions,
  env: Readonly<Record<string, string | undefined>>,
): Attributes {
  const variables = readVariables(env)
  const name = variables.text('OTEL_SERVICE_NAME')
  return {
    'service.name': service.name,
    ...(service.version === undefined ? {} : { 'service.version': service.version }),
    'service.instance.id': randomUUID(),
    'process.pid': process.pid,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    ...variables.pairs('OTEL_RESOURCE_ATTRIBUTES'),
    ...(name === undefined ? {} : { 'service.name': name }),
    ...resource,
    'telemetry.sdk.name': 'holdfast',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': packageVersion(),
  }
}
