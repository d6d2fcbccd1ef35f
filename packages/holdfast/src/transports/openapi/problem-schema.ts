import { type JsonSchema, resolveReference } from '../../kernel/schema/json-schema.ts'
import type { AnyProblem } from '../../kernel/problem/problem.ts'
import { toComponentName } from './component-name.ts'
import { exampleOf } from './example-of.ts'
import type { ExampleObject } from './open-api-document.ts'
import { componentsBase, type SchemaComponents } from './schema-components.ts'

/** A problem type in the document. */
export interface DocumentedProblem {
  readonly problem: AnyProblem
  /** The name of the component and of the example. */
  readonly name: string
  /** A reference to the component. */
  readonly schema: JsonSchema
  /**
   * An example occurrence; absent if the problem has required extension members without an example.
   */
  readonly example?: ExampleObject
}

const titlePurpose =
  'A human-readable summary of the problem type. The wording may change; compare `code` instead.'

/**
 * Adds a problem to the components, with the members of RFC 9457 and its extension members. `type`,
 * `status` and `code` are constants, which clients use to distinguish problems. `title` is not
 * constant: RFC 9457 section 3.1.4 allows its wording to change and to be localized. The problem's
 * title does not become the schema's title either, because some generators use the title of a
 * schema as a class name.
 */
export function shareProblem(
  problem: AnyProblem,
  problemTypeBase: string,
  components: SchemaComponents,
): DocumentedProblem {
  const { code, status, title, description, extraSchema } = problem
  const wanted = toComponentName(code)
  const extra = extraSchema ? components.embed(inline(extraSchema), `${wanted}Extra`) : {}
  const uri = problemTypeBase + code
  const schema: JsonSchema = {
    description: description ?? `${title}.`,
    type: 'object',
    properties: {
      type: { type: 'string', format: 'uri-reference', const: uri },
      title: { type: 'string', description: titlePurpose, examples: [title] },
      status: { type: 'integer', const: status },
      detail: { type: 'string', description: 'A human-readable explanation of this occurrence.' },
      ...extra.properties,
      code: { type: 'string', const: code },
      requestId: { type: 'string', description: 'Identifies the request in the log of the service.' },
    },
    required: ['type', 'title', 'status', ...(extra.required ?? []), 'code', 'requestId'],
  }
  const extraExample = exampleOfExtra(extraSchema)
  const constant = { type: uri, title, status }
  const value = { ...constant, ...extraExample, code, requestId: '0b5f2f0e-6d0f-4f3a-9c39-7f2a1c8e4d55' }
  const reference = components.add(schema, wanted, 'Problem')
  return {
    problem,
    name: reference.$ref!.slice(componentsBase.length),
    schema: reference,
    ...(extraExample ? { example: { summary: title, value } } : {}),
  }
}

function exampleOfExtra(schema: JsonSchema = {}): object | undefined {
  const example = exampleOf(schema)
  if (example) return example.value as object
  return (schema.required ?? []).length === 0 ? {} : undefined
}

/**
 * Returns a schema without a reference at its root. A named schema is a reference to a definition
 * that it contains.
 */
function inline(schema: JsonSchema): JsonSchema {
  const { $ref: _, ...rest } = schema
  return { ...rest, ...resolveReference(schema, schema) }
}
