import type { Clock } from './clock.ts'
import type { ForeignCallWatch } from './foreign-calls.ts'
import type { Logger } from './log.ts'
import type { StatementWatch } from './statement-guard.ts'
import type { Telemetry } from './telemetry.ts'

/** How strict a service is with its own program: outputs are validated in all but production. */
export type Mode = 'development' | 'test' | 'production'

/** What a service runs in, as its runtime gives it. */
export interface Surroundings {
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly mode: Mode
  readonly clock: Clock
  readonly log: Logger
  /** What watches the service. Default: nothing does. */
  readonly telemetry?: Telemetry
  /** What notices foreign calls in transactions. Default: nothing does, as in production. */
  readonly foreignCalls?: ForeignCallWatch
  /** What notices statements that repeat or are too many. Default: they are noted in the trace, as in production. */
  readonly statements?: StatementWatch
  /** Tells the person who starts the service of something that takes a while or was worked around. */
  readonly notify: (message: string) => void
}

/** The mode that `NODE_ENV` names; development where it names none. */
export function readMode(env: Surroundings['env']): Mode {
  const named = env['NODE_ENV']
  return named === 'production' || named === 'test' ? named : 'development'
}
