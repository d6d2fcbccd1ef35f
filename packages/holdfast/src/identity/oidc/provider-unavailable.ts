import type { ProblemError } from '../../kernel/problem/problem.ts'
import { Unavailable } from '../../kernel/problem/problems.ts'

/** Returns the problem for a provider that cannot be reached, or that fails. */
export function providerUnavailable(provider: string): ProblemError {
  return Unavailable({ detail: `The provider ${provider} cannot be reached at the moment.` })
}
