import type { AnyProblem } from '../../../kernel/problem/problem.ts'
import type { RunningService } from '../../../kernel/service/service.ts'
import { type RetryAdvice, retryAdvice } from './retry-advice.ts'

/** A member of a problem that RFC 9457 does not define. */
export interface ExtensionMember {
  readonly name: string
  /** The JSON type, or a description of it from the schema. */
  readonly type: string
  readonly description?: string
}

/** The documentation of a problem of a service. */
export interface ProblemDocument {
  readonly code: string
  readonly type: string
  readonly status: number
  readonly title: string
  readonly description?: string
  readonly members: readonly ExtensionMember[]
  readonly retry: RetryAdvice
}

/** Returns the documentation of every problem of a service, ordered by status and code. */
export function documentProblems(running: RunningService): readonly ProblemDocument[] {
  const declared = new Set([...running.operations.values()].flatMap((operation) => operation.problems))
  return [...running.problems.values()]
    .map((problem) => documentProblem(problem, running.problemTypeBase, declared.has(problem)))
    .sort((a, b) => a.status - b.status || (a.code < b.code ? -1 : 1))
}

function documentProblem(problem: AnyProblem, problemTypeBase: string, isDeclared: boolean): ProblemDocument {
  const { code, status, title, description, extraSchema } = problem
  const members = Object.entries(extraSchema?.properties ?? {}).map(([name, schema]): ExtensionMember => {
    const type = [schema.type ?? 'any JSON'].flat().join(' or ')
    return typeof schema['description'] === 'string'
      ? { name, type, description: schema['description'] }
      : { name, type }
  })
  return {
    code,
    type: problemTypeBase + code,
    status,
    title,
    ...(description === undefined ? {} : { description }),
    members,
    retry: retryAdvice(problem, isDeclared),
  }
}
