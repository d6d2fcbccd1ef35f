import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { toOpenApi } from 'holdfast/openapi'
import { createTestService, type TestService } from 'holdfast/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ResponseObject } from './open-api-document.ts'
import { torture } from './torture.fixture.ts'

/** A request, with the path and status of the response in the document. */
interface Asked extends RequestInit {
  readonly path: string
  readonly target: string
  readonly status: number
}

let tested: TestService<typeof torture.operations>

beforeAll(async () => {
  tested = await createTestService(torture)
})

afterAll(() => tested.stop())

const named = { headers: { 'x-name': 'Ann' } }
const square = { kind: 'square', side: 1 }

describe('an answer with a body matches the document', () => {
  test.each<Asked>([
    { path: '/things/{id}', target: '/things/1', status: 200, ...named },
    { path: '/things/{id}', target: '/things/gone', status: 410, ...named },
    { path: '/things/{id}', target: '/things/1', status: 401 },
    { path: '/things', target: '/things?tag=a&tag=b&kind=circle', status: 200 },
    { path: '/things', target: '/things?limit=0', status: 422 },
    { path: '/things', target: '/things?cursor=forged', status: 400 },
    { path: '/things', target: '/things', status: 406, headers: { accept: 'text/html' } },
    { path: '/trees', target: '/trees', status: 200 },
    { path: '/tags', target: '/tags', status: 200 },
    { path: '/', target: '/', status: 200 },
    {
      path: '/things',
      target: '/things',
      status: 201,
      ...json({ shape: square, tags: [{ label: 'a', colour: null }] }),
    },
    { path: '/things', target: '/things', status: 409, ...json({ shape: square, tags: [] }) },
    { path: '/things', target: '/things', status: 422, ...json({}) },
    { path: '/things', target: '/things', status: 415, ...json({}, { 'content-type': 'text/plain' }) },
    { path: '/ping', target: '/ping', status: 400, method: 'POST' },
    {
      path: '/trees/{name}',
      target: '/trees/oak',
      status: 200,
      ...json({ children: [{ name: 'twig', children: [] }] }),
      method: 'PUT',
    },
  ])(
    'an answer with a body matches the document: $method $target: $status',
    async ({ path, target, status, ...init }) => {
      const answer = await tested.fetch(target, init)
      const text = await answer.text()
      expect(answer.status, text).toBe(status)
      const place = { method: init.method ?? 'GET', path, status }
      const type = answer.headers.get('content-type')!
      const { headers, content } = describedAnswer(place)
      expect(Object.keys(content!)).toEqual([type])
      expect(absent(headers, answer)).toEqual([])
      const validate = validatorOf(place, type)
      expect(validate(JSON.parse(text)), JSON.stringify(validate.errors)).toBe(true)
      expect(validate({ unlike: 'any' })).toBe(false)
    },
  )
})

describe('an answer without a body has none in the document', () => {
  test.each<Asked>([
    { path: '/trees', target: '/trees', status: 204, ...json({ name: 'elm', children: [] }) },
    {
      path: '/things/{thing}/name',
      target: '/things/1/name',
      status: 204,
      ...json({ name: 'a' }),
      method: 'PATCH',
    },
    {
      path: '/things/{id}',
      target: '/things/1?force=true',
      status: 204,
      ...json({}),
      body: null,
      method: 'DELETE',
    },
    { path: '/ping', target: '/ping', status: 202, ...json({}) },
    { path: '/', target: '/', status: 304, headers: { 'if-none-match': '*' } },
  ])(
    'an answer without a body has no body in the document: $method $target: $status',
    async ({ path, target, status, ...init }) => {
      const answer = await tested.fetch(target, init)
      const text = await answer.text()
      expect(answer.status, text).toBe(status)
      expect(text).toBe('')
      const { headers, content } = describedAnswer({ method: init.method ?? 'GET', path, status })
      expect(content).toBeUndefined()
      expect(absent(headers, answer)).toEqual([])
    },
  )
})

/** The location of a response in the document. */
interface Place {
  readonly method: string
  readonly path: string
  readonly status: number
}

function describedAnswer({ method, path, status }: Place): ResponseObject {
  return toOpenApi(tested.running).paths[path]![method.toLowerCase()]!.responses[String(status)]!
}

/**
 * Returns the documented headers that a response lacks, except those that depend on earlier
 * requests or on stored data.
 */
function absent(headers: ResponseObject['headers'], answer: Response): readonly string[] {
  const depending = new Set(['Idempotency-Replayed', 'Link', 'Retry-After'])
  return Object.keys(headers).filter((name) => !depending.has(name) && !answer.headers.has(name))
}

function validatorOf({ method, path, status }: Place, type: string): ValidateFunction {
  const parts = ['paths', path, method.toLowerCase(), 'responses', String(status), 'content', type, 'schema']
  const pointer = parts
    .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/')
  const formats = { uuid: true, 'uri-reference': true, int64: true } as const
  const ajv = new Ajv2020({ strict: false, formats })
  return ajv.addSchema(toOpenApi(tested.running), 'document').compile({ $ref: `document#/${pointer}` })
}

function json(body: object, headers: Record<string, string> = {}): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID(), ...headers },
    body: JSON.stringify(body),
  }
}
