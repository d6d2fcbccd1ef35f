import type { RunningService } from '../../kernel/service/service.ts'
import { runWithTimeout } from '../../kernel/base/wait.ts'
import { toLogFields } from '../../kernel/base/log.ts'
import { ProblemError } from '../../kernel/problem/problem.ts'
import type { HttpRequest } from '../http/request/http-request.ts'

// Identifying the caller of a probe must not take longer than the checks that the probe requests.
const timeoutMs = 1_000

/**
 * Returns true if a request may see the details of a service's health. Never rejects: if
 * identifying the caller fails, returns false.
 */
export async function maySeeDetail(
  { health, host, admits }: RunningService,
  { header, peer }: Pick<HttpRequest, 'header' | 'peer'>,
): Promise<boolean> {
  const { detail: access } = health
  if (!access) return host.mode !== 'production'
  const decide = (client: AbortSignal): Promise<boolean> =>
    admits(access, { header, peer, client, timeoutMs })
  try {
    return await runWithTimeout({ timeoutMs, clock: host.clock, timedOut }, decide)
  } catch (error) {
    // A problem means invalid credentials. Any other error is a defect of the program or of a third
    // party, so it is logged.
    if (!(error instanceof ProblemError)) {
      host.log.warn({ error: toLogFields(error) }, 'identifying the health check caller failed')
    }
    return false
  }
}

function timedOut(): DOMException {
  return new DOMException(`Identifying the caller timed out after ${timeoutMs} ms.`, 'TimeoutError')
}
