import { ProblemError } from './problem.ts'

/** 4xx statuses that are transient: a retry may succeed. */
const transientStatuses = new Set([408, 425, 429])

/**
 * Returns true if an error is a final answer: a 4xx problem that is neither transient nor the
 * refusal of an access rule.
 */
export function isFinal(error: unknown): error is ProblemError {
  if (!(error instanceof ProblemError) || error.isRefusal) return false
  return error.status < 500 && !transientStatuses.has(error.status)
}
