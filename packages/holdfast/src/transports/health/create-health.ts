import { parseRoute } from '../../kernel/operation/route.ts'
import type { Health } from '../http/health.ts'
import { readiness, toPass } from './readiness.ts'
import { startingHandler } from './starting-handler.ts'

/**
 * Creates the health endpoints: `GET /health/live` succeeds if the process responds, and
 * `GET /health/ready` runs the service's checks. An operation with one of these routes takes
 * precedence.
 *
 * @param problemTypeBase the service's `problemTypeBase`: the part of a problem's `type` before its
 * code.
 *
 * @example
 * ```ts
 * const health = createHealth(shop.problemTypeBase)
 * await using tested = await createTestService(shop, { http: { pages: health.pages } })
 *
 * const response = await tested.fetch('/health/ready')
 * ```
 */
export function createHealth(problemTypeBase: string): Health {
  let isDraining = false
  return {
    starting: startingHandler(problemTypeBase),
    pages: (running) => [
      { route: parseRoute('GET /health/live'), target: () => toPass() },
      { route: parseRoute('GET /health/ready'), target: readiness(running, () => isDraining) },
    ],
    drain() {
      isDraining = true
    },
  }
}
