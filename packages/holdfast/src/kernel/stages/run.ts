import type { Answer } from '../answer.ts'
import type { Call, Stage } from '../call.ts'
import type { CompiledOperation } from '../compile.ts'
import type { MutationContext } from '../context.ts'
import type { CursorCodec } from '../cursor.ts'
import { untilAborted } from '../cancellation.ts'
import { HoldfastError } from '../holdfast-error.ts'
import { createLoad, type Load } from '../load.ts'
import { toLogFields } from '../log.ts'
import { type AnyProblemType, ProblemError } from '../problem.ts'
import { readPage } from '../read-page.ts'
import { isPaged, linksOf } from '../page-links.ts'
import type { PageRequest, PageSource } from '../page.ts'
import type { Mode } from '../surroundings.ts'
import { isThenable } from '../thenable.ts'

/** What the last stage needs beside the operation. */
export interface RunOptions {
  readonly cursors: CursorCodec
  /** What handlers get as `settings`. */
  readonly settings: unknown
  readonly mode: Mode
  /** The problems of the framework, which any operation may come to. */
  readonly frameworkProblems: readonly AnyProblemType[]
}

/** The last stage: calls the handler, no longer than the call's deadline allows, and encodes what it returns. */
export function run(operation: CompiledOperation, options: RunOptions): Stage {
  const expected = new Set([...options.frameworkProblems, ...operation.problems].map((type) => type.code))

  function fail(error: unknown, call: Call): never {
    if (error instanceof ProblemError && !expected.has(error.code))
      throw undeclared(error, call, options.mode)
    throw error
  }

  function encode(output: unknown, call: Call): Answer | Promise<Answer> {
    const answer = operation.encode(output)
    return answer instanceof Promise
      ? untilAborted(answer, call.deadline).then((encoded) => withLinks(encoded, call))
      : withLinks(answer, call)
  }

  return (call) => {
    try {
      const output: unknown = operation.run(createContext(call, options))
      const answer = isThenable(output)
        ? untilAborted(Promise.resolve(output), call.deadline, (outcome) => tellLate(outcome, call)).then(
            (value) => encode(value, call),
          )
        : encode(output, call)
      return answer instanceof Promise ? answer.catch((error: unknown) => fail(error, call)) : answer
    } catch (error) {
      return fail(error, call)
    }
  }
}

function withLinks(answer: Answer, { links }: Call): Answer {
  return links ? { ...answer, links } : answer
}

function tellLate(outcome: PromiseSettledResult<unknown>, call: Call): void {
  if (outcome.status === 'fulfilled' || outcome.reason === call.deadline.reason) return
  call.log.debug({ error: toLogFields(outcome.reason) }, 'the handler failed after its call had ended')
}

/** A client cannot be ready for a problem that the operation does not declare: a defect, but never a worse answer. */
function undeclared(error: ProblemError, call: Call, mode: Mode): Error {
  const { name, place } = call.operation
  const message = `${name} (${place}) threw the problem "${error.code}", which it does not declare. Add it to its problems.`
  if (mode !== 'production') return new HoldfastError('problem-undeclared', message, { cause: error })
  call.log.warn(message)
  return error
}

function createContext(
  call: Call,
  { cursors, settings }: RunOptions,
): MutationContext<never, never, never, never> {
  let load: Load | undefined
  return {
    input: call.input as never,
    db: call.db as never,
    statements: call.effects?.transaction ?? (call.statements as never),
    caller: call.caller as never,
    settings: settings as never,
    log: call.log,
    signal: call.deadline.signal,
    deadline: call.deadline,
    requestId: call.requestId,
    // A query has none, as its types say.
    jobs: call.effects?.jobs as never,
    publish: call.effects?.publish as never,
    transaction: call.effects?.transaction as never,
    get load(): Load {
      return (load ??= createLoad(this, { isReadOnly: call.operation.kind === 'query' }))
    },
    page: async (
      request: PageRequest,
      source: PageSource<unknown>,
      toItem: (row: unknown) => unknown = (row) => row,
    ): Promise<never> => {
      const { method, path } = call.operation.route
      const page = await readPage(request, source, {
        cursors,
        list: `${method} ${path}`,
        tenant: call.caller.tenant,
        input: call.input,
        toItem,
      })
      if (isPaged(call.operation)) call.links = linksOf(page, request)
      // Which style the page has is what its overloads say.
      return page as never
    },
  }
}
