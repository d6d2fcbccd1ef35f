import { type Answer, jsonType } from './answer.ts'
import { toRedirect, withResponseParts } from './declared-response.ts'
import { HoldfastError } from '../base/holdfast-error.ts'
import type { JsonSchema } from '../schema/json-schema.ts'
import { type LogFields, type Logger, toLogFields } from '../base/log.ts'
import type { Operation } from './operation.ts'
import { isDescribed, mayKeepUndeclared } from '../schema/parsing.ts'
import { createProjection, type Projection } from '../schema/projection.ts'
import { Redirect } from './redirects.ts'
import { HandlerResponse } from './respond.ts'
import { fillPath } from './route.ts'
import { listIssues, type ParseResult, validate } from '../schema/schema.ts'

/**
 * Creates the answer from a handler's return value. Logs deviations from the schema that do not
 * fail the call.
 */
export type Encode = (output: unknown, log: Logger) => Answer | Promise<Answer>

/** Options of {@link createEncode}. */
export interface EncodeOptions {
  /**
   * True if an output that deviates from its schema fails the call. If false, as in production,
   * undeclared members are removed.
   */
  readonly validates: boolean
}

/**
 * Creates the writer of an operation's answers. An answer contains the handler's return value,
 * converted by the output schema. Undeclared members are never sent.
 *
 * - Most schemas convert nothing, and their JSON Schema declares every member. In production, the
 *   output of such a schema is not validated: a projection, compiled once, copies it.
 * - Other schemas parse each output, because only parsing determines the result (`z.coerce`, a
 *   default, alternatives of one type).
 * - In development and tests, a call fails if its output does not match the schema. In
 *   production, the projection removes undeclared members, and the deviation is logged if parsing
 *   detected it.
 */
export function createEncode(operation: Operation, outputSchema: JsonSchema, options: EncodeOptions): Encode {
  const encode = createOutputEncode(operation, outputSchema, options)
  const encodeResult: Encode = (result, log) =>
    result instanceof Redirect ? toRedirect(result, operation) : encode(result, log)
  return (result, log) => {
    if (!(result instanceof HandlerResponse)) return encodeResult(result, log)
    const { output, ...parts } = HandlerResponse.partsOf(result)
    const answer = encodeResult(output, log)
    const complete = (encoded: Answer): Answer => withResponseParts(encoded, parts, operation)
    return answer instanceof Promise ? answer.then(complete) : complete(answer)
  }
}

function createOutputEncode(operation: Operation, outputSchema: JsonSchema, options: EncodeOptions): Encode {
  if (!operation.hasOutput) return () => ({ status: operation.status, headers: {}, body: null })
  const cut = createProjection(outputSchema)
  const write = createWriter(operation)
  if (!options.validates && isDescribed(operation.output)) return (output) => write(cut(output))

  const finish: Projection = mayKeepUndeclared(operation.output) ? cut : (value) => value
  const cutAnyway = (output: unknown, fields: LogFields, log: Logger): Answer => {
    log.warn(fields, 'output does not match its schema; undeclared fields removed')
    return write(cut(output))
  }
  return (output, log) => {
    const accept = (result: ParseResult): Answer => {
      if (!result.issues) return write(finish(result.value))
      const issues = listIssues(result.issues)
      if (options.validates) throw outputInvalid(operation, issues)
      return cutAnyway(output, { issues }, log)
    }
    const fail = (error: unknown): Answer => {
      if (options.validates) throw error
      return cutAnyway(output, { error: toLogFields(error) }, log)
    }
    let result: ParseResult | Promise<ParseResult>
    try {
      result = validate(operation.output, output)
    } catch (error) {
      return fail(error)
    }
    return result instanceof Promise ? result.then(accept, fail) : accept(result)
  }
}

function createWriter(operation: Operation): (projected: unknown) => Answer {
  const { status, location } = operation
  return (projected) => {
    const body = JSON.stringify(projected) as string | undefined
    if (body === undefined)
      throw outputInvalid(operation, ['it returned undefined, but its output schema requires a value'])
    const headers: Record<string, string> = { 'content-type': jsonType }
    if (location !== undefined) headers['location'] = fillPath(location, projected as Record<string, unknown>)
    return { status, headers, body }
  }
}

function outputInvalid(operation: Operation, issues: readonly string[]): HoldfastError {
  return new HoldfastError(
    'output-invalid',
    `${operation.route.method} ${operation.route.path} (${operation.definedAt}) returned a value that does not match its output schema: ${issues.join('; ')}. Fix the handler or the schema.`,
  )
}
