import { createHash } from 'node:crypto'
import { anyone, holdfast, respond } from 'holdfast'
import { inSession, sessions, type SessionOptions } from 'holdfast/auth'
import { postgres } from 'holdfast/postgres'
import { createFakeClock, createTestService, until } from 'holdfast/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'

/** Starts a service in which anyone can begin a session for any user. */
async function start(options: SessionOptions = {}) {
  const session = sessions(options)
  const app = holdfast({ database: postgres(), identify: session })
  const signIn = app.mutation({
    route: 'POST /session',
    access: anyone('a test'),
    input: z.object({ user: z.string(), tenant: z.string().optional(), agent: z.string().optional() }),
    cookies: [session.cookie],
    async run({ input: { user, tenant, agent }, caller, transaction }) {
      const replaces = 'session' in caller ? String(caller.session) : undefined
      const begun = { user, tenant, replaces, address: '203.0.113.7', userAgent: agent }
      return respond(undefined, { cookies: [await session.begin(transaction, begun)] })
    },
  })
  const whoAmI = app.query({
    route: 'GET /me',
    access: inSession(),
    output: z.object({ id: z.string(), session: z.string(), tenant: z.string(), minutes: z.number() }),
    run: ({ caller }) => ({
      id: caller.id,
      session: caller.session,
      tenant: caller.tenant ?? '',
      minutes: Math.round((Date.now() - caller.authenticatedAt!.getTime()) / 60_000),
    }),
  })
  const list = app.query({
    route: 'GET /sessions',
    access: inSession(),
    output: z.array(z.object({ id: z.string(), agent: z.string() })).max(100),
    run: async ({ caller, statements }) =>
      (await session.list(statements, { user: caller.id })).map(({ id, userAgent = '' }) => ({
        id,
        agent: userAgent,
      })),
  })
  const end = app.mutation({
    route: 'DELETE /sessions/{id}',
    access: inSession(),
    input: z.object({ id: z.uuid() }),
    output: z.object({ ended: z.boolean() }),
    run: async ({ caller, input, transaction }) => ({
      ended: await session.end(transaction, { user: caller.id, id: input.id }),
    }),
  })
  const endOthers = app.mutation({
    route: 'DELETE /sessions',
    access: inSession(),
    input: z.object({ others: z.boolean() }),
    output: z.object({ count: z.int() }),
    run: async ({ caller, input, transaction }) => ({
      count: await session.endAll(transaction, {
        user: caller.id,
        ...(input.others ? { except: caller.session } : {}),
      }),
    }),
  })
  const service = app.service({ name: 'sessions', operations: { signIn, whoAmI, list, end, endOthers } })
  const clock = createFakeClock()
  const tested = await createTestService(service, { clock, onLog: () => {} })
  onTestFinished(() => tested.stop())
  /** Signs in, and returns the headers of further calls. */
  const begin = async (user: string, { cookie = '', agent = 'test' } = {}) => {
    const headers = { cookie, origin: 'http://localhost', host: 'localhost' }
    const answer = await tested.send('signIn', { user, agent }, { headers })
    expect(answer.status).toBe(204)
    const field = answer.cookies?.[0] ?? ''
    return { field, headers: { ...headers, cookie: field.split(';')[0]! } }
  }
  type Headers = Readonly<Record<string, string>>
  const who = async (headers: Headers) => {
    const usage = { statements: 0, databaseMs: 0 }
    const { status, body } = await tested.send('whoAmI', {}, { headers, usage })
    return {
      status,
      body: JSON.parse(body ?? '{}') as { id: string; session: string },
      statements: usage.statements,
    }
  }
  return { tested, clock, begin, who }
}

test('the cookie is bound to its host, and the database has only the hash of its token', async () => {
  const { tested, begin, who } = await start()
  const { field, headers } = await begin('ann')
  expect(field).toMatch(
    /^__Host-session=[A-Za-z0-9_-]{43}; Max-Age=2592000; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
  )
  const token = headers.cookie.slice('__Host-session='.length)
  expect(await tested.sql('select token_hash from holdfast.sessions')).toEqual([
    { token_hash: createHash('sha256').update(token).digest() },
  ])
  expect(JSON.stringify(await tested.sql('select s::text from holdfast.sessions s'))).not.toContain(token)
  expect(await who(headers)).toMatchObject({ status: 200, body: { id: 'ann', tenant: '', minutes: 0 } })
})

test('a call costs one statement if its session is not in the cache, and none if it is', async () => {
  const { begin, who } = await start()
  const { headers } = await begin('ann')
  expect(await who(headers)).toMatchObject({ status: 200, statements: 1 })
  expect(await who(headers)).toMatchObject({ status: 200, statements: 0 })
})

test('a session that was ended is refused within a second', async () => {
  const { tested, clock, begin, who } = await start()
  const { headers } = await begin('ann')
  expect((await who(headers)).status).toBe(200)
  await tested.sql('delete from holdfast.sessions')
  clock.advance(1_000)
  const { status, body } = await who(headers)
  expect([status, body]).toMatchObject([401, { detail: 'The session has ended.' }])
})

test.each(['x', 'a'.repeat(42), `${'a'.repeat(42)}!`, 'a'.repeat(4000)])(
  'a cookie that is not a token is refused without a statement: %.20s',
  async (token) => {
    const { who } = await start()
    expect(await who({ cookie: `__Host-session=${token}` })).toMatchObject({ status: 401, statements: 0 })
  },
)

describe('age', () => {
  const day = 24 * 60
  test.each([
    ['idle for less than the idle age', `seen_at = now() - interval '${7 * day - 1} minutes'`, 200],
    ['idle for the idle age', `seen_at = now() - interval '${7 * day} minutes'`, 401],
    ['younger than the max age', `expires_at = now() + interval '1 minute'`, 200],
    ['older than the max age, although it is used', `expires_at = now()`, 401],
  ])('a session that is %s', async (_, change, status) => {
    const { tested, begin, who } = await start()
    const { headers } = await begin('ann')
    await tested.sql(`update holdfast.sessions set ${change}`)
    expect((await who(headers)).status).toBe(status)
  })

  test('the ages are options', async () => {
    const { tested, begin, who } = await start({ idleAge: '10m', maxAge: '1h', cookie: '__Host-sid' })
    const { field, headers } = await begin('ann')
    expect(field).toMatch(/^__Host-sid=.*; Max-Age=3600;/)
    await tested.sql(`update holdfast.sessions set seen_at = now() - interval '10 minutes'`)
    expect((await who(headers)).status).toBe(401)
  })

  const seenAgo = (age: string) => `update holdfast.sessions set seen_at = now() - interval '${age}'`
  const secondsAgo = 'select extract(epoch from now() - seen_at)::int as age from holdfast.sessions'

  test('a use is written after the call, and extends the session', async () => {
    const { tested, clock, begin, who } = await start()
    const { headers } = await begin('ann')
    await tested.sql(seenAgo('2 minutes'))
    expect(await who(headers)).toMatchObject({ status: 200, statements: 1 })
    expect((await tested.sql<{ age: number }>(secondsAgo))[0]!.age).toBeGreaterThanOrEqual(120)
    clock.advance(10_000)
    await until(async () => (await tested.sql<{ age: number }>(secondsAgo))[0]!.age < 60)
  })

  test('a use is written at most once a minute', async () => {
    const { tested, begin, who } = await start()
    const { headers } = await begin('ann')
    const version = 'select xmin::text from holdfast.sessions'
    const before = await tested.sql(version)
    expect((await who(headers)).status).toBe(200)
    // Writes what was collected.
    await tested.running.stop()
    expect(await tested.sql(version)).toEqual(before)
  })

  test('a use is written when the service stops', async () => {
    const { tested, begin, who } = await start()
    const { headers } = await begin('ann')
    await tested.sql(`update holdfast.sessions set seen_at = now() - interval '2 minutes'`)
    await who(headers)
    await tested.running.stop()
    expect(
      await tested.sql(`select 1 as n from holdfast.sessions where seen_at > now() - interval '1 minute'`),
    ).toEqual([{ n: 1 }])
  })
})

describe('attacks', () => {
  test('session fixation: a token from the client never becomes a session, and a sign-in changes the token', async () => {
    const { tested, clock, begin, who } = await start()
    const planted = { cookie: `__Host-session=${'a'.repeat(43)}` }
    const ann = await begin('ann', planted)
    expect(ann.headers.cookie).not.toBe(planted.cookie)
    expect((await who(planted)).status).toBe(401)
    const again = await begin('ann', { cookie: ann.headers.cookie })
    expect(again.headers.cookie).not.toBe(ann.headers.cookie)
    clock.advance(1_000)
    expect([(await who(ann.headers)).status, (await who(again.headers)).status]).toEqual([401, 200])
    expect(await tested.sql('select account from holdfast.sessions')).toEqual([{ account: 'ann' }])
  })

  test('a sign-in as another user ends the session of the browser', async () => {
    const { clock, begin, who } = await start()
    const ann = await begin('ann')
    const eve = await begin('eve', { cookie: ann.headers.cookie })
    clock.advance(1_000)
    expect([(await who(ann.headers)).status, (await who(eve.headers)).body.id]).toEqual([401, 'eve'])
  })

  test('cookie tossing: a second cookie of the same name makes the caller anonymous', async () => {
    const { begin, who } = await start()
    const [ann, eve] = [await begin('ann'), await begin('eve')]
    for (const cookie of [
      `${eve.headers.cookie}; ${ann.headers.cookie}`,
      `${ann.headers.cookie}; ${eve.headers.cookie}`,
    ])
      expect(await who({ cookie })).toMatchObject({ status: 401, statements: 0 })
  })

  test('a session is worthless in another service on the same database', async () => {
    const { tested, begin, who } = await start()
    const { headers } = await begin('ann')
    await tested.sql(`update holdfast.sessions set service = 'other'`)
    expect((await who(headers)).status).toBe(401)
  })
})

describe('lists', () => {
  test('a user sees and ends only their own sessions', async () => {
    const { tested, clock, begin, who } = await start()
    const phone = await begin('ann', { agent: 'phone' })
    const laptop = await begin('ann', { agent: 'laptop' })
    const eve = await begin('eve')
    const listed = await tested.call.list({}, { headers: laptop.headers })
    expect(listed.map(({ agent }) => agent)).toEqual(['laptop', 'phone'])
    const ofEve = (await who(eve.headers)).body.session
    expect(await tested.call.end({ id: ofEve }, { headers: laptop.headers })).toEqual({ ended: false })
    expect(await tested.call.end({ id: listed[1]!.id }, { headers: laptop.headers })).toEqual({ ended: true })
    clock.advance(1_000)
    const statuses = [phone, laptop, eve].map(async ({ headers }) => (await who(headers)).status)
    expect(await Promise.all(statuses)).toEqual([401, 200, 200])
  })

  test('all others end, or all', async () => {
    const { tested, clock, begin, who } = await start()
    await begin('ann')
    await begin('ann')
    const { headers } = await begin('ann')
    const eve = await begin('eve')
    expect(await tested.call.endOthers({ others: true }, { headers })).toEqual({ count: 2 })
    clock.advance(1_000)
    expect((await who(headers)).status).toBe(200)
    expect(await tested.call.endOthers({ others: false }, { headers })).toEqual({ count: 1 })
    clock.advance(1_000)
    expect([(await who(headers)).status, (await who(eve.headers)).status]).toEqual([401, 200])
  })

  test('beyond the limit, the oldest session of the user ends', async () => {
    const { tested, begin } = await start({ maxPerUser: 2 })
    for (const agent of ['1', '2', '3']) await begin('ann', { agent })
    await begin('eve')
    expect(await tested.sql('select account, user_agent from holdfast.sessions order by created_at')).toEqual(
      [
        { account: 'ann', user_agent: '2' },
        { account: 'ann', user_agent: '3' },
        { account: 'eve', user_agent: 'test' },
      ],
    )
  })

  test('a long user agent is stored in part', async () => {
    const { tested, begin } = await start()
    await begin('ann', { agent: `${'x'.repeat(499)}😀` })
    const [row] = await tested.sql<{ user_agent: string }>('select user_agent from holdfast.sessions')
    expect(row!.user_agent).toBe(`${'x'.repeat(499)}\uFFFD`)
  })
})

test.each([
  [{ cookie: 'session' }, 'must begin with __Host-'],
  [{ maxPerUser: 0 }, 'maxPerUser of sessions is 0'],
  [{ maxAge: '401d' }, 'maxAge of sessions'],
  [{ idleAge: '0s' }, 'idleAge of sessions'],
])('%o is refused', (options, message) => {
  expect(() => sessions(options as SessionOptions)).toThrow(message)
})
