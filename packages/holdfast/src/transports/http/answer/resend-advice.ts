import type { AnyProblemType } from '../../../kernel/problem/problem.ts'

/** Advice on retrying a request that was answered with a problem. */
export interface ResendAdvice {
  /** Whether the same request may get another response next time. */
  readonly mayHelp: boolean
  /** The advice, in a sentence or two. */
  readonly text: string
}

const transientStatuses: readonly number[] = [408, 425, 429]

/**
 * Returns the advice for a problem. `isDeclared`: whether an operation declares the problem, so
 * that its handler may throw it.
 */
export function resendAdvice(problem: AnyProblemType, isDeclared: boolean): ResendAdvice {
  if (problem.status >= 500 || transientStatuses.includes(problem.status) || problem.headers['retry-after']) {
    return {
      mayHelp: true,
      text: 'Yes, it may pass. Send a mutation with the same `Idempotency-Key`: then it takes effect once, however often it is sent.',
    }
  }
  if (isDeclared) {
    return {
      mayHelp: false,
      text: 'It does no harm, but a mutation gets this very answer again under the same `Idempotency-Key`: it is final. Once the cause is gone, a new attempt needs a new key.',
    }
  }
  return {
    mayHelp: false,
    text: 'It does no harm, but the same request is refused in the same way. Mend what the detail says first; nothing was carried out.',
  }
}
