import { createConfig, lintFromString } from '@redocly/openapi-core'
import { Validator } from '@seriousme/openapi-schema-validator'
import { createTestService, type TestService } from 'holdfast/testing'
import { type OpenApiDocument, type OperationObject, type ResponseObject, toOpenApi } from 'holdfast/openapi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ledger } from '../../../../../examples/ledger/src/service.ts'
import { torture } from './torture.fixture.ts'

let tested: TestService<typeof torture.operations>
let books: TestService<typeof ledger.operations>
let document: OpenApiDocument

beforeAll(async () => {
  tested = await createTestService(torture)
  books = await createTestService(ledger)
  document = toOpenApi(tested.running)
})

afterAll(async () => {
  await tested.stop()
  await books.stop()
})

const services = { ledger: () => books.running, torture: () => tested.running }

describe.each(Object.entries(services))('the document of %s', (...[, running]) => {
  const source = (): string => JSON.stringify(toOpenApi(running()))

  test('the document conforms to the OpenAPI 3.1 schema of the specification', async () => {
    expect(await new Validator().validate(JSON.parse(source()))).toEqual({ valid: true })
  })

  test('the document passes an OpenAPI 3.1 linter, including its examples', async () => {
    const rules = { 'info-license': 'off' } as const
    const config = await createConfig({ extends: ['spec', 'recommended'], rules })
    const found = await lintFromString({ source: source(), config })
    expect(
      found.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`),
    ).toEqual([])
  })
})

describe('an operation', () => {
  test('an operation has its name, texts and tag', () => {
    expect(operation('post', '/things')).toMatchObject({
      operationId: 'createThing',
      summary: 'Make a thing',
      description: 'At length.',
      tags: ['things'],
    })
    expect(operation('get', '/')).not.toHaveProperty('tags')
  })

  test('an operation has the parameters of its path and query string, lists as repeated names', () => {
    expect(operation('get', '/things').parameters.slice(0, 4)).toEqual([
      {
        name: 'tag',
        in: 'query',
        required: false,
        style: 'form',
        explode: true,
        schema: { type: 'array', items: { type: 'string' } },
      },
      {
        name: 'kind',
        in: 'query',
        required: false,
        style: 'form',
        explode: true,
        schema: { type: 'string', enum: ['circle', 'square'] },
      },
      {
        name: 'limit',
        in: 'query',
        required: false,
        style: 'form',
        explode: true,
        description: 'Max number of items.',
        schema: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
      },
      {
        name: 'cursor',
        in: 'query',
        required: false,
        style: 'form',
        explode: true,
        description: expect.any(String),
        schema: { type: 'string', maxLength: 6144 },
      },
    ])
    expect(operation('delete', '/things/{id}').parameters.slice(0, 2)).toMatchObject([
      { name: 'id', in: 'path', required: true },
      { name: 'force', in: 'query', required: false },
    ])
  })

  test('an operation shares its path with operations that name its parameters differently', () => {
    expect(Object.keys(document.paths)).toEqual([
      '/',
      '/adornments',
      '/ping',
      '/tags',
      '/things',
      '/things/{id}',
      '/things/{thing}/name',
      '/trees',
      '/trees/{name}',
    ])
    expect(Object.keys(document.paths['/things/{id}']!)).toEqual(['get', 'delete'])
  })

  test('an operation that creates something links to the operation that reads it, by the path parameter', () => {
    expect(response('post', '/things', 201).links).toEqual({
      getThing: { operationId: 'getThing', parameters: { id: '$response.body#/id' } },
    })
    expect(response('patch', '/things/{thing}/name', 204)).not.toHaveProperty('links')
  })

  test('an operation has a body without its path parameters', () => {
    const { requestBody } = operation('patch', '/things/{thing}/name')
    expect(requestBody).toEqual({
      required: true,
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/RenameThingBody' },
          example: { name: 'a better name' },
        },
      },
    })
    expect(Object.keys(document.components.schemas['RenameThingBody']!.properties!)).toEqual(['name'])
    expect(operation('post', '/ping')).not.toHaveProperty('requestBody')
    expect(operation('delete', '/things/{id}')).not.toHaveProperty('requestBody')
  })

  test('an operation states that it needs a key, or why it does not', () => {
    expect(operation('post', '/things').parameters[0]).toEqual({
      $ref: '#/components/parameters/IdempotencyKey',
    })
    expect(document.components.parameters['IdempotencyKey']).toMatchObject({
      name: 'Idempotency-Key',
      in: 'header',
      required: true,
    })
    expect(operation('put', '/trees/{name}').parameters[1]).toMatchObject({
      name: 'Idempotency-Key',
      required: false,
      description: expect.stringContaining('the same tree is planted in the same place.'),
    })
    expect(headerNames('get', '/things')).toEqual([
      'If-None-Match',
      'X-Request-Id',
      'traceparent',
      'Request-Timeout',
    ])
  })

  test('an operation has the headers of its answers', () => {
    expect(Object.keys(response('post', '/things', 201).headers)).toEqual([
      'X-Request-Id',
      'traceparent',
      'Location',
      'Idempotency-Replayed',
    ])
    expect(Object.keys(response('get', '/things', 200).headers)).toEqual([
      'X-Request-Id',
      'traceparent',
      'ETag',
      'Link',
    ])
    expect(response('get', '/things', 304)).not.toHaveProperty('content')
    expect(response('patch', '/things/{thing}/name', 204)).not.toHaveProperty('content')
    expect(Object.keys(response('get', '/things/{id}', 410).headers)).toContain('X-Reason')
    expect(Object.keys(response('post', '/things', 429).headers)).toContain('Retry-After')
    expect(Object.keys(response('post', '/things', 409).headers)).toContain('Idempotency-Replayed')
  })
})

describe('a schema', () => {
  test('a schema with a name is one component, or two if requests and responses differ', () => {
    const { Tag, TagInput, Tags, TagsInput } = document.components.schemas
    expect(Tag).toMatchObject({ required: ['label', 'colour'], additionalProperties: false })
    expect(TagInput).toMatchObject({ required: ['label', 'colour'] })
    expect(TagInput).not.toHaveProperty('additionalProperties')
    expect(Tags!.items).toEqual({ $ref: '#/components/schemas/Tag' })
    expect(TagsInput!.items).toEqual({ $ref: '#/components/schemas/TagInput' })
    const names = Object.keys(document.components.schemas).filter((name) => name.startsWith('Tag'))
    expect(names).toEqual(['Tag', 'TagInput', 'Tags', 'TagsInput'])
  })

  test('a schema with a name is shared by the items of a page and of a tuple', () => {
    const tag = { $ref: '#/components/schemas/Tag' }
    expect(document.components.schemas['ListTagsOutput']!.properties!['items']!.items).toEqual(tag)
    expect(document.components.schemas).not.toHaveProperty('ListTagsOutputItem')
    expect(document.components.schemas['GetThingOutput']!.properties!['pair']!.prefixItems![0]).toEqual(tag)
  })

  test('a schema that contains itself is one component too', () => {
    const names = Object.keys(document.components.schemas).filter((name) => /Tree/.test(name))
    expect(names).toEqual([
      'ListTreesOutput',
      'ListTreesOutputItem',
      'PlantTreeBody',
      'PlantTreeInput',
      'PlantTreeOutput',
      'SeedTreeInput',
    ])
    for (const name of ['ListTreesOutputItem', 'PlantTreeInput', 'PlantTreeOutput', 'SeedTreeInput']) {
      const { children } = document.components.schemas[name]!.properties!
      expect(children!.items).toEqual({ $ref: `#/components/schemas/${name}` })
    }
  })

  test('a schema keeps no members that belong to a separate document', () => {
    expect(JSON.stringify(document)).not.toMatch(/"\$defs"|"\$schema"|#\/\$defs|"\$ref":"#"/)
  })

  test('a schema keeps its examples', () => {
    expect(JSON.stringify(document.components)).not.toContain('"example":7')
    expect(document.components.schemas['Broken']!.properties!['since']).toMatchObject({
      examples: [7],
    })
  })
})

test('a schema that refers to something outside of itself is rejected', () => {
  const getThing = tested.running.operations.get('getThing')!
  const outputSchema = { type: 'object', properties: { a: { $ref: 'https://elsewhere.test/a.json' } } }
  const operations = new Map([['getThing', { ...getThing, outputSchema }]])
  expect(() => toOpenApi({ ...tested.running, operations })).toThrow(
    expect.objectContaining({
      code: 'openapi-reference-unknown',
      message: expect.stringContaining('https://elsewhere.test/a.json'),
    }),
  )
})

test('the document lists its tags', () => {
  expect(document.tags.map(({ name }) => name)).toEqual(['adornments', 'ping', 'tags', 'things', 'trees'])
})

test('the document contains the texts of the service', () => {
  expect(document.info).toEqual({ title: 'torture', version: '2.1.0', description: 'Everything *at once*.' })
  expect(toOpenApi(books.running).info).toEqual({ title: 'ledger', version: '0.0.0' })
})

test('the document has the same bytes for any order of the operations', async () => {
  const reversed = new Map([...tested.running.operations].reverse())
  const problems = new Map([...tested.running.problems].reverse())
  const other = { ...tested.running, operations: reversed, problems }
  expect(JSON.stringify(toOpenApi(other))).toBe(JSON.stringify(document))
})

function operation(method: string, path: string): OperationObject {
  return document.paths[path]![method]!
}

function response(method: string, path: string, status: number): ResponseObject {
  return operation(method, path).responses[String(status)]!
}

function headerNames(method: string, path: string): readonly string[] {
  return operation(method, path).parameters.flatMap((parameter) => {
    const found =
      '$ref' in parameter ? document.components.parameters[parameter.$ref.split('/').at(-1)!]! : parameter
    return found.in === 'header' ? [found.name] : []
  })
}
