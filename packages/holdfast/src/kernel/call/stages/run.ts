import { type Answer, toAnswer } from '../../operation/answer.ts'
import type { Call, Stage } from '../call.ts'
import { CallContext, type CallContextParts } from '../call-context.ts'
import { abortable } from '../../base/cancellation.ts'
import type { CompiledOperation } from '../../operation/compile.ts'
import { type FailureOptions, handlerFailures, logLate } from '../handler-failure.ts'
import { isFinal } from '../../problem/is-final.ts'
import { ProblemWithWrites } from '../../problem/keep-writes.ts'
import type { ProblemError } from '../../problem/problem.ts'
import type { Redactor } from '../../base/redact.ts'
import { toTrailEntry } from '../../operation/trail/trail.ts'
import { isThenable } from '../../base/thenable.ts'

/** The parts of the last stage besides the operation. */
export interface RunOptions extends CallContextParts, FailureOptions {
  readonly problemTypeBase: string
  /** Hides sensitive values in trail entries. */
  readonly redactor: Redactor
}

/**
 * Returns the last stage: it calls the handler within the call's deadline and encodes the result.
 */
export function run(operation: CompiledOperation, options: RunOptions): Stage {
  const failureOf = handlerFailures(operation, options)
  const { trail } = operation

  function fail(error: unknown, call: Call): never {
    throw failureOf(error, call)
  }

  /** Answers with a problem instead of throwing it, so that the handler's writes are kept. */
  function refuse(problem: ProblemError, call: Call): Answer {
    const { span, requestId } = call
    const failure = failureOf(problem, call)
    if (failure !== problem || !isFinal(problem)) throw failure
    call.onFailure?.(problem)
    span.set('holdfast.problem.code', problem.code)
    return toAnswer(problem, { requestId, problemTypeBase: options.problemTypeBase })
  }

  function encode(output: unknown, call: Call): Answer | Promise<Answer> {
    if (output instanceof ProblemWithWrites) return refuse(ProblemWithWrites.problemOf(output), call)
    try {
      if (trail)
        call.trail = toTrailEntry(
          trail,
          { input: call.input, caller: call.caller, result: output },
          options.redactor,
        )
      const answer = operation.encode(output, call.log)
      if (!(answer instanceof Promise)) return withLinks(answer, call)
      return abortable(answer, call.deadline).then(
        (encoded) => withLinks(encoded, call),
        (error: unknown) => fail(error, call),
      )
    } catch (error) {
      return fail(error, call)
    }
  }

  return (call) => {
    let output: unknown
    try {
      output = operation.run(new CallContext(call, options) as never)
    } catch (error) {
      return fail(error, call)
    }
    if (!isThenable(output)) return encode(output, call)
    return abortable(Promise.resolve(output), call.deadline, (outcome) => logLate(outcome, call)).then(
      (value) => encode(value, call),
      (error: unknown) => fail(error, call),
    )
  }
}

function withLinks(answer: Answer, { links }: Call): Answer {
  return links ? { ...answer, links } : answer
}
