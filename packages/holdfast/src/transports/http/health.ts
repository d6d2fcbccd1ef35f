import type { Handler } from './handler.ts'
import type { Pages } from './responder.ts'

/**
 * The health endpoints of a process. They answer before the service has started and until it has
 * stopped.
 */
export interface Health {
  /** Answers requests until the service has started. */
  readonly starting: Pick<Handler, 'answer' | 'refuse'>
  /** The health pages of the started service. */
  readonly pages: Pages
  /** Marks the service as not ready, because it is stopping. */
  drain(): void
}
