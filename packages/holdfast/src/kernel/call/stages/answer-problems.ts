import { type Answer, toAnswer } from '../../operation/answer.ts'
import type { Call, Stage } from '../call.ts'
import { clientDisconnected } from '../../operation/deadline.ts'
import { toLogFields } from '../../base/log.ts'
import { ProblemError } from '../../problem/problem.ts'
import { InternalError, Unavailable } from '../../problem/problems.ts'
import type { Mode } from '../../host/service-host.ts'

/** Options of {@link answerProblems}. */
export interface AnswerProblemsOptions {
  readonly problemTypeBase: string
  /** In development, `internal-error` includes the error message and its location. */
  readonly mode: Mode
}

/**
 * Returns the stage that turns every failure into an answer. A problem is the answer itself; any
 * other error is logged and answered with `internal-error`.
 */
export function answerProblems({ problemTypeBase, mode }: AnswerProblemsOptions): Stage {
  function fail(error: unknown, call: Call): Answer {
    call.onFailure?.(error)
    const problem = toProblem(error, call, mode)
    call.span.set('holdfast.problem.code', problem.code)
    if (problem.status >= 500) call.span.fail(problem.code, problem.detail)
    return toAnswer(problem, { requestId: call.requestId, problemTypeBase })
  }

  return (call, next) => {
    try {
      const answer = next(call)
      return answer instanceof Promise ? answer.catch((error: unknown) => fail(error, call)) : answer
    } catch (error) {
      return fail(error, call)
    }
  }
}

function toProblem(error: unknown, call: Call, mode: Mode): ProblemError {
  if (error instanceof ProblemError) {
    const cause = error.cause === undefined ? {} : { cause: toLogFields(error.cause) }
    if (error.status >= 500) call.log.warn({ code: error.code, ...cause }, `answered ${error.code}`)
    return error
  }
  if (error === clientDisconnected) {
    call.log.info('client disconnected')
    return Unavailable({
      detail: 'The client disconnected before the response was sent.',
    })
  }
  const fields = toLogFields(error)
  call.log.error({ definedAt: call.operation.definedAt, error: fields }, 'call failed')
  if (mode !== 'development') return InternalError()
  const message =
    typeof fields['message'] === 'string' ? fields['message'] : 'a value that is not an Error was thrown'
  const where = typeof fields['calledAt'] === 'string' ? fields['calledAt'] : call.operation.definedAt
  return InternalError({ detail: `${message} (${where})` })
}
