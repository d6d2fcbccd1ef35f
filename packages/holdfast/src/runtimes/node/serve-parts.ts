import type { Health } from '../../transports/http/health.ts'
import type { Pages } from '../../transports/http/responder.ts'
import type { Logger } from '../../kernel/base/log.ts'
import type { ExternalCallWatch } from '../../kernel/host/external-calls.ts'
import type { Mode, ServiceHost } from '../../kernel/host/service-host.ts'
import type { Settings } from '../../kernel/host/settings.ts'
import type { Telemetry } from '../../kernel/telemetry/telemetry.ts'
import type { TelemetryOptions } from '../../kernel/telemetry/telemetry-options.ts'

/** Parts of `serve` other than the operations. */
export interface ServeParts {
  /** True if the process answers calls; false if it only runs jobs and answers health checks. */
  readonly answersCalls: boolean
  /** The documentation pages of a service. */
  readonly documentation: Pages
  /** Creates the health endpoints, given the `problemTypeBase` of the service. */
  readonly createHealth: (problemTypeBase: string) => Health
  /**
   * Further settings to read from the environment, in addition to those of the server and the
   * service.
   */
  readonly settings: readonly Settings<unknown>[]
  /** Starts to record the telemetry of a service. */
  readonly watch: (options: TelemetryOptions, watched: Watched) => Promise<ServiceTelemetry>
  /**
   * Creates the watch that detects third-party calls in transactions, outside production. Default:
   * no detection.
   */
  readonly watchExternalCalls?: (options: { readonly log: Logger }) => ExternalCallWatch
  /**
   * Returns the file and line of the program that run a statement. Default: repeated statements are
   * reported only in the trace.
   */
  readonly callerLineOfProgram?: () => string | undefined
}

/** The observed service, and the receivers of telemetry errors. */
export interface Watched extends Pick<ServiceHost, 'env' | 'log' | 'notify'> {
  readonly service: { readonly name: string; readonly version: string | undefined }
  readonly mode: Mode
}

/** The telemetry of a running service. */
export interface ServiceTelemetry extends Telemetry {
  /** Exports the records so far, for at most `limitMs`, and stops. Never throws. */
  stop(limitMs: number): Promise<void>
}
