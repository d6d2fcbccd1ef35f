import type { CompiledOperation } from '../operation/compile.ts'
import { guardedLog } from '../host/guarded-log.ts'
import type { Logger } from '../base/log.ts'
import { createRedactor, type Redactor } from '../base/redact.ts'
import { redactedLog } from '../base/redacted-log.ts'
import { sensitiveFieldsOf } from '../schema/sensitive-fields.ts'
import type { Operations, ServiceDefinition } from './service-definition.ts'
import type { ServiceHost } from '../host/service-host.ts'

/** A host whose log and traces hide a service's sensitive values. */
export interface RedactedHost {
  readonly host: ServiceHost
  /** The logger without redaction, for lines that contain only framework data. */
  readonly requestLog: Logger
  readonly redactor: Redactor
}

/**
 * Returns a host that hides the fields declared as sensitive by a service, by name or in schemas.
 */
export function redactHost(
  given: ServiceHost,
  { redact = [] }: ServiceDefinition<Operations>,
  operations: readonly CompiledOperation[],
): RedactedHost {
  const marked = operations.flatMap(({ inputSchema, outputSchema }) => [
    ...sensitiveFieldsOf(inputSchema),
    ...sensitiveFieldsOf(outputSchema),
  ])
  const redactor = createRedactor([...redact, ...marked])
  const requestLog = guardedLog(given.log, given.notify)
  given.telemetry?.hide(redactor)
  return { host: { ...given, log: redactedLog(requestLog, redactor) }, requestLog, redactor }
}
