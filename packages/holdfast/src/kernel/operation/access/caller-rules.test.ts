import {
  allOf,
  anyOf,
  type Caller,
  hasScope,
  holdfast,
  recentlySignedIn,
  service,
  type ServiceCaller,
  signedIn,
  type User,
} from 'holdfast'
import { createFakeClock } from 'holdfast/testing'
import { expect, expectTypeOf, test } from 'vitest'
import { bodyOf, call, startService } from '../../service/start-service.fixture.ts'

const { query } = holdfast()

const clock = createFakeClock()
const minutesAgo = (minutes: number) => new Date(clock.now() - minutes * 60_000)

const callers: Readonly<Record<string, Caller>> = {
  ann: { kind: 'user', id: 'ann', authenticatedAt: minutesAgo(10) },
  bob: { kind: 'user', id: 'bob', authenticatedAt: new Date(clock.now() - 600_001) },
  cat: { kind: 'user', id: 'cat', scopes: ['orders:read', 'orders:write'] },
  nameless: { kind: 'user', authenticatedAt: minutesAgo(0) },
  billing: { kind: 'service', id: 'billing', scopes: ['orders:read'], authenticatedAt: minutesAgo(0) },
  shipping: { kind: 'service', id: 'shipping', scopes: ['orders:write'] },
  unknown: { kind: 'service' },
}

const operations = {
  mine: query({
    route: 'GET /mine',
    access: signedIn(),
    run({ caller }) {
      expectTypeOf(caller).toEqualTypeOf<User>()
    },
  }),
  internal: query({
    route: 'GET /internal',
    access: service(),
    run({ caller }) {
      expectTypeOf(caller).toEqualTypeOf<ServiceCaller>()
    },
  }),
  billing: query({ route: 'GET /billing', access: service('billing', 'tax'), run: () => {} }),
  read: query({
    route: 'GET /read',
    access: hasScope('orders:read'),
    run({ caller }) {
      expectTypeOf(caller.scopes).toEqualTypeOf<readonly string[]>()
    },
  }),
  readAndWrite: query({
    route: 'GET /read-and-write',
    access: hasScope('orders:read', 'orders:write'),
    run: () => {},
  }),
  sensitive: query({
    route: 'GET /sensitive',
    access: recentlySignedIn('10m'),
    run({ caller }) {
      expectTypeOf(caller.id).toEqualTypeOf<string>()
      expectTypeOf(caller.authenticatedAt).toEqualTypeOf<Date>()
    },
  }),
  both: query({
    route: 'GET /both',
    access: allOf(signedIn(), hasScope('orders:write')),
    run({ caller }) {
      expectTypeOf(caller.kind).toEqualTypeOf<'user'>()
      expectTypeOf(caller.scopes).toEqualTypeOf<readonly string[]>()
    },
  }),
  either: query({
    route: 'GET /either',
    access: anyOf(signedIn(), service('billing')),
    run({ caller }) {
      expectTypeOf(caller).toEqualTypeOf<User | ServiceCaller>()
    },
  }),
}

const running = await startService(operations, {
  clock,
  identify: ({ header }) => callers[header('x-caller') ?? ''],
})

const as = async (operation: string, caller: string) => {
  const answer = await call(running, operation, { headers: { 'x-caller': caller } })
  return answer.status === 204 ? 204 : (bodyOf(answer) as { readonly code: string }).code
}

test.each([
  ['mine', 'nobody', 'unauthenticated'],
  ['mine', 'ann', 204],
  ['mine', 'nameless', 'forbidden'],
  ['mine', 'billing', 'forbidden'],
  ['internal', 'nobody', 'unauthenticated'],
  ['internal', 'billing', 204],
  ['internal', 'shipping', 204],
  ['internal', 'unknown', 'forbidden'],
  ['internal', 'ann', 'forbidden'],
  ['billing', 'billing', 204],
  ['billing', 'shipping', 'forbidden'],
  ['billing', 'nobody', 'unauthenticated'],
  ['read', 'nobody', 'unauthenticated'],
  ['read', 'billing', 204],
  ['read', 'shipping', 'insufficient-scope'],
  ['read', 'ann', 'insufficient-scope'],
  ['readAndWrite', 'cat', 204],
  ['readAndWrite', 'billing', 'insufficient-scope'],
  ['readAndWrite', 'shipping', 'insufficient-scope'],
  ['sensitive', 'nobody', 'unauthenticated'],
  ['sensitive', 'ann', 204],
  ['sensitive', 'bob', 'recent-sign-in-required'],
  ['sensitive', 'cat', 'recent-sign-in-required'],
  ['sensitive', 'billing', 'forbidden'],
  ['both', 'cat', 204],
  ['both', 'ann', 'insufficient-scope'],
  ['both', 'shipping', 'forbidden'],
  ['either', 'ann', 204],
  ['either', 'billing', 204],
  ['either', 'shipping', 'forbidden'],
  ['either', 'nobody', 'unauthenticated'],
])('a rule about the caller: %s as %s is answered with %s', async (operation, caller, expected) => {
  expect(await as(operation, caller)).toBe(expected)
})

test('a refusal contains what the caller needs', async () => {
  const refusal = async (operation: string, caller: string) =>
    bodyOf(await call(running, operation, { headers: { 'x-caller': caller } }))
  expect(await refusal('readAndWrite', 'billing')).toMatchObject({
    status: 403,
    scopes: ['orders:read', 'orders:write'],
  })
  expect(await refusal('sensitive', 'bob')).toMatchObject({ status: 401, maxAgeSeconds: 600 })
  expect(await refusal('billing', 'shipping')).toMatchObject({
    detail: 'The operation is not for the service "shipping".',
  })
})

test('a rule about the caller answers without a promise', async () => {
  const answer = running.call({
    operation: 'mine',
    input: { path: {}, query: {}, body: undefined },
    header: (name) => (name === 'x-caller' ? 'ann' : undefined),
  })
  expect(answer).toMatchObject({ status: 204 })
})

test('the name of a rule is its source text', () => {
  const rules = [signedIn(), service(), service('a', 'b'), hasScope('a', 'b'), recentlySignedIn('10m')]
  expect(rules.map(({ name }) => name)).toEqual([
    'signedIn()',
    'service()',
    "service('a', 'b')",
    "hasScope('a', 'b')",
    "recentlySignedIn('10m')",
  ])
})

test('recentlySignedIn rejects an age that is not a duration', () => {
  expect(() => recentlySignedIn('soon' as '1s')).toThrow(
    expect.objectContaining({ code: 'duration-invalid' }),
  )
})
