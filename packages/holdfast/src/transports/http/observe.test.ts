import { anyone, holdfast } from 'holdfast'
import { createHandler, type HttpRequest } from 'holdfast/http'
import { attributesOf } from 'holdfast/telemetry'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { telemetryForTest } from '../../platform/telemetry/telemetry.fixture.ts'
import { testHost } from '../../../test/test-host.ts'

const { query, service } = holdfast()

const readReset = query({
  route: 'GET /resets/{code}',
  access: anyone('a test'),
  input: z.object({ code: z.string().meta({ redact: true }) }),
  run: () => {},
})

/** Returns the name and attributes of a request's span. */
async function observe(request: Pick<HttpRequest, 'method' | 'target'> & Partial<HttpRequest>) {
  const telemetry = telemetryForTest()
  const reader = telemetry.readSpans()
  const running = await service({ name: 'observed', operations: { readReset } }).start(
    testHost({ telemetry }),
  )
  await createHandler(running).answer({
    header: () => undefined,
    client: new AbortController().signal,
    readContent: async () => new Uint8Array(),
    ...request,
  })
  const [span] = reader.take(1).items
  return { name: span!.name, attributes: attributesOf(span!) }
}

test('a request is recorded with its method, its path without secrets, and its connection', async () => {
  const connection = { protocolVersion: '1.1', peerAddress: '192.0.2.7', peerPort: 41_000 }
  expect(await observe({ method: 'GET', target: '/resets/s3cret?a=1', connection })).toEqual({
    name: 'GET /resets/{code}',
    attributes: {
      'http.request.method': 'GET',
      'http.route': '/resets/{code}',
      'http.response.status_code': 204,
      'holdfast.operation': 'readReset',
      'url.scheme': 'http',
      'url.path': '/resets/[redacted]',
      'network.protocol.version': '1.1',
      'network.peer.address': '192.0.2.7',
      'network.peer.port': 41_000,
    },
  })
})

test('a request with an unknown method is recorded as HTTP, with the original method', async () => {
  expect(await observe({ method: 'PROPFIND', target: '/resets/s3cret' })).toEqual({
    name: 'HTTP',
    attributes: {
      'http.request.method': '_OTHER',
      'http.request.method_original': 'PROPFIND',
      'http.response.status_code': 405,
      'url.scheme': 'http',
      'url.path': '/resets/[redacted]',
    },
  })
})

test('a request without a route is named by its method', async () => {
  expect(await observe({ method: 'POST', target: '/nowhere' })).toMatchObject({
    name: 'POST',
    attributes: { 'http.request.method': 'POST', 'url.path': '/nowhere' },
  })
})

test('a HEAD request is recorded as HEAD', async () => {
  expect(await observe({ method: 'HEAD', target: '/problems/bad-request' })).toMatchObject({
    name: 'HEAD /problems/{code}',
    attributes: { 'http.request.method': 'HEAD', 'http.route': '/problems/{code}' },
  })
})
