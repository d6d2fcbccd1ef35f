import { randomBytes, randomUUID, randomUUIDv7 } from 'node:crypto'
import { anyone, type Answer, cookie, event, holdfast, problem, respond } from 'holdfast'
import { toOpenApi } from 'holdfast/openapi'
import { postgres, sql } from 'holdfast/postgres'
import { eraseSubject, exportSubject, type SubjectRecord } from 'holdfast/erasure'
import { listKeys, pruneKeys, showKey } from 'holdfast/idempotency'
import { createTelemetry } from 'holdfast/telemetry'
import { createTestService, type TestService, until } from 'holdfast/testing'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { openDriverPool } from '../../storage/postgres/session/driver-client.ts'
import { testHost } from '../../../test/test-host.ts'

const Refused = problem('refused', { status: 422, title: 'Refused' })
const session = cookie('__Host-session')
const app = holdfast({ database: postgres() })
const { mutation, query, job, service } = app

let runs = 0
const noted = event('signed-in', { payload: z.object({ name: z.string() }) })
const note = job({ name: 'note', input: z.object({ name: z.string() }), run: async () => {} })
const input = z.object({ name: z.string().max(20), password: z.string().max(40) })

const signIn = mutation({
  route: 'POST /sign-in',
  access: anyone('a test'),
  input,
  output: z.object({ token: z.string() }),
  headers: { 'X-Token': 'The token, too.' },
  cookies: [session],
  problems: [Refused],
  sealed: true,
  deadline: '4m',
  subjectsOf: ({ input: { name } }) => `user:${name}`,
  async run({ input: { name, password }, db, jobs, publish, log }) {
    runs += 1
    if (password === 'wrong') throw Refused({ detail: 'The token is hidden-detail.' })
    await db.query(sql`select 1`)
    await jobs.enqueue(note, { name })
    await publish(noted, name, { name })
    log.info('signed in')
    const token = `token-of-${name}-0123456789`
    return respond(
      { token },
      { headers: { 'X-Token': `header-${token}` }, cookies: [session.set(`cookie-${token}`)] },
    )
  },
})
const plainSignIn = mutation({
  route: 'POST /sign-in',
  access: anyone('a test'),
  input,
  output: z.object({ token: z.string() }),
  run: () => ({ token: 'plain' }),
})
const jobs = [note]
const sealedService = service({ name: 'sealed-test', operations: { signIn }, jobs })
const plainService = service({ name: 'sealed-test', operations: { signIn: plainSignIn }, jobs })

type Tested = TestService<typeof sealedService.operations>

const oldKey = randomBytes(32).toString('base64url')
const newKey = randomBytes(32).toString('base64url')

async function start(options: Parameters<typeof createTestService>[1] = {}): Promise<Tested> {
  runs = 0
  const tested = await createTestService(sealedService, {
    onLog: () => {},
    env: { SECRET_KEYS: oldKey },
    ...options,
  })
  onTestFinished(() => tested.stop())
  return tested
}

/** Sends the request to a service that has different secret keys, on the same database. */
async function sendWith(
  tested: Tested,
  keys: string,
  {
    key,
    body,
    of = sealedService,
  }: { key: string; body: object; of?: typeof sealedService | typeof plainService },
): Promise<Answer> {
  const other = await of.start(testHost({ env: { DATABASE_URL: tested.databaseUrl, SECRET_KEYS: keys } }))
  try {
    return await other.call({
      operation: 'signIn',
      input: { path: {}, query: {}, body },
      header: (name) => (name === 'idempotency-key' ? key : undefined),
    })
  } finally {
    await other.stop()
  }
}

function codeOf({ body }: Answer): unknown {
  return (JSON.parse(body ?? '{}') as { code?: unknown }).code
}

/** Returns all values in all tables of the database, as text and in hex. */
async function dump(tested: Tested): Promise<string> {
  const tables = await tested.sql<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema')`,
  )
  const texts = await Promise.all(
    tables.map(async ({ name }) => {
      const rows = await tested.sql<{ row: string }>(`select each::text as row from ${name} as each`)
      return rows.map(({ row }) => row)
    }),
  )
  return texts.flat().join('\n')
}

/** Returns the forms in which the database could store a text. */
function formsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text)
  return [text, bytes.toString('hex'), bytes.toString('base64').slice(0, -4), bytes.toString('base64url')]
}

const body = { name: 'ann', password: 'correct-horse' }

test('a replay has the same bytes, headers and cookies', async () => {
  const tested = await start()
  const key = randomUUID()
  const first = await tested.send('signIn', body, { key })
  expect(first).toMatchObject({
    status: 200,
    headers: { 'x-token': 'header-token-of-ann-0123456789', 'cache-control': 'no-store' },
    cookies: [expect.stringContaining('cookie-token-of-ann-0123456789')],
  })
  const second = await tested.send('signIn', body, { key })
  expect(second).toEqual({ ...first, headers: { ...first.headers, 'idempotency-replayed': 'true' } })
  expect(runs).toBe(1)
  const response = await tested.fetch('/sign-in', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': `"${key}"` },
    body: JSON.stringify(body),
  })
  expect(response.headers.getSetCookie()).toEqual(first.cookies)
})

test('a copy of the database has neither the key, nor the answer, nor a hash of the request', async () => {
  const lines: string[] = []
  const telemetry = createTelemetry({ runtimeMetrics: false }, { env: { NODE_ENV: 'test' } })
  const reader = telemetry.readSpans()
  const tested = await start({ onLog: (line) => lines.push(line), telemetry })
  const [key, refused] = [randomUUID(), randomUUID()]
  const bodyText = JSON.stringify(body)
  for (const [sent, text] of [
    [key, bodyText],
    [key, bodyText],
    [key, bodyText.replace('ann', 'bob')],
    [refused, bodyText.replace('correct-horse', 'wrong')],
  ] as const)
    await tested.fetch('/sign-in', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': `"${sent}"` },
      body: text,
    })
  await until(
    async () => (await tested.sql(`select from holdfast.all_jobs where state = 'succeeded'`)).length > 0,
  )
  const stored = await dump(tested)
  // The search works: it finds a value that is stored.
  expect(stored).toContain('sealed-test')
  const { canonicalRequest, fingerprintOf } = await import('./fingerprint.ts')
  const { route } = tested.running.operations.get('signIn')!
  const hashed = fingerprintOf(canonicalRequest(route, { path: {}, query: {}, body })).toString('hex')
  const secrets = [key, refused, 'token-of-ann', 'hidden-detail', 'correct-horse', key.replaceAll('-', '')]
  for (const text of [...secrets.flatMap(formsOf), hashed.slice(2)]) expect(stored).not.toContain(text)
  const spans = JSON.stringify(reader.take(1_000).items, (_, value: unknown) =>
    value instanceof Map ? [...value] : value,
  )
  expect(spans).toContain('transaction')
  expect(lines.join('\n')).toContain('signed in')
  for (const text of [key, refused]) {
    expect(lines.join('\n')).not.toContain(text)
    expect(spans).not.toContain(text)
  }
  await telemetry.stop()
})

test('the secret keys and a copy of the database do not open an answer', async () => {
  const tested = await start()
  await tested.send('signIn', body, { key: randomUUID() })
  const [row] = await tested.sql<{ id: string; scope: string; body: string; key: string }>(
    'select id, scope, body, key from holdfast.idempotency_keys',
  )
  const { SecretKeys } = await import('../../platform/secret-keys/secret-keys.ts')
  const keys = new SecretKeys([Buffer.from(oldKey, 'base64url')])
  for (const keyMaterial of ['', row!.key, row!.id]) {
    const sealing = {
      purpose: 'idempotency-answer',
      context: ['sealed-test', row!.scope, row!.id, '200'],
      keyMaterial,
    }
    expect(() => keys.open(Buffer.from(row!.body, 'base64'), sealing)).toThrow(/cannot be opened/)
  }
})

test('a problem is sealed and replayed, too', async () => {
  const tested = await start()
  const key = randomUUID()
  const wrong = { ...body, password: 'wrong' }
  const first = await tested.send('signIn', wrong, { key })
  expect(first.status).toBe(422)
  expect((await tested.send('signIn', wrong, { key })).body).toBe(first.body)
  expect(runs).toBe(1)
})

test('the key with another request gets a 422', async () => {
  const tested = await start()
  const key = randomUUID()
  await tested.send('signIn', body, { key })
  expect(codeOf(await tested.send('signIn', { ...body, name: 'bob' }, { key }))).toBe(
    'idempotency-key-reused',
  )
  // The stored answer takes precedence over the schema only for the same request.
  expect(codeOf(await tested.send('signIn', { ...body, name: 'b'.repeat(21) }, { key }))).toBe(
    'invalid-input',
  )
  expect(runs).toBe(1)
})

test.each([randomUUIDv7(), 'order-17', 'a'.repeat(40)])('the key %s is refused', async (key) => {
  const tested = await start()
  const answer = await tested.send('signIn', body, { key })
  expect(answer.status).toBe(400)
  expect(codeOf(answer)).toBe('idempotency-key-guessable')
  expect(answer.body).not.toContain(key)
  expect(runs).toBe(0)
})

test('an answer is replayed after a rotation, and never runs again without its secret key', async () => {
  const tested = await start()
  const key = randomUUID()
  const first = await tested.send('signIn', body, { key })
  const rotated = await sendWith(tested, `${newKey},${oldKey}`, { key, body })
  expect({ body: rotated.body, cookies: rotated.cookies }).toEqual({
    body: first.body,
    cookies: first.cookies,
  })
  const lost = await sendWith(tested, newKey, { key, body })
  expect(lost.status).toBe(500)
  expect(codeOf(lost)).toBe('idempotency-answer-unreadable')
  expect(runs).toBe(1)
  expect((await sendWith(tested, `${newKey},${oldKey}`, { key, body })).body).toBe(first.body)
})

test('an altered or moved answer is unreadable', async () => {
  const tested = await start()
  const [one, two] = [randomUUID(), randomUUID()]
  await tested.send('signIn', body, { key: one })
  await tested.send('signIn', body, { key: two })
  const [row] = await tested.sql<{ leaf: string }>(
    `select tableoid::regclass::text as leaf from holdfast.idempotency_keys_0 union all
     ${[1, 2, 3, 4, 5, 6, 7].map((leaf) => `select tableoid::regclass::text from holdfast.idempotency_keys_${leaf}`).join(' union all ')}`,
  )
  const { keyIdOf } = await import('./key-id.ts')
  const { scopeOf } = await import('../../kernel/operation/caller.ts')
  const { anonymous } = await import('../../kernel/operation/caller.ts')
  const idOf = (key: string) => keyIdOf('sealed-test', scopeOf(anonymous), key)
  for (let leaf = 0; leaf < 8; leaf += 1) {
    await tested.sql(
      `update holdfast.idempotency_keys_${leaf} as this set body = (
         select body from holdfast.idempotency_keys where id = $2
       ) where id = $1`,
      [idOf(one), idOf(two)],
    )
  }
  expect(row).toBeDefined()
  expect(codeOf(await tested.send('signIn', body, { key: one }))).toBe('idempotency-answer-unreadable')
  expect((await tested.send('signIn', body, { key: two })).status).toBe(200)
  expect(runs).toBe(2)
})

test('a deploy may seal answers or stop sealing them', async () => {
  const tested = await start()
  const [sealed, plain] = [randomUUID(), randomUUID()]
  const first = await tested.send('signIn', body, { key: sealed })
  const unsealed = await sendWith(tested, oldKey, { key: sealed, body, of: plainService })
  expect(unsealed).toMatchObject({ body: first.body, cookies: first.cookies })
  await sendWith(tested, oldKey, { key: plain, body, of: plainService })
  expect((await tested.send('signIn', body, { key: plain })).body).toBe('{"token":"plain"}')
  expect(runs).toBe(1)
})

test('in production, a service with sealed answers does not start without secret keys', async () => {
  const tested = await start()
  const env = { DATABASE_URL: tested.databaseUrl }
  await expect(sealedService.start(testHost({ env, mode: 'production' }))).rejects.toMatchObject({
    code: 'configuration-invalid',
    message: expect.stringContaining('is needed by the sealed answers of signIn'),
  })
  await (await plainService.start(testHost({ env, mode: 'production' }))).stop()
})

test('sealed keys are listed, shown, pruned, exported and erased', async () => {
  const tested = await start()
  const key = randomUUID()
  await tested.send('signIn', body, { key })
  const client = openDriverPool({ connectionString: tested.databaseUrl, max: 1 })
  // Dropping the database terminates idle connections, which the test no longer needs.
  client.on('error', () => {})
  onTestFinished(() => client.end())
  const shown = await showKey(client, key)
  expect(shown).toMatchObject({
    key: expect.stringMatching(/^sha256:/),
    isSealed: true,
    headers: {},
    body: null,
  })
  expect(await listKeys(client, { key })).toMatchObject([{ isSealed: true, status: 200 }])
  const exported: SubjectRecord[] = []
  for await (const record of exportSubject(client, 'user:ann', { service: 'sealed-test' }))
    exported.push(record)
  expect(exported).toContainEqual(
    expect.objectContaining({ kind: 'idempotency-key', isSealed: true, body: null }),
  )
  await eraseSubject(client, 'user:ann', { service: 'sealed-test' })
  expect(codeOf(await tested.send('signIn', body, { key }))).toBe('idempotency-answer-erased')
  const other = randomUUID()
  await tested.send('signIn', { ...body, name: 'bob' }, { key: other })
  for (let leaf = 0; leaf < 8; leaf += 1)
    await tested.sql(`update holdfast.idempotency_keys_${leaf} set created_at = now() - interval '9 days'`)
  expect(await pruneKeys(client, '8d')).toBeGreaterThan(0)
  expect(await listKeys(client)).toEqual([])
})

test('the OpenAPI document asks for a random key, and lists the problems of sealed answers', async () => {
  const tested = await start()
  const { post } = toOpenApi(tested.running).paths['/sign-in']!
  const text = JSON.stringify(post)
  expect(text).toContain('at least 122 random bits')
  expect(text).not.toContain('UUIDv7')
  expect(text).toContain('idempotency-key-guessable')
  expect(text).toContain('idempotency-answer-unreadable')
})

test('a sealed query does not start', async () => {
  const sly = query({
    route: 'GET /sly',
    access: anyone('a test'),
    run: () => {},
    // @ts-expect-error A query cannot be sealed.
    sealed: true,
  })
  await expect(service({ name: 'sly', operations: { sly } }).start(testHost())).rejects.toMatchObject({
    code: 'service-invalid',
    message: expect.stringContaining('a query cannot be `sealed`'),
  })
})
