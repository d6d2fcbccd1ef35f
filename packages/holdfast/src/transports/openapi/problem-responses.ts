import type { CompiledOperation } from '../../kernel/operation/compile.ts'
import { InsufficientScope } from '../../kernel/problem/problems.ts'
import type { JsonSchema } from '../../kernel/schema/json-schema.ts'
import type { ResponseObject } from './open-api-document.ts'
import type { DocumentedProblem } from './problem-schema.ts'
import { challengeHeader, everyAnswersHeaders, headerReference } from './shared-headers.ts'

const problemType = 'application/problem+json'

/** Returns the problem responses of an operation, by status. */
export function problemResponses(
  operation: CompiledOperation,
  problems: readonly DocumentedProblem[],
): Readonly<Record<string, ResponseObject>> {
  const byStatus = Map.groupBy(problems, ({ problem }) => problem.status)
  return Object.fromEntries(
    [...byStatus].map(([status, sharing]) => [String(status), problemResponse(operation, sharing)]),
  )
}

function problemResponse(
  operation: CompiledOperation,
  problems: readonly DocumentedProblem[],
): ResponseObject {
  const examples = problems
    .filter(({ example }) => example !== undefined)
    .map(({ problem, name }) => [problem.code, { $ref: `#/components/examples/${name}` }] as const)
  return {
    description: problems.map(({ problem }) => `${problem.title} (\`${problem.code}\`).`).join(' '),
    headers: { ...everyAnswersHeaders, ...problemHeaders(operation, problems) },
    content: {
      [problemType]: {
        schema: oneProblemOf(problems),
        ...(examples.length === 0 ? {} : { examples: Object.fromEntries(examples) }),
      },
    },
  }
}

function oneProblemOf(problems: readonly DocumentedProblem[]): JsonSchema {
  const [first, second] = problems
  if (first && !second) return first.schema
  return {
    oneOf: problems.map(({ schema }) => schema),
    discriminator: {
      propertyName: 'code',
      mapping: Object.fromEntries(problems.map(({ problem, schema }) => [problem.code, schema.$ref!])),
    },
  }
}

function problemHeaders(
  operation: CompiledOperation,
  problems: readonly DocumentedProblem[],
): ResponseObject['headers'] {
  const names = new Set(problems.flatMap(({ problem }) => Object.keys(problem.headers)))
  const declared = [...names].sort().map((name) => [toHeaderCase(name), describeHeader(name)] as const)
  // A problem that the handler throws is stored with the idempotency key, and may be replayed.
  const isKept =
    operation.kind === 'mutation' && problems.some(({ problem }) => operation.problems.includes(problem))
  const isChallenge = problems.some(({ problem }) => problem.status === 401 || problem === InsufficientScope)
  return {
    ...(isChallenge ? { 'WWW-Authenticate': challengeHeader } : {}),
    ...Object.fromEntries(declared),
    ...(isKept ? { 'Idempotency-Replayed': headerReference('IdempotencyReplayed') } : {}),
  }
}

function describeHeader(name: string): ResponseObject['headers'][string] {
  return name.toLowerCase() === 'retry-after' ? headerReference('RetryAfter') : { schema: { type: 'string' } }
}

function toHeaderCase(name: string): string {
  return name.replaceAll(/(?:^|-)[a-z]/g, (start) => start.toUpperCase())
}
