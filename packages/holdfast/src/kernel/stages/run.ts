import type { Call, Stage } from '../call.ts'
import type { CompiledOperation } from '../compile.ts'
import type { Context } from '../context.ts'
import type { CursorCodec } from '../cursor.ts'
import { untilAborted } from '../deadline.ts'
import { HoldfastError } from '../holdfast-error.ts'
import { toLogFields } from '../log.ts'
import { type AnyProblemType, ProblemError } from '../problem.ts'
import { readPage } from '../read-page.ts'
import type { Mode } from '../surroundings.ts'

/** What the last stage needs beside the operation. */
export interface RunOptions {
  readonly cursors: CursorCodec
  readonly mode: Mode
  /** The problems of the framework, which any operation may come to. */
  readonly frameworkProblems: readonly AnyProblemType[]
}

/** The last stage: calls the handler, no longer than the call's signal lasts, and encodes what it returns. */
export function run(operation: CompiledOperation, options: RunOptions): Stage {
  const expected = new Set([...options.frameworkProblems, ...operation.problems].map((type) => type.code))
  return async (call) => {
    try {
      // In an async function, so that a handler that throws at once and one that rejects are the same.
      const work = (async () => operation.run(createContext(call, options)))()
      const output = await untilAborted(work, call.signal, (outcome) => {
        if (outcome.status === 'rejected' && outcome.reason !== call.signal.reason) {
          call.log.debug(
            { error: toLogFields(outcome.reason) },
            'the handler failed after its call had ended',
          )
        }
      })
      const answer = operation.encode(output)
      return answer instanceof Promise ? await untilAborted(answer, call.signal) : answer
    } catch (error) {
      if (error instanceof ProblemError && !expected.has(error.code))
        throw undeclared(error, call, options.mode)
      throw error
    }
  }
}

/** A client cannot be ready for a problem that the operation does not declare: a defect, but never a worse answer. */
function undeclared(error: ProblemError, call: Call, mode: Mode): Error {
  const { name, place } = call.operation
  const message = `${name} (${place}) threw the problem "${error.code}", which it does not declare. Add it to its problems.`
  if (mode !== 'production') return new HoldfastError('problem-undeclared', message, { cause: error })
  call.log.warn(message)
  return error
}

function createContext(call: Call, { cursors }: RunOptions): Context<never, never, never> {
  return {
    input: call.input as never,
    db: call.db as never,
    caller: call.caller as never,
    log: call.log,
    signal: call.signal,
    deadline: call.deadline,
    requestId: call.requestId,
    page: (request, source) =>
      readPage(request, source, {
        cursors,
        list: `${call.operation.route.method} ${call.operation.route.path}`,
        input: call.input,
      }),
  }
}
