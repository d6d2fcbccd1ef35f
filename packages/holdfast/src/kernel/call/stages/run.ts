import type { Answer } from '../../operation/answer.ts'
import type { Call, Stage } from '../call.ts'
import { CallContext, type CallContextParts } from '../call-context.ts'
import { abortable } from '../../base/cancellation.ts'
import type { CompiledOperation } from '../../operation/compile.ts'
import { HoldfastError } from '../../base/holdfast-error.ts'
import { toLogFields } from '../../base/log.ts'
import { type AnyProblem, ProblemError } from '../../problem/problem.ts'
import type { Mode } from '../../host/service-host.ts'
import { isThenable } from '../../base/thenable.ts'

/** The parts of the last stage besides the operation. */
export interface RunOptions extends CallContextParts {
  readonly mode: Mode
  /** The problems of the framework, which any operation may throw. */
  readonly frameworkProblems: readonly AnyProblem[]
}

/**
 * Returns the last stage: it calls the handler within the call's deadline and encodes the result.
 */
export function run(operation: CompiledOperation, options: RunOptions): Stage {
  const expected = new Set([...options.frameworkProblems, ...operation.problems].map((type) => type.code))

  function fail(error: unknown, call: Call): never {
    if (error instanceof ProblemError && !expected.has(error.code))
      throw undeclared(error, call, options.mode)
    throw error
  }

  function encode(output: unknown, call: Call): Answer | Promise<Answer> {
    try {
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

function logLate(outcome: PromiseSettledResult<unknown>, call: Call): void {
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
