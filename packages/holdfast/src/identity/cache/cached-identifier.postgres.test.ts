import { access, holdfast, Unauthenticated } from 'holdfast'
import { cachedIdentifier } from 'holdfast/identity'
import { postgres, sql, type SqlDatabase } from 'holdfast/postgres'
import { createFakeClock, createTestService, type TestService } from 'holdfast/testing'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'

const sessions = cachedIdentifier<SqlDatabase>({
  name: 'session',
  securitySchemes: { session: { scheme: 'bearer' } },
  key: ({ header }) => header('authorization')?.replace('Bearer ', ''),
  async load(token, { db }) {
    const [session] = await db.query<{ account: string }>(
      sql`select account from sessions where token = ${token}`,
    )
    if (!session) throw Unauthenticated({ detail: 'The session has ended.' })
    return { kind: 'user', id: session.account }
  },
})
const app = holdfast({ database: postgres(), identify: [sessions] })
const signedIn = access('signedIn()', ({ caller }) => (caller.id === undefined ? Unauthenticated() : caller))
const whoAmI = app.query({
  route: 'GET /me',
  access: signedIn,
  output: z.object({ id: z.string() }),
  run: ({ caller }) => ({ id: caller.id ?? '' }),
})
const service = app.service({ name: 'cached', operations: { whoAmI } })
const headers = { authorization: 'Bearer s-ann' }

async function start(clock = createFakeClock()): Promise<TestService<typeof service.operations>> {
  const tested = await createTestService(service, { clock, onLog: () => {} })
  onTestFinished(() => tested.stop())
  await tested.sql('create table sessions (token text primary key, account text not null)')
  return tested
}

/** Returns a call's status and its number of statements. */
async function ask(tested: TestService<typeof service.operations>) {
  const usage = { statements: 0, databaseMs: 0 }
  const { status } = await tested.send('whoAmI', {}, { headers, usage })
  return { status, statements: usage.statements }
}

test('a miss runs one statement, and a hit none; a revoked session is refused after a second', async () => {
  const clock = createFakeClock()
  const tested = await start(clock)
  await tested.sql(`insert into sessions values ('s-ann', 'ann')`)
  expect(await ask(tested)).toEqual({ status: 200, statements: 1 })
  expect(await ask(tested)).toEqual({ status: 200, statements: 0 })
  await tested.sql('delete from sessions')
  clock.advance(999)
  expect(await ask(tested)).toEqual({ status: 200, statements: 0 })
  clock.advance(1)
  expect(await ask(tested)).toEqual({ status: 401, statements: 1 })
})

test('a session that begins is accepted at once, although it was refused before', async () => {
  const tested = await start()
  expect(await ask(tested)).toEqual({ status: 401, statements: 1 })
  await tested.sql(`insert into sessions values ('s-ann', 'ann')`)
  expect(await ask(tested)).toEqual({ status: 200, statements: 1 })
})

test('services with different databases share no callers', async () => {
  const clock = createFakeClock()
  const first = await start(clock)
  await first.sql(`insert into sessions values ('s-ann', 'ann')`)
  expect((await ask(first)).status).toBe(200)
  expect(await ask(await start(clock))).toEqual({ status: 401, statements: 1 })
})
