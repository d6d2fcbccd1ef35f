import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { WireInput } from './wire-input.ts'
import { inexactNumber, isExactNumber } from '../base/exact-number.ts'
import { fieldReader, isNumber } from './field-reader.ts'
import type { JsonSchema } from '../schema/json-schema.ts'
import { BadRequest, InvalidInput, type InvalidField } from '../problem/problems.ts'
import { pathOf, type Schema, toPointer, validate } from '../schema/schema.ts'
import type { Route } from './route.ts'
import { isThenable } from '../base/thenable.ts'

/**
 * Reads the input of an operation from the parts that a transport received. It is synchronous
 * unless the schema is asynchronous.
 *
 * @throws InvalidInput if the schema rejects the input. With an asynchronous schema, the promise
 *   rejects instead.
 */
export type Decode = (wire: WireInput) => unknown

/**
 * The max number of errors in an answer. Without it, a long list of invalid items would produce an
 * error per item.
 */
const maxErrors = 100

/**
 * Returns true if requests with this method send the fields outside the path in the body; false if
 * they send them in the query string.
 */
export function hasBody(method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH'
}

/** Creates the reader of an operation's input from its route and the JSON Schema of its input. */
export function createDecode(route: Route, schema: Schema, jsonSchema: JsonSchema): Decode {
  const inPath = new Set(route.parameters)
  const takesBody = hasBody(route.method)
  const readers = new Map(
    Object.entries(jsonSchema.properties ?? {}).map(([name, property]) => [
      name,
      fieldReader(property, jsonSchema),
    ]),
  )

  function read(name: string, texts: readonly string[]): unknown {
    return (readers.get(name) ?? asText)(texts)
  }

  function collect(wire: WireInput): Record<string, unknown> {
    const fields: Record<string, unknown> = {}
    if (takesBody) Object.assign(fields, bodyFields(wire.body))
    else for (const [name, texts] of Object.entries(wire.query)) fields[name] = read(name, texts)
    // The path comes last, so that neither body nor query can override it.
    for (const [name, text] of Object.entries(wire.path)) fields[name] = read(name, [text])
    return fields
  }

  function sourceOf(path: readonly PropertyKey[]): InvalidField['in'] {
    if (path[0] !== undefined && inPath.has(String(path[0]))) return 'path'
    return takesBody ? 'body' : 'query'
  }

  function accept(result: StandardSchemaV1.Result<unknown>, wire: WireInput): unknown {
    if (!result.issues) return result.value
    const errors = result.issues.slice(0, maxErrors).map((issue): InvalidField => {
      const path = pathOf(issue)
      const source = sourceOf(path)
      const isInexact = source !== 'body' && hasInexactNumber(wire, String(path[0]))
      const detail = isInexact ? `Invalid number: ${inexactNumber}` : issue.message
      return { pointer: toPointer(path), in: source, detail }
    })
    const count = result.issues.length
    const fields = count === 1 ? 'one field' : `${count} fields`
    const listed = count > maxErrors ? ` The first ${maxErrors} are listed.` : ''
    throw InvalidInput({
      detail: `The input has ${fields} that the operation rejects.${listed}`,
      errors,
    })
  }

  return (wire) => {
    const result = validate(schema, collect(wire))
    return isThenable(result)
      ? Promise.resolve(result).then((settled) => accept(settled, wire))
      : accept(result, wire)
  }
}

/**
 * Returns true if a path or query parameter is a number that a double cannot represent exactly.
 * Such a number reaches the schema as text, so the schema's message would not show the cause.
 */
function hasInexactNumber({ path, query }: WireInput, name: string): boolean {
  const texts = Object.hasOwn(path, name) ? [path[name]!] : Object.hasOwn(query, name) ? query[name]! : []
  return texts.some((text) => isNumber(text) && !isExactNumber(text))
}

function bodyFields(body: unknown): object {
  if (body === undefined) return {}
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body
  throw BadRequest({ detail: 'The body must be a JSON object.' })
}

function asText(texts: readonly string[]): unknown {
  return texts.length === 1 ? texts[0] : texts
}
