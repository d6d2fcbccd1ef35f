import { type Answer, jsonType } from '../../kernel/operation/answer.ts'
import type { CheckReport } from '../../kernel/problem/check-report.ts'
import { NotReady } from '../../kernel/problem/problems.ts'
import type { RunningService } from '../../kernel/service/service.ts'
import type { Responder } from '../http/responder.ts'
import { createCheckRunner } from './check-runner.ts'
import { maySeeDetail } from './detail.ts'

/**
 * Returns the responder that reports whether a service is ready. While `isDraining` returns true,
 * the service is not ready, regardless of its checks.
 */
export function readiness(running: RunningService, isDraining: () => boolean): Responder {
  const { checks, host } = running
  const runners = [...checks].map(([name, check]) => [name, createCheckRunner(name, check, host)] as const)

  async function runChecks(): Promise<readonly (readonly [string, CheckReport])[]> {
    return Promise.all(runners.map(async ([name, run]) => [name, await run()] as const))
  }

  return async (request) => {
    if (isDraining()) throw stopping()
    const [reports, isDetailed] = await Promise.all([runChecks(), maySeeDetail(running, request)])
    // The service may have begun to stop while the checks ran.
    if (isDraining()) throw stopping()
    const isReady = reports.every(([, { status, required }]) => status === 'pass' || !required)
    const detail = isDetailed ? { checks: Object.fromEntries(reports) } : {}
    if (isReady) return toPass(detail)
    throw NotReady({ detail: 'A required check failed.', ...detail })
  }
}

/** Returns the response to a successful probe. The response must not be cached. */
export function toPass(detail: object = {}): Answer {
  return {
    status: 200,
    headers: { 'content-type': jsonType, 'cache-control': 'no-store' },
    body: JSON.stringify({ status: 'pass', ...detail }),
  }
}

function stopping(): ReturnType<typeof NotReady> {
  return NotReady({ detail: 'The service is stopping.' })
}
