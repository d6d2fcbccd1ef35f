import { jsonType } from '../../kernel/operation/answer.ts'
import type { CompiledOperation } from '../../kernel/operation/compile.ts'
import { hasBody } from '../../kernel/operation/decode.ts'
import { isPaged } from '../../kernel/pages/page-links.ts'
import type { JsonSchema } from '../../kernel/schema/json-schema.ts'
import { toComponentName } from './component-name.ts'
import { exampleOf } from './example-of.ts'
import type {
  LinkObject,
  MediaType,
  OperationObject,
  RequestBody,
  ResponseObject,
} from './open-api-document.ts'
import { operationParameters } from './operation-parameters.ts'
import { problemResponses } from './problem-responses.ts'
import type { DocumentedProblem } from './problem-schema.ts'
import type { SchemaComponents } from './schema-components.ts'
import type { Security } from './security.ts'
import { everyAnswersHeaders, headerReference } from './shared-headers.ts'
import { tagOf } from './tag-of.ts'

/** Suffix of an input schema's name if the output schema with the same name differs. */
export const inputVariant = 'Input'

/** The parts of the document that an operation's description depends on. */
export interface DocumentParts {
  /** The names of the operation's path parameters in the document. */
  readonly pathParameters: readonly string[]
  /** Every problem that the operation may return. */
  readonly problems: readonly DocumentedProblem[]
  readonly components: SchemaComponents
  readonly security: Security
  /** The possible follow-up requests of a successful call. */
  readonly links: Readonly<Record<string, LinkObject>>
}

/** Returns the description of an operation. */
export function toOperationObject(
  operation: CompiledOperation,
  { pathParameters, problems, components, security, links }: DocumentParts,
): OperationObject {
  const { name, summary, description, route } = operation
  const input = components.embed(operation.inputSchema, inputName(name), inputVariant)
  const requestBody = hasBody(route.method) ? toRequestBody(operation, input, components) : undefined
  const tag = tagOf(route)
  return {
    operationId: name,
    ...(tag === undefined ? {} : { tags: [tag] }),
    ...(summary === undefined ? {} : { summary }),
    ...(description === undefined ? {} : { description }),
    security: security.requirementsOf(operation.access),
    ...(operation.access.checksRow === true ? { 'x-access': operation.access.name } : {}),
    parameters: operationParameters(operation, input, pathParameters),
    ...(requestBody ? { requestBody } : {}),
    responses: {
      [String(operation.status)]: {
        ...successResponse(operation, components),
        ...(Object.keys(links).length === 0 ? {} : { links }),
      },
      ...redirectResponse(operation),
      ...(operation.kind === 'query' ? { '304': notModified } : {}),
      ...problemResponses(operation, problems),
    },
  }
}

function toRequestBody(
  operation: CompiledOperation,
  input: JsonSchema,
  components: SchemaComponents,
): RequestBody | undefined {
  const { inputSchema, route } = operation
  const body = withoutFields(input, route.parameters)
  if (Object.keys(body.properties ?? {}).length === 0) return undefined
  const { name } = operation
  const schema =
    route.parameters.length === 0
      ? components.share(inputSchema, inputName(name), inputVariant)
      : components.add(body, `${toComponentName(name)}Body`)
  const media = withExample(schema, withoutFields(inputSchema, route.parameters))
  return { required: body.required !== undefined, content: { [jsonType]: media } }
}

/** Returns an input schema without some of its fields, such as path parameters. */
function withoutFields(
  { properties = {}, required = [], ...rest }: JsonSchema,
  taken: readonly string[],
): JsonSchema {
  const kept = Object.entries(properties).filter(([field]) => !taken.includes(field))
  const needed = required.filter((field) => !taken.includes(field))
  return {
    ...rest,
    properties: Object.fromEntries(kept),
    ...(needed.length === 0 ? {} : { required: needed }),
  }
}

function successResponse(operation: CompiledOperation, components: SchemaComponents): ResponseObject {
  const { kind, name, location, hasOutput, outputSchema } = operation
  const headers = {
    ...everyAnswersHeaders,
    ...declaredHeaders(operation),
    ...(location === undefined ? {} : { Location: headerReference('Location') }),
    ...(kind === 'query' ? { ETag: headerReference('ETag') } : {}),
    ...(isPaged(operation) ? { Link: headerReference('Link') } : {}),
    ...(kind === 'mutation' ? { 'Idempotency-Replayed': headerReference('IdempotencyReplayed') } : {}),
  }
  if (!hasOutput) return { description: 'Success, without content.', headers }
  const schema = components.share(outputSchema, outputName(name))
  return {
    description: kind === 'query' ? 'The requested data.' : successDescription(operation.status),
    headers,
    content: { [jsonType]: withExample(schema, outputSchema) },
  }
}

function redirectResponse(operation: CompiledOperation): Readonly<Record<string, ResponseObject>> {
  const { kind, redirects } = operation
  if (!redirects) return {}
  const targets = redirects.targets.map((target) => (target === '/' ? 'a path on this service' : target))
  return {
    [String(redirects.status)]: {
      description: `Redirect. Possible targets: ${targets.join(', ')}.`,
      headers: {
        ...everyAnswersHeaders,
        ...declaredHeaders(operation),
        Location: { description: 'The target.', schema: { type: 'string', format: 'uri-reference' } },
        ...(kind === 'mutation' ? { 'Idempotency-Replayed': headerReference('IdempotencyReplayed') } : {}),
      },
    },
  }
}

function declaredHeaders({ headers, cookies }: CompiledOperation): ResponseObject['headers'] {
  const declared = Object.entries(headers).map(
    ([name, description]) => [name, { description, schema: { type: 'string' } }] as const,
  )
  if (cookies.length === 0) return Object.fromEntries(declared)
  const names = cookies.map(({ name }) => `\`${name}\``).join(', ')
  return {
    ...Object.fromEntries(declared),
    'Set-Cookie': { description: `Sets or deletes cookies: ${names}.`, schema: { type: 'string' } },
  }
}

/** Returns the name of an operation's input schema, for a schema without a name. */
export function inputName(operation: string): string {
  return `${toComponentName(operation)}Input`
}

/** Returns the name of an operation's output schema, for a schema without a name. */
export function outputName(operation: string): string {
  return `${toComponentName(operation)}Output`
}

function successDescription(status: number): string {
  return { 201: 'Created.', 202: 'Accepted.' }[status] ?? 'Success.'
}

const notModified: ResponseObject = {
  description: 'Not modified: `If-None-Match` contains the `ETag` of the current response.',
  headers: { ...everyAnswersHeaders, ETag: headerReference('ETag') },
}

function withExample(schema: JsonSchema, described: JsonSchema): MediaType {
  const example = exampleOf(described)
  return example ? { schema, example: example.value } : { schema }
}
