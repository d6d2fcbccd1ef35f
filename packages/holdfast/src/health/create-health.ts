import { parseRoute } from '../kernel/route.ts'
import type { Health } from '../http/health.ts'
import { readiness, toPass } from './readiness.ts'
import { startingHandler } from './starting-handler.ts'

/**
 * Makes what a process says of its health: `GET /health/live`, which depends on nothing but that the process answers, and
 * `GET /health/ready`, which runs the service's checks. An operation with one of these routes goes first.
 *
 * @param problemBase what stands before the code in a problem's `type`; that of the service.
 */
export function createHealth(problemBase: string): Health {
  let isDraining = false
  return {
    starting: startingHandler(problemBase),
    pages: (running) => [
      { route: parseRoute('GET /health/live'), target: () => toPass() },
      { route: parseRoute('GET /health/ready'), target: readiness(running, () => isDraining) },
    ],
    drain() {
      isDraining = true
    },
  }
}
