import type { Worker } from '../../kernel/background/background.ts'
import { systemClock } from '../../kernel/base/clock.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { ServiceHost } from '../../kernel/host/service-host.ts'
import type { RunningService, Service } from '../../kernel/service/service.ts'
import type { Operations } from '../../kernel/service/service-definition.ts'
import type { ServeOptions } from './serve-options.ts'
import type { ServeParts, ServiceTelemetry } from './serve-parts.ts'
import type { Configuration } from './settings/configuration.ts'

/** A started service, with its telemetry and worker. */
export interface StartedService<Defined extends Operations> {
  readonly running: RunningService<Defined>
  /** The worker; `undefined` if this process runs no jobs. */
  readonly worker: Worker | undefined
  /** The telemetry; `undefined` if nothing is recorded. */
  readonly telemetry: ServiceTelemetry | undefined
  /**
   * Stops the service, its telemetry and its worker together. Used only if the start fails later; a
   * started server stops each of them separately.
   */
  readonly close: () => Promise<void>
}

/** The configuration of a process, and the parts that it starts. */
export interface StartOptions {
  readonly parts: ServeParts
  readonly configuration: Configuration
}

/**
 * Starts the telemetry of a service, the service and its worker. If a part fails to start, the
 * parts already started are stopped.
 */
export async function startService<Defined extends Operations>(
  service: Service<Defined>,
  options: ServeOptions,
  { parts, configuration }: StartOptions,
): Promise<StartedService<Defined>> {
  const { env, mode, log, givenLog, notify, workerOptions, secretChanges } = configuration
  await using starting = new AsyncDisposableStack()
  const telemetry =
    options.telemetry === false
      ? undefined
      : await parts.watch(options.telemetry ?? {}, { service, env, mode, log, notify })
  starting.defer(() => telemetry?.stop(0))
  const running = await service.start({
    env,
    mode,
    clock: systemClock,
    // The service wraps this logger to redact the fields that it declares as sensitive.
    log: givenLog,
    notify,
    secretChanges,
    ...(telemetry ? { telemetry } : {}),
    ...(mode === 'production' ? {} : detections(parts, configuration)),
  })
  starting.defer(() => running.stop())
  const worker = workerOptions && (await running.startWorker(workerOptions))
  starting.defer(async () => void (await worker?.stop(0)))
  if (!parts.answersCalls && !worker) throw nothingToWorkOn(service)
  const started = starting.move()
  return { running, worker, telemetry, close: () => started.disposeAsync() }
}

/** Returns the checks that detect programming errors. They are too expensive for production. */
function detections(
  { callerLineOfProgram, watchExternalCalls }: ServeParts,
  { log }: Configuration,
): Pick<ServiceHost, 'statements' | 'externalCalls'> {
  return {
    ...(callerLineOfProgram ? { statements: { refuses: false, callerLineOf: callerLineOfProgram } } : {}),
    ...(watchExternalCalls ? { externalCalls: watchExternalCalls({ log }) } : {}),
  }
}

function nothingToWorkOn(service: Service): HoldfastError {
  return new HoldfastError(
    'no-background-work',
    `The service "${service.name}" (${service.definedAt}) has no jobs, consumers, schedules or relays, so a worker would have nothing to do. Add one of them to service({ … }), or start the service with serve().`,
  )
}
