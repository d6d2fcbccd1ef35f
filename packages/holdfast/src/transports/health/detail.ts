import type { RunningService } from '../../kernel/service/service.ts'
import { anonymous } from '../../kernel/operation/caller.ts'
import { abortable } from '../../kernel/base/cancellation.ts'
import { toLogFields } from '../../kernel/base/log.ts'
import { ProblemError } from '../../kernel/problem/problem.ts'
import type { HttpRequest } from '../http/request/http-request.ts'

// Identifying a probe must not take longer than the checks that it requests.
const timeoutMs = 1_000

/**
 * Returns true if a request may see the details of a service's health. Never rejects: an
 * unidentified caller may not see them.
 */
export async function maySeeDetail(
  { health, identify, host }: RunningService,
  { header }: Pick<HttpRequest, 'header'>,
): Promise<boolean> {
  const { detail: access } = health
  if (!access) return host.mode !== 'production'
  const timeout = new AbortController()
  const timer = host.clock.after(timeoutMs, () => timeout.abort())
  const { signal } = timeout
  const decide = async (): Promise<boolean> => {
    const caller = (await identify?.({ header, signal })) ?? anonymous
    return !((await access.authorize({ caller, header, signal })) instanceof ProblemError)
  }
  try {
    return await abortable(decide(), signal)
  } catch (error) {
    // A problem means invalid credentials; any other error is a defect, here or in a third party.
    if (!(error instanceof ProblemError)) {
      host.log.warn({ error: toLogFields(error) }, 'identifying the health check caller failed')
    }
    return false
  } finally {
    timer.cancel()
  }
}
