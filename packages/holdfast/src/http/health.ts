import type { Handler } from './handler.ts'
import type { Pages } from './responder.ts'

/** What a process says of its health, from before its service starts until it has stopped. */
export interface Health {
  /** Answers requests until the service has started. */
  readonly starting: Pick<Handler, 'answer' | 'refuse'>
  /** The pages of the service that has started. */
  readonly pages: Pages
  /** From now on the service is not ready, since it stops. */
  drain(): void
}
