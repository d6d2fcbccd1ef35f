import type { AnyProblem } from '../../../kernel/problem/problem.ts'

/** Advice on retrying a request that was answered with a problem. */
export interface RetryAdvice {
  /** True if the same request may get a different response next time. */
  readonly mayHelp: boolean
  /** The advice, in a sentence or two. */
  readonly text: string
}

const transientStatuses: readonly number[] = [408, 425, 429]

/**
 * Returns the advice for a problem. `isDeclared` is true if an operation declares the problem, so
 * that its handler may throw it.
 */
export function retryAdvice(problem: AnyProblem, isDeclared: boolean): RetryAdvice {
  if (problem.status >= 500 || transientStatuses.includes(problem.status) || problem.headers['retry-after']) {
    return {
      mayHelp: true,
      text: 'Yes. Retry with the same `Idempotency-Key`; the mutation takes effect at most once.',
    }
  }
  if (isDeclared) {
    return {
      mayHelp: false,
      text: 'Retrying is safe, but a mutation with the same `Idempotency-Key` gets the same final answer. After fixing the cause, use a new key.',
    }
  }
  return {
    mayHelp: false,
    text: 'Retrying is safe, but will fail in the same way. First fix the error that `detail` describes; nothing was executed.',
  }
}
