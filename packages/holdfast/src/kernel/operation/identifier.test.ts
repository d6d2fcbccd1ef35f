import {
  access,
  type AccessRequest,
  allOf,
  anyone,
  anyOf,
  type Caller,
  Forbidden,
  holdfast,
  type Identifier,
  type Identify,
  Unauthenticated,
} from 'holdfast'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { bodyOf, call, refusalOf, startService } from '../service/start-service.fixture.ts'

const { query } = holdfast()
const output = z.object({ who: z.string() })
const run = ({ caller }: { readonly caller: Caller }) => ({ who: `${caller.kind} ${caller.id}` })
const signedIn = access('signedIn()', ({ caller }) => (caller.id === undefined ? Unauthenticated() : caller))
const open = query({ route: 'GET /open', access: anyone('a test'), output, run })
const mine = query({ route: 'GET /mine', access: signedIn, output, run })

/** Returns an identifier of one kind of credentials; `wrong` is rejected. */
function identifier(
  name: string,
  {
    read,
    scheme,
  }: { readonly read: (from: Parameters<Identify>[0]) => string | undefined } & {
    readonly scheme: Identifier['securitySchemes'][string]
  },
): Identifier & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    name,
    asked,
    securitySchemes: { [name]: scheme },
    identify(credentials) {
      const found = read(credentials)
      asked.push(String(found))
      if (found === 'wrong') throw Unauthenticated({ detail: `The ${name} is unknown.` })
      return found === undefined ? undefined : { kind: name, id: found }
    },
  }
}

const cookie = () =>
  identifier('session', {
    read: ({ cookies }) => cookies.get('__Host-session'),
    scheme: { in: 'cookie', name: '__Host-session' },
  })
const bearer = () =>
  identifier('bearer', {
    read: ({ header }) => header('authorization')?.slice(7),
    scheme: { scheme: 'bearer' },
  })
const apiKey = () =>
  identifier('key', {
    read: ({ header }) => header('x-api-key'),
    scheme: { in: 'header', name: 'x-api-key' },
  })

describe('identifiers', () => {
  async function whoIs(operation: string, headers: Readonly<Record<string, string>>) {
    const identify = [cookie(), bearer(), apiKey()]
    const running = await startService({ open, mine }, { identify })
    const answer = await call(running, operation, { headers })
    const { who, detail } = bodyOf(answer) as { who?: string; detail?: string }
    return {
      who: who ?? detail,
      status: answer.status,
      schemes: Object.keys(answer.refusedSchemes ?? {}),
      identify,
    }
  }

  test('the first identifier that finds a caller decides, and no later one is tried', async () => {
    const { who, identify } = await whoIs('mine', { authorization: 'Bearer ann', 'x-api-key': 'billing' })
    expect(who).toBe('bearer ann')
    expect(identify.map(({ asked }) => asked.length)).toEqual([1, 1, 0])
    expect((await whoIs('mine', { 'x-api-key': 'billing' })).who).toBe('key billing')
    expect((await whoIs('open', {})).who).toBe('anonymous undefined')
  })

  test.each(['open', 'mine'])(
    'invalid credentials get a 401 with their own schemes, and no later identifier is tried (%s)',
    async (operation) => {
      const headers = { authorization: 'Bearer wrong', 'x-api-key': 'billing' }
      const { status, who, schemes, identify } = await whoIs(operation, headers)
      expect({ status, who, schemes }).toEqual({
        status: 401,
        who: 'The bearer is unknown.',
        schemes: ['bearer'],
      })
      expect(identify[2]!.asked).toEqual([])
    },
  )

  test('an invalid cookie does not hide other credentials', async () => {
    const headers = { cookie: '__Host-session=wrong', authorization: 'Bearer ann' }
    expect((await whoIs('mine', headers)).who).toBe('bearer ann')
  })

  test('a caller with only an invalid cookie is anonymous if the rule allows it', async () => {
    const headers = { cookie: '__Host-session=wrong' }
    expect((await whoIs('open', headers)).who).toBe('anonymous undefined')
    const { status, who, schemes } = await whoIs('mine', headers)
    expect({ status, who, schemes }).toEqual({
      status: 401,
      who: 'The session is unknown.',
      schemes: ['session'],
    })
  })

  test('a cookie that was sent twice is ignored', async () => {
    const headers = { cookie: '__Host-session=ann; other=1; __Host-session=eve' }
    expect((await whoIs('open', headers)).who).toBe('anonymous undefined')
    expect((await whoIs('open', { cookie: 'other=1;__Host-session = "a=b" ;x' })).who).toBe('session "a=b"')
  })

  test('identifiers and rules may be asynchronous, and a call without them needs no promise', async () => {
    const slow: Identifier = { ...bearer(), identify: async () => ({ kind: 'slow', id: 'one' }) }
    const running = await startService({ mine }, { identify: [cookie(), slow] })
    expect(bodyOf(await call(running, 'mine'))).toEqual({ who: 'slow one' })
    const combined = query({
      route: 'GET /all',
      access: allOf(signedIn, anyOf(signedIn, anyone('a test'))),
      output,
      run,
    })
    const fast = await startService({ combined }, { identify: [cookie(), bearer()] })
    const header = (name: string) => (name === 'authorization' ? 'Bearer ann' : undefined)
    const input = { path: {}, query: {}, body: undefined }
    expect(fast.call({ operation: 'combined', input, header })).toMatchObject({ status: 200 })
  })
})

test.each([
  ['two of one name', { identify: [bearer(), bearer()] }, 'two identifiers have the name "bearer"'],
  [
    'one scheme with two definitions',
    {
      identify: [bearer(), { ...bearer(), name: 'other', securitySchemes: { bearer: { scheme: 'basic' } } }],
    },
    'two identifiers define the security scheme "bearer" differently',
  ],
  ['their schemes declared twice', { identify: [bearer()], securitySchemes: {} }, 'remove `securitySchemes`'],
])('a service with identifiers does not start with %s', async (_, options, message) => {
  expect(await refusalOf({ open }, options)).toContain(message)
})

describe('the request of an access rule', () => {
  test('a rule sees the cookies, the peer, the clock, the log and the id of the call', async () => {
    const seen: AccessRequest[] = []
    const curious = access('curious()', (request) => {
      seen.push(request, { ...request })
      return request.caller
    })
    const read = query({ route: 'GET /read', access: allOf(anyone('a test'), curious), run: () => {} })
    const running = await startService({ read })
    await running.call({
      operation: 'read',
      input: { path: {}, query: {}, body: undefined },
      header: (name) => ({ cookie: 'a=1' })[name],
      peer: () => ({ address: '203.0.113.7', certificate: undefined }),
      requestId: 'r-1',
    })
    expect(seen).toHaveLength(2)
    for (const { cookies, peer, clock, log, requestId, signal, settings, db } of seen) {
      expect([cookies.get('a'), peer.address, requestId]).toEqual(['1', '203.0.113.7', 'r-1'])
      expect([clock.now() > 0, typeof log.info, signal.aborted]).toEqual([true, 'function', false])
      expect([settings, db]).toEqual([{}, undefined])
    }
  })

  test('a rule receives the caller of the rule before it', async () => {
    const made = access('made()', ({ caller }) => ({ ...caller, kind: 'made', id: 'm' }))
    const taken = access('taken()', ({ caller }) => (caller.kind === 'made' ? caller : Forbidden()))
    const read = query({ route: 'GET /read', access: allOf(made, taken), output, run })
    expect(bodyOf(await call(await startService({ read }), 'read'))).toEqual({ who: 'made m' })
  })

  test('the rules of an application have its types', () => {
    const app = holdfast({ identify: ({ settings, db }) => void [settings, db] })
    app.access('typed()', ({ caller, db, settings }) => {
      expectTypeOf(db).toEqualTypeOf<undefined>()
      expectTypeOf(settings).toEqualTypeOf<Readonly<Record<never, never>>>()
      return caller
    })
  })
})
