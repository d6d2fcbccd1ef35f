import {
  access,
  type Access,
  allOf,
  anyOf,
  anyone,
  type Caller,
  Forbidden,
  holdfast,
  problem,
  Unauthenticated,
} from 'holdfast'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { lazyPromise } from '../../base/lazy-promise.fixture.ts'
import { bodyOf, call, startService } from '../../service/start-service.fixture.ts'

interface User extends Caller {
  readonly kind: 'user'
  readonly id: string
}

interface Service extends Caller {
  readonly kind: 'service'
}

const isUser = (caller: Caller): caller is User => caller.kind === 'user' && caller.id !== undefined
const isService = (caller: Caller): caller is Service => caller.kind === 'service'

const signedIn = () => access('signedIn()', ({ caller }) => (isUser(caller) ? caller : Unauthenticated()))
const service = () => access('service()', async ({ caller }) => (isService(caller) ? caller : Forbidden()))
const named = (id: string) =>
  access(`named(${id})`, ({ caller }) => (caller.id === id ? { ...caller, id } : Forbidden()))

const { query } = holdfast()
const output = z.object({ who: z.string() })

const open = query({
  route: 'GET /open',
  access: anyone('a test'),
  output,
  run: ({ caller }) => ({ who: caller.kind }),
})
const mine = query({
  route: 'GET /mine',
  access: signedIn(),
  output,
  run({ caller }) {
    expectTypeOf(caller).toEqualTypeOf<User>()
    return { who: caller.id }
  },
})
const ann = query({
  route: 'GET /ann',
  access: allOf(signedIn(), named('ann')),
  output,
  run({ caller }) {
    expectTypeOf(caller.id).toEqualTypeOf<string>()
    expectTypeOf(caller.kind).toEqualTypeOf<'user'>()
    return { who: caller.id }
  },
})
const either = query({
  route: 'GET /either',
  access: anyOf(signedIn(), service()),
  output,
  run({ caller }) {
    expectTypeOf(caller).toEqualTypeOf<User | Service>()
    return { who: caller.kind }
  },
})

const running = await startService(
  { open, mine, ann, either },
  {
    identify: async ({ header }): Promise<Caller | undefined> => {
      const [kind, id] = header('x-caller')?.split(':') ?? []
      if (kind === 'bad') throw Unauthenticated({ detail: 'The token has expired.' })
      return kind === undefined ? undefined : { kind, ...(id === undefined ? {} : { id }) }
    },
  },
)

const as = async (operation: string, caller?: string): Promise<unknown> => {
  const answer = await call(running, operation, {
    headers: caller === undefined ? {} : { 'x-caller': caller },
  })
  return answer.status === 200
    ? (bodyOf(answer) as { who: string }).who
    : [answer.status, (bodyOf(answer) as { code: string }).code]
}

describe('access', () => {
  test.each([
    ['open', undefined, 'anonymous'],
    ['open', 'user:ann', 'user'],
    ['open', 'bad', [401, 'unauthenticated']],
    ['mine', undefined, [401, 'unauthenticated']],
    ['mine', 'user:ann', 'ann'],
    ['ann', 'user:ann', 'ann'],
    ['ann', 'user:bob', [403, 'forbidden']],
    ['ann', 'service', [401, 'unauthenticated']],
    ['either', 'service', 'service'],
    ['either', 'user:bob', 'user'],
    ['either', undefined, [401, 'unauthenticated']],
  ])('access to %s as %s: %j', async (operation, caller, expected) => {
    expect(await as(operation, caller)).toEqual(expected)
  })

  test('access may reject with a problem of its own, which becomes a problem of the service', async () => {
    const Banned = problem('banned', {
      status: 403,
      title: 'Banned',
      extra: z.looseObject({ why: z.string() }),
    })
    const banned: Access = {
      name: 'banned()',
      problems: [Banned],
      authorize: () => Banned({ why: 'spam', status: 200, type: 'evil' } as { why: string }),
    }
    const closed = query({
      route: 'GET /closed',
      access: allOf(anyone('a test'), banned),
      output,
      run: () => ({ who: '' }),
    })
    const service = await startService({ closed })
    expect(service.problems.get('banned')).toBe(Banned)
    const answer = await call(service, 'closed')
    expect([answer.status, bodyOf(answer)]).toMatchObject([
      403,
      { type: '/problems/banned', status: 403, why: 'spam' },
    ])
  })

  test('access is checked rule by rule, each with the caller that the previous one returned', async () => {
    const ofAcme: Access<Caller & { readonly tenant: string }> = {
      name: 'ofAcme()',
      authorize: ({ caller }) => ({ ...caller, tenant: 'acme' }),
    }
    const inAcme: Access = {
      name: 'inAcme()',
      authorize: ({ caller }) => (caller.tenant === 'acme' ? caller : Forbidden()),
    }
    const tenant = query({
      route: 'GET /tenant',
      access: allOf(ofAcme, inAcme),
      output,
      run: ({ caller }) => ({ who: caller.tenant }),
    })
    expect(bodyOf(await call(await startService({ tenant }), 'tenant'))).toEqual({ who: 'acme' })
  })

  test('access is checked before the input is validated', async () => {
    const guarded = query({
      route: 'GET /guarded',
      access: signedIn(),
      input: z.object({ n: z.int() }),
      output,
      run: () => ({ who: '' }),
    })
    const answer = await call(await startService({ guarded }), 'guarded', { query: { n: ['x'] } })
    expect(answer.status).toBe(401)
  })

  test('access accepts thenables that are not promises, such as those of query builders', async () => {
    const looked = query({
      route: 'GET /looked',
      access: { name: 'looked()', authorize: ({ caller }) => lazyPromise(caller) },
      output,
      run: ({ caller }) => ({ who: `${caller.kind} ${caller.id}` }),
    })
    const lazily = await startService(
      { looked },
      {
        identify: ({ header }) =>
          lazyPromise(header('user') === undefined ? undefined : { kind: 'user', id: header('user')! }),
      },
    )
    expect(bodyOf(await call(lazily, 'looked', { headers: { user: 'ann' } }))).toEqual({ who: 'user ann' })
    expect(bodyOf(await call(lazily, 'looked'))).toEqual({ who: 'anonymous undefined' })
  })

  test.each([
    {},
    { kind: 7 },
    { kind: 'user', id: 7 },
    { kind: 'user', id: {} },
    { kind: 'user', tenant: 7 },
    { kind: 'user', scopes: 'orders:write' },
    { kind: 'user', scopes: [7] },
    { kind: 'user', authenticatedAt: '2026-01-01' },
    { kind: 'user', authenticatedAt: new Date(Number.NaN) },
    'ann',
  ])('access is denied to %j, which is not a valid caller', async (stranger) => {
    const lines: string[] = []
    const options = { onLog: (line: string) => lines.push(line) }
    const identified = await startService({ open }, { ...options, identify: () => stranger as Caller })
    expect((await call(identified, 'open')).status).toBe(500)
    const made = query({
      route: 'GET /made',
      access: { name: 'made()', authorize: () => stranger as Caller },
      output,
      run: () => ({ who: '' }),
    })
    expect((await call(await startService({ made }, options), 'made')).status).toBe(500)
    expect(lines.map((line) => (JSON.parse(line) as { error: { code: string } }).error.code)).toEqual([
      'caller-invalid',
      'caller-invalid',
    ])
  })
})
