import { type Answer, jsonType } from './answer.ts'
import { HoldfastError } from './holdfast-error.ts'
import type { JsonSchema } from './json-schema.ts'
import type { Operation } from './operation.ts'
import { createProjection } from './projection.ts'
import { fillPath } from './route.ts'
import { pathOf, toPointer, validate } from './schema.ts'

/** Makes the answer of what a handler returned. */
export type Encode = (output: unknown) => Answer | Promise<Answer>

/** Options of {@link createEncode}. */
export interface EncodeOptions {
  /** Whether each output is validated first. In production it is only cut to its schema. */
  readonly validates: boolean
}

/** Builds the writer of an operation's answers: what its output schema does not declare never leaves. */
export function createEncode(operation: Operation, outputSchema: JsonSchema, options: EncodeOptions): Encode {
  if (!operation.hasOutput) return () => ({ status: operation.status, headers: {}, body: null })
  const project = createProjection(outputSchema)
  const { status, location } = operation

  function write(output: unknown): Answer {
    const projected = project(output)
    const body = JSON.stringify(projected) as string | undefined
    if (body === undefined)
      throw outputInvalid(operation, ['it returned nothing, and its output schema asks for a value'])
    const headers: Record<string, string> = { 'content-type': jsonType }
    if (location !== undefined) headers['location'] = fillPath(location, projected as Record<string, unknown>)
    return { status, headers, body }
  }

  if (!options.validates) return write
  return async (output) => {
    const result = await validate(operation.output, output)
    if (!result.issues) return write(output)
    throw outputInvalid(
      operation,
      result.issues.map((issue) => `${toPointer(pathOf(issue))}: ${issue.message}`),
    )
  }
}

function outputInvalid(operation: Operation, issues: readonly string[]): HoldfastError {
  return new HoldfastError(
    'output-invalid',
    `${operation.route.method} ${operation.route.path} (${operation.place}) returned what its output schema does not allow: ${issues.join('; ')}. Mend the handler or the schema.`,
  )
}
