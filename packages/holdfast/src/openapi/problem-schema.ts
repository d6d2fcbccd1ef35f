import { type JsonSchema, resolveReference } from '../kernel/json-schema.ts'
import type { AnyProblemType } from '../kernel/problem.ts'
import { toComponentName } from './component-name.ts'
import { exampleOf } from './example-of.ts'
import type { ExampleObject } from './open-api-document.ts'
import type { SchemaComponents } from './schema-components.ts'

/** A problem as a document has it. */
export interface DocumentedProblem {
  readonly problem: AnyProblemType
  /** What its component and its example are called. */
  readonly name: string
  /** Points to its component. */
  readonly schema: JsonSchema
  /** What an answer with it looks like; absent where it has required members of its own without an example. */
  readonly example?: ExampleObject
}

/** Makes a component of a problem: RFC 9457's members with the values that they always have, and its own. */
export function shareProblem(
  problem: AnyProblemType,
  problemBase: string,
  components: SchemaComponents,
): DocumentedProblem {
  const { code, status, title, description, extraSchema } = problem
  const name = `${toComponentName(code)}Problem`
  const extra = extraSchema ? components.embed(inline(extraSchema), `${name}Extra`) : {}
  const uri = problemBase + code
  const schema: JsonSchema = {
    title,
    ...(description === undefined ? {} : { description }),
    type: 'object',
    properties: {
      type: { type: 'string', format: 'uri-reference', const: uri },
      title: { type: 'string', const: title },
      status: { type: 'integer', const: status },
      detail: { type: 'string', description: 'What happened this time, for a person.' },
      ...extra.properties,
      code: { type: 'string', const: code },
      requestId: { type: 'string', description: 'Identifies the request in the log of the service.' },
    },
    required: ['type', 'title', 'status', ...(extra.required ?? []), 'code', 'requestId'],
  }
  const extraExample = exampleOfExtra(extraSchema)
  const constant = { type: uri, title, status }
  const value = { ...constant, ...extraExample, code, requestId: '0b5f2f0e-6d0f-4f3a-9c39-7f2a1c8e4d55' }
  return {
    problem,
    name,
    schema: components.add(schema, name),
    ...(extraExample ? { example: { summary: title, value } } : {}),
  }
}

function exampleOfExtra(schema: JsonSchema = {}): object | undefined {
  const example = exampleOf(schema)
  if (example) return example.value as object
  return (schema.required ?? []).length === 0 ? {} : undefined
}

/** A schema that is no reference itself: what has a name is one, to a definition that it brings along. */
function inline(schema: JsonSchema): JsonSchema {
  const { $ref: _, ...rest } = schema
  return { ...rest, ...resolveReference(schema, schema) }
}
