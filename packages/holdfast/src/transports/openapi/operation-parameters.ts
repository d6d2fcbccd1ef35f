import type { CompiledOperation } from '../../kernel/operation/compile.ts'
import { defaultKeyHeader } from '../../kernel/operation/operation.ts'
import { hasBody } from '../../kernel/operation/decode.ts'
import type { JsonSchema } from '../../kernel/schema/json-schema.ts'
import type { OperationObject, ParameterObject } from './open-api-document.ts'
import { idempotencyKeyParameter, parameterReference } from './shared-headers.ts'

/**
 * Returns the parameters of an operation: path, query string and headers. `pathNames` are the names
 * of its path parameters in the document.
 */
export function operationParameters(
  operation: CompiledOperation,
  input: JsonSchema,
  pathNames: readonly string[],
): OperationObject['parameters'] {
  const { route } = operation
  const inPath = route.parameters.map((name, index): ParameterObject => {
    const documented = pathNames[index] ?? name
    return { name: documented, in: 'path', required: true, style: 'simple', ...described(input, name) }
  })
  const inQuery = hasBody(route.method) ? [] : queryParameters(operation, input)
  return [...inPath, ...inQuery, ...headerParameters(operation)]
}

function queryParameters({ route }: CompiledOperation, input: JsonSchema): readonly ParameterObject[] {
  return Object.keys(input.properties ?? {})
    .filter((name) => !route.parameters.includes(name))
    .map((name) => ({
      name,
      in: 'query',
      required: input.required?.includes(name) ?? false,
      // These two members mean that each value of a list is sent as a parameter with the same name.
      style: 'form',
      explode: true,
      ...described(input, name),
    }))
}

function described(input: JsonSchema, name: string): Pick<ParameterObject, 'description' | 'schema'> {
  const { description, ...schema } = input.properties?.[name] ?? {}
  return typeof description === 'string' ? { description, schema } : { schema }
}

function headerParameters(operation: CompiledOperation): OperationObject['parameters'] {
  const every = ['RequestId', 'Traceparent', 'RequestTimeout'].map(parameterReference)
  if (operation.kind === 'query') return [parameterReference('IfNoneMatch'), ...every]
  const isShared =
    operation.idempotency === 'required' &&
    operation.idempotencyHeader === defaultKeyHeader &&
    !operation.isSealed
  return [isShared ? parameterReference('IdempotencyKey') : idempotencyKeyParameter(operation), ...every]
}
