import { type Access, allOf, anyOf, anyone, hasScope, holdfast } from 'holdfast'
import { z } from 'zod'
import { signedWebhook } from '../../effects/webhooks/signed-webhook.ts'
import { describe, expect, test } from 'vitest'
import { startService, type StartOptions } from '../../kernel/service/start-service.fixture.ts'
import { toOpenApi } from './to-open-api.ts'

const signedIn: Access = { name: 'signedIn()', authorize: ({ caller }) => caller }
const withKey = (name: string): Access => ({
  ...signedIn,
  name: `withKey(${name})`,
  securitySchemes: { key: { in: 'header', name } },
})

/** Returns the documented security of an operation with an access rule. */
async function describeAccess(access: Access, options: StartOptions = {}) {
  const read = holdfast().query({ route: 'GET /things', access, run: () => {} })
  const document = toOpenApi(await startService({ read }, options))
  const { security, responses } = document.paths['/things']!['get']!
  return { security, statuses: Object.keys(responses), schemes: document.components.securitySchemes }
}

describe('an operation', () => {
  test('an operation that is public has no security and no access problems', async () => {
    const { security, statuses, schemes } = await describeAccess(anyone('a test'))
    expect(security).toEqual([])
    expect(schemes).toEqual({})
    expect(statuses).not.toContain('401')
  })

  test('an operation needs a bearer token if the service declares no scheme', async () => {
    const { security, statuses, schemes } = await describeAccess(signedIn)
    expect(security).toEqual([{ bearer: [] }])
    expect(schemes).toEqual({ bearer: { type: 'http', scheme: 'bearer' } })
    expect(statuses).toEqual(expect.arrayContaining(['401', '403']))
  })

  test('an operation needs one of the schemes of its service', async () => {
    const securitySchemes = {
      token: { scheme: 'bearer', description: 'From the console.' },
      session: { in: 'cookie', name: '__Host-session' },
    } as const
    const { security, schemes } = await describeAccess(signedIn, { securitySchemes })
    expect(security).toEqual([{ token: [] }, { session: [] }])
    expect(schemes).toEqual({
      session: { type: 'apiKey', in: 'cookie', name: '__Host-session' },
      token: { type: 'http', scheme: 'bearer', description: 'From the console.' },
    })
  })

  test('an operation can need a client certificate', async () => {
    const securitySchemes = { certificate: { type: 'mutualTLS', description: 'From the mesh.' } } as const
    const { security, schemes } = await describeAccess(signedIn, { securitySchemes })
    expect(security).toEqual([{ certificate: [] }])
    expect(schemes).toEqual(securitySchemes)
  })

  test('an operation needs the schemes of its own rule instead', async () => {
    const { security, schemes } = await describeAccess(signedWebhook('psp', () => []))
    expect(security).toEqual([{ webhookSignature: [] }])
    expect(schemes).toMatchObject({ webhookSignature: { in: 'header', name: 'webhook-signature' } })
  })

  test('an operation needs the schemes of all rules or of one, as the rules are combined', async () => {
    const all = await describeAccess(allOf(anyone('a test'), signedIn, withKey('x-key')))
    expect(all.security).toEqual([{ bearer: [], key: [] }])
    const one = await describeAccess(anyOf(signedIn, withKey('x-key')))
    expect(one.security).toEqual([{ bearer: [] }, { key: [] }])
    const optional = await describeAccess(anyOf(signedIn, anyone('a test')))
    expect(optional.security).toEqual([{ bearer: [] }, {}])
    expect(optional.statuses).not.toContain('401')
  })

  test('an operation has the scopes of its rule', async () => {
    const one = await describeAccess(hasScope('orders:read', 'orders:write'))
    expect(one.security).toEqual([{ bearer: ['orders:read', 'orders:write'] }])
    const all = await describeAccess(allOf(hasScope('a'), withKey('x-key'), hasScope('a', 'b')))
    expect(all.security).toEqual([{ bearer: ['a', 'b'], key: ['a', 'b'] }])
    const either = await describeAccess(anyOf(hasScope('a'), signedIn, hasScope('b')))
    expect(either.security).toEqual([{ bearer: ['a'] }, { bearer: [] }, { bearer: ['b'] }])
    expect(one.statuses).toContain('403')
  })

  test('an operation has the name of its rule about a row', async () => {
    const app = holdfast()
    const own = app.row('own()', { key: (input: { id: string }) => input.id, load: () => ({}) })
    const read = app.query({
      route: 'GET /things/{id}',
      access: allOf(signedIn, own),
      input: z.object({ id: z.string() }),
      run: () => {},
    })
    const document = toOpenApi(await startService({ read }))
    const { responses, ...operation } = document.paths['/things/{id}']!['get']!
    expect(operation).toMatchObject({ security: [{ bearer: [] }], 'x-access': 'allOf(signedIn(), own())' })
    expect(Object.keys(responses)).toContain('404')
  })

  test('an operation has different schemes of one name under different names', async () => {
    const { security, schemes } = await describeAccess(anyOf(withKey('x-one'), withKey('x-two')))
    expect(security).toEqual([{ key: [] }, { key2: [] }])
    expect(schemes).toMatchObject({ key: { name: 'x-one' }, key2: { name: 'x-two' } })
  })
})

test.each([
  ['a service', anyone('a test'), { securitySchemes: { 'a token': { scheme: 'bearer' } } }],
  ['a rule', { ...signedIn, securitySchemes: { 'a token': { scheme: 'bearer' } } }, {}],
] as const)(
  '%s with a scheme name that OpenAPI does not allow does not start',
  async (_what, access, options) => {
    await expect(describeAccess(access, options)).rejects.toMatchObject({
      code: 'service-invalid',
      message: expect.stringContaining('its security scheme "a token"'),
    })
  },
)
