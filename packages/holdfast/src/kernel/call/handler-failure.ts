import type { CompiledOperation } from '../operation/compile.ts'
import { HoldfastError } from '../base/holdfast-error.ts'
import { toLogFields } from '../base/log.ts'
import { type AnyProblem, ProblemError } from '../problem/problem.ts'
import type { Mode } from '../host/service-host.ts'
import type { Call } from './call.ts'

/** The service's options for the failures of handlers. */
export interface FailureOptions {
  readonly mode: Mode
  /** The problems of the framework, which any operation may throw. */
  readonly frameworkProblems: readonly AnyProblem[]
}

/**
 * Returns a function that converts an error thrown by the operation's code to the failure of the
 * call: the error itself, or the defect of an undeclared problem.
 */
export function handlerFailures(
  operation: CompiledOperation,
  { frameworkProblems, mode }: FailureOptions,
): (error: unknown, call: Call) => unknown {
  const expected = new Set([...frameworkProblems, ...operation.problems].map((type) => type.code))
  return (error, call) =>
    error instanceof ProblemError && !expected.has(error.code) ? undeclared(error, call, mode) : error
}

/** Logs a handler's failure after the call has been answered. */
export function logLate(outcome: PromiseSettledResult<unknown>, call: Call): void {
  if (outcome.status === 'fulfilled' || outcome.reason === call.deadline.reason) return
  call.log.debug({ error: toLogFields(outcome.reason) }, 'handler failed after its call had ended')
}

/**
 * An undeclared problem is a defect, because clients are not prepared for it. Outside production it
 * becomes an internal error. In production the client still receives the problem, and a warning is
 * logged.
 */
function undeclared(error: ProblemError, call: Call, mode: Mode): Error {
  const { name, definedAt } = call.operation
  const message = `${name} (${definedAt}) threw the problem "${error.code}", which it does not declare. Add it to \`problems\` of the operation.`
  if (mode !== 'production') return new HoldfastError('problem-undeclared', message, { cause: error })
  call.log.warn(message)
  return error
}
