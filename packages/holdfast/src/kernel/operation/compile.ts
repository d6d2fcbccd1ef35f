import { findAccessIssues } from './access/access.ts'
import { unboundedParts } from './bounds.ts'
import { createDecode, type Decode, hasBody } from './decode.ts'
import { toMilliseconds } from '../base/duration.ts'
import { findResponseIssues } from './declared-response.ts'
import { createEncode, type Encode } from './encode.ts'
import { HoldfastError } from '../base/holdfast-error.ts'
import { type JsonSchema, typesOf } from '../schema/json-schema.ts'
import type { Operation } from './operation.ts'
import { type AnyProblem, reservedMembers } from '../problem/problem.ts'
import { checkRoute, parseRoute } from './route.ts'
import { toJsonSchema } from '../schema/schema.ts'

/** An operation with the parts that are computed once, when its service starts. */
export interface CompiledOperation extends Operation {
  /** The operation's name in the service. */
  readonly name: string
  readonly inputSchema: JsonSchema
  readonly outputSchema: JsonSchema
  readonly deadlineMs: number
  readonly decode: Decode
  readonly encode: Encode
}

/** Options of {@link compileOperation}. */
export interface CompileOptions {
  /** The operation's name in the service. */
  readonly name: string
  /** True if outputs are validated. */
  readonly validatesOutput: boolean
}

/** Compiles an operation; adds its issues to `issues`. */
export function compileOperation(
  operation: Operation,
  options: CompileOptions,
  issues: string[],
): CompiledOperation {
  const own: string[] = [
    ...checkRoute(operation.route),
    ...findAccessIssues(operation.access),
    ...checkIdempotency(operation),
    ...checkQuery(operation),
    ...checkGuards(operation),
    ...findResponseIssues(operation),
  ]
  const inputSchema = describe(() => toJsonSchema(operation.input, 'input'), 'input', own)
  const outputSchema = describe(() => toJsonSchema(operation.output, 'output'), 'output', own)
  const deadlineMs = describe(
    () => toMilliseconds(operation.deadline, { option: 'deadline' }),
    'deadline',
    own,
  )
  if (inputSchema) own.push(...checkInput(operation, inputSchema))
  if (outputSchema && operation.hasOutput) own.push(...checkOutput(operation, outputSchema))
  if (outputSchema) own.push(...checkLocation(operation, outputSchema))
  // The access rule may answer with its own problems, so they are problems of the operation too.
  const problems = [...operation.problems, ...(operation.access?.problems ?? [])]
  own.push(...checkProblems(problems))
  const { name } = options
  issues.push(...own.map((issue) => `${describeOperation({ ...operation, name })}: ${issue}`))
  const input = inputSchema ?? {}
  const output = outputSchema ?? {}
  return {
    ...operation,
    problems,
    name: options.name,
    inputSchema: input,
    outputSchema: output,
    deadlineMs: deadlineMs ?? 1,
    decode: createDecode(operation.route, operation.input, input),
    encode: createEncode(operation, output, { validates: options.validatesOutput }),
  }
}

/** Returns an operation as text for messages: its name, route, and where it is defined. */
export function describeOperation({
  name,
  route,
  definedAt,
}: Pick<CompiledOperation, 'name' | 'route' | 'definedAt'>): string {
  return `${name} (${route.method} ${route.path}, ${definedAt})`
}

function describe<T>(make: () => T, part: string, issues: string[]): T | undefined {
  try {
    return make()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const hint =
      error instanceof HoldfastError
        ? ''
        : '. Use a schema that can be expressed as JSON Schema, such as z.iso.datetime() for a time'
    issues.push(`its ${part} schema is not supported: ${message}${hint}`)
    return undefined
  }
}

function checkIdempotency(operation: Operation): readonly string[] {
  if (operation.idempotency === 'required') return []
  if (typeof operation.idempotency === 'object' && operation.idempotency.optional.trim() !== '') return []
  return [
    "`idempotency.optional` needs a reason, e.g. idempotency: { optional: 'why a repeated call is harmless' }",
  ]
}

/**
 * The types exclude queries with options of mutations, but plain JavaScript can define such
 * queries.
 */
function checkQuery({ kind, prepare, isSealed, trail }: Operation): readonly string[] {
  if (kind === 'mutation') return []
  return [
    ...(prepare ? ['a query has no `prepare`; do the work in `run`'] : []),
    ...(isSealed ? ['a query cannot be `sealed`, because its answer is not stored'] : []),
    ...(trail ? ['a query has no `trail`; make the operation a mutation'] : []),
  ]
}

function checkGuards({ budget, maxRows, repeats }: Operation): readonly string[] {
  const issues = Object.entries({ budget, maxRows })
    .filter(([, most]) => !Number.isInteger(most) || most < 1)
    .map(([name, most]) => `its ${name} ${most} must be a positive integer`)
  if (repeats !== undefined && !(typeof repeats.allow === 'string' && repeats.allow.trim() !== '')) {
    issues.push("`repeats.allow` needs a reason, e.g. repeats: { allow: 'why the loop is intended' }")
  }
  return issues
}

function checkInput(operation: Operation, schema: JsonSchema): readonly string[] {
  if (schema.type !== 'object') return ['its input is not an object schema; wrap it in z.object({ … })']
  const names = Object.keys(schema.properties ?? {})
  const missing = operation.route.parameters.filter((parameter) => !names.includes(parameter))
  const issues = missing.map(
    (parameter) => `its path has the parameter {${parameter}}, which its input does not declare`,
  )
  const rest = names.filter((name) => !operation.route.parameters.includes(name))
  if (hasBody(operation.route.method)) return issues
  const nested = rest.filter((name) => schema.properties?.[name]?.type === 'object')
  return [
    ...issues,
    ...nested.map((name) => `its input "${name}" is an object, which cannot be sent in a query string`),
  ]
}

function checkOutput(operation: Operation, schema: JsonSchema): readonly string[] {
  const issues = unboundedParts(schema).map(
    (part) => `its output is unbounded at ${part}; add a max (.max(100)) or return pages.output(…)`,
  )
  return issues
}

const pathTypes = new Set(['string', 'integer', 'number'])

function checkLocation({ location, hasOutput }: Operation, schema: JsonSchema): readonly string[] {
  if (location === undefined) return []
  if (!hasOutput)
    return [`its location ${location} is filled from the output, but the operation has no output`]
  const route = parseRoute(`GET ${location as `/${string}`}`)
  const unfit = route.parameters.filter((parameter) => {
    const types = typesOf(schema.properties?.[parameter] ?? {})
    return (
      !schema.required?.includes(parameter) ||
      types.length === 0 ||
      !types.every((type) => pathTypes.has(type))
    )
  })
  return [
    ...checkRoute(route).map((issue) => `its location ${location}: ${issue}`),
    ...unfit.map(
      (parameter) =>
        `its location ${location} has the parameter {${parameter}}, but the output has no required string or number property of that name`,
    ),
  ]
}

function checkProblems(problems: readonly AnyProblem[]): readonly string[] {
  return problems.flatMap((type) => {
    const issues: string[] = []
    if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(type.code)) {
      issues.push(`the code of its problem "${type.code}" must be kebab-case`)
    }
    if (!Number.isInteger(type.status) || type.status < 400 || type.status > 599) {
      issues.push(
        `its problem "${type.code}" has the status ${type.status}; it must be an integer from 400 to 599`,
      )
    }
    const taken = Object.keys(type.extraSchema?.properties ?? {}).filter((name) =>
      reservedMembers.includes(name),
    )
    for (const name of taken)
      issues.push(`its problem "${type.code}" redefines "${name}", a member of RFC 9457; rename it`)
    return issues
  })
}
