import { type OpenApiDocument, type OperationObject, toOpenApi } from 'holdfast/openapi'
import { createTestService, type TestService } from 'holdfast/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { torture } from './torture.fixture.ts'

let tested: TestService<typeof torture.operations>
let document: OpenApiDocument

beforeAll(async () => {
  tested = await createTestService(torture)
  document = toOpenApi(tested.running)
})

afterAll(() => tested.stop())

test('a problem is identified by its type, status and code, regardless of its title', () => {
  for (const schema of Object.values(document.components.schemas)) {
    if (schema.properties?.['requestId'] === undefined) continue
    expect(schema.properties).toMatchObject({
      type: { const: expect.any(String) },
      status: { const: expect.any(Number) },
      code: { const: expect.any(String) },
    })
    expect(schema.properties['title']).not.toHaveProperty('const')
    expect(schema).not.toHaveProperty('title')
  }
})

describe('the problems of', () => {
  const always = [
    'bad-request',
    'not-acceptable',
    'request-timeout',
    'headers-too-large',
    'internal-error',
    'database-busy',
    'database-contended',
    'database-unavailable',
    'unavailable',
    'deadline-exceeded',
  ]
  const ofKeys = [
    'idempotency-answer-erased',
    'idempotency-key-expired',
    'idempotency-key-in-flight',
    'idempotency-key-invalid',
    'idempotency-key-reused',
    'outcome-unknown',
  ]
  const ofBodies = ['content-too-large', 'unsupported-media-type']

  test.each([
    ['a query without input', 'get', '/', []],
    ['a page', 'get', '/things', ['cursor-invalid', 'invalid-input']],
    [
      'an operation that refuses some callers',
      'get',
      '/things/{id}',
      ['forbidden', 'gone', 'invalid-input', 'unauthenticated'],
    ],
    [
      'a mutation',
      'post',
      '/things',
      [...ofKeys, ...ofBodies, 'idempotency-key-missing', 'broken', 'busy', 'invalid-input'],
    ],
    ['a mutation without input', 'post', '/ping', [...ofKeys, ...ofBodies, 'idempotency-key-missing']],
    ['a mutation with an optional key', 'put', '/trees/{name}', [...ofKeys, ...ofBodies, 'invalid-input']],
    [
      'a mutation without a body',
      'delete',
      '/things/{id}',
      [...ofKeys, 'idempotency-key-missing', 'invalid-input'],
    ],
  ])('the problems of %s are those that it can return', (_what, ...[method, path, more]) => {
    expect(codesOf(operation(method, path)).toSorted()).toEqual([...always, ...more].toSorted())
  })

  test('with a single problem of a status, the schema is that problem', () => {
    const { content } = operation('post', '/things').responses['406']!
    expect(content!['application/problem+json']!.schema).toEqual({
      $ref: '#/components/schemas/NotAcceptable',
    })
  })

  test('several problems of a status are distinguished by their code', () => {
    const { content } = operation('post', '/things').responses['409']!
    const schemas = ['Broken', 'IdempotencyKeyInFlight'].map((name) => `#/components/schemas/${name}`)
    expect(content!['application/problem+json']!.schema).toEqual({
      oneOf: schemas.map(($ref) => ({ $ref })),
      discriminator: {
        propertyName: 'code',
        mapping: { broken: schemas[0], 'idempotency-key-in-flight': schemas[1] },
      },
    })
  })

  test('the problems of an application have the members that it declares', () => {
    expect(document.components.schemas['Gone']).toMatchObject({
      description: 'It is gone.',
      properties: {
        type: { const: '/problems/gone' },
        status: { const: 410 },
        code: { const: 'gone' },
        year: { type: 'integer' },
      },
      required: ['type', 'title', 'status', 'year', 'code', 'requestId'],
    })
    expect(document.components.examples['Gone']!.value).toMatchObject({
      type: '/problems/gone',
      status: 410,
      year: 1999,
    })
  })
})

function operation(method: string, path: string): OperationObject {
  return document.paths[path]![method]!
}

function codesOf({ responses }: OperationObject): readonly string[] {
  return Object.values(responses).flatMap(({ content }) => {
    const schema = content?.['application/problem+json']?.schema
    if (!schema) return []
    const names = (schema.oneOf ?? [schema]).map(({ $ref }) => $ref!.split('/').at(-1)!)
    return names.map((name) => String(document.components.schemas[name]!.properties!['code']!.const))
  })
}
