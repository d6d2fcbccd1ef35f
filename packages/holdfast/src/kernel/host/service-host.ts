import type { Clock } from '../base/clock.ts'
import type { ExternalCallWatch } from './external-calls.ts'
import type { Logger } from '../base/log.ts'
import type { SecretChanges } from './secret-changes.ts'
import type { StatementWatch } from './statement-guard.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

/**
 * The kind of environment, which determines how strict a service is: outputs are validated in all
 * modes except production.
 */
export type Mode = 'development' | 'test' | 'production'

/** The environment that the runtime provides to a service. */
export interface ServiceHost {
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly mode: Mode
  readonly clock: Clock
  readonly log: Logger
  /** The telemetry of the service. Default: none. */
  readonly telemetry?: Telemetry
  /**
   * Detects calls to third parties inside transactions. Default: no detection, as in production.
   */
  readonly externalCalls?: ExternalCallWatch
  /**
   * Detects repeated statements and too many statements. Default: they are only recorded in the
   * trace, as in production.
   */
  readonly statements?: StatementWatch
  /** The secrets that may change while the service runs. Default: none changes. */
  readonly secretChanges?: SecretChanges
  /**
   * Prints a message for the user who starts the service, such as a note about a slow step or a
   * workaround.
   */
  readonly notify: (message: string) => void
}

/**
 * Returns the mode that `NODE_ENV` names. Default: development.
 *
 * @example
 * ```ts
 * const isProduction = readMode(process.env) === 'production'
 * ```
 */
export function readMode(env: ServiceHost['env']): Mode {
  const named = env['NODE_ENV']
  return named === 'production' || named === 'test' ? named : 'development'
}
