import type { Next } from '../call/call.ts'
import type { CompiledOperation } from '../operation/compile.ts'
import { createCall } from '../call/create-call.ts'
import { createPrepare } from '../call/prepare.ts'
import { createPipeline, type PipelineParts } from '../call/pipeline.ts'
import type { OpenDatabase } from './database.ts'
import { HoldfastError } from '../base/holdfast-error.ts'
import type { RunningService } from './service.ts'
import type { ServiceHost } from '../host/service-host.ts'
import { settle } from '../base/thenable.ts'
import { noTelemetry } from '../telemetry/telemetry.ts'

/** Dependencies of {@link operationCalls}. */
export interface OperationCallsParts extends Omit<PipelineParts, 'answerRefused' | 'data' | 'database'> {
  /** The name of the service. */
  readonly service: string
  readonly host: ServiceHost
  /** The database whose stages run in the pipelines; `undefined` if the service has no database. */
  readonly database: OpenDatabase | undefined
}

/**
 * Composes the pipelines of a service's operations. Returns the function through which every call
 * passes.
 */
export function operationCalls(
  operations: ReadonlyMap<string, CompiledOperation>,
  { service, host, database, ...shared }: OperationCallsParts,
): RunningService['call'] {
  const { log, telemetry = noTelemetry } = host
  const { problemTypeBase, settings, clock, mode, frameworkProblems } = shared
  const pipelines = new Map<string, Next>()
  for (const [name, operation] of operations) {
    const answerRefused = database?.answerRefusedFor?.(operation)
    const prepare = createPrepare(operation, {
      settings,
      clock,
      mode,
      frameworkProblems,
      database: database?.preparationFor?.(operation),
    })
    const data = database?.stageFor(operation, { problemTypeBase, prepare })
    const admission = database?.admissionFor?.(operation)
    pipelines.set(name, createPipeline(operation, { ...shared, database: admission, answerRefused, data }))
  }

  return (request) => {
    const operation = operations.get(request.operation)
    const pipeline = pipelines.get(request.operation)
    if (!operation || !pipeline) {
      throw new HoldfastError(
        'operation-unknown',
        `The service "${service}" has no operation "${request.operation}".`,
      )
    }
    const { header } = request
    const span = request.span ?? telemetry.beginTrace('internal', header('traceparent'), header('tracestate'))
    const call = createCall(request, { operation, span, log })
    // The transport has started this span, and will end it.
    if (request.span) return telemetry.within(span, () => pipeline(call))
    span.describe(operation.name, { 'holdfast.operation': operation.name })
    return settle(
      () => telemetry.within(span, () => pipeline(call)),
      (answer) => {
        span.end()
        return answer
      },
      (error) => {
        span.end()
        throw error
      },
    )
  }
}
