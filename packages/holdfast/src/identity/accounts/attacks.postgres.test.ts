import { until } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { password, startAccounts } from './accounts.fixture.ts'

const other = 'another long password'
const unknown = 'nobody@example.com'

/** Adds an account that is signed in to without a password. */
async function addAccountWithoutPassword(
  tested: { readonly sql: (text: string, values: unknown[]) => Promise<unknown> },
  email: string,
): Promise<void> {
  await tested.sql(
    `insert into holdfast.accounts (id, service, email, email_key, verified_at)
     values (gen_random_uuid(), 'accounts', $1, $1, now())`,
    [email],
  )
}

describe('enumeration of accounts', () => {
  test('a sign-in with an unknown address has the answer, the statements and the hashes of a wrong password', async () => {
    const { tested, signUp, signIn, done } = await startAccounts()
    await signUp('ann@example.com')
    await addAccountWithoutPassword(tested, 'bob@example.com')
    // The first sign-in of a process also creates the hash that stands for unknown accounts.
    await signIn(unknown)
    const seen = []
    for (const email of ['ann@example.com', unknown, 'bob@example.com']) {
      done.length = 0
      const { answer, usage } = await signIn(email, other)
      const { requestId: _, ...body } = JSON.parse(answer.body!) as Record<string, unknown>
      seen.push({
        status: answer.status,
        headers: Object.keys(answer.headers),
        body,
        hashes: [...done],
        statements: usage.statements,
      })
    }
    expect(seen[0]).toMatchObject({ status: 401, body: { code: 'credentials-invalid' }, hashes: ['verify'] })
    expect(seen[1]).toEqual(seen[0])
    expect(seen[2]).toEqual(seen[0])
  })

  test('a sign-up with a known address has the answer, the statements and the hashes of a new one, and changes nothing', async () => {
    const { tested, mailTo, signUp, signIn, done } = await startAccounts()
    await signUp('ann@example.com')
    const seen = []
    for (const email of ['ann@example.com', 'new@example.com']) {
      done.length = 0
      const usage = { statements: 0, databaseMs: 0 }
      const { status, body, cookies } = await tested.send('signUp', { email, password: other }, { usage })
      seen.push({ status, body, cookies, hashes: [...done], statements: usage.statements })
    }
    expect(seen[0]).toMatchObject({ status: 202, body: null, hashes: ['hash'] })
    expect(seen[1]).toEqual(seen[0])
    const notice = await mailTo('ann@example.com', 'You already have an account')
    expect(notice.text).not.toContain('#token')
    expect((await signIn('ann@example.com', other)).answer.status).toBe(401)
    expect((await signIn('ann@example.com')).answer.status).toBe(200)
  })

  test('a reset for an unknown address has the answer and the statements of a known one', async () => {
    const { tested, mail, signUp, tokenFor } = await startAccounts()
    await signUp('ann@example.com')
    const seen = []
    for (const email of [unknown, 'ann@example.com']) {
      const usage = { statements: 0, databaseMs: 0 }
      const { status, body } = await tested.send('requestPasswordReset', { email }, { usage })
      seen.push({ status, body, statements: usage.statements })
    }
    expect(seen[1]).toEqual(seen[0])
    await tokenFor('ann@example.com', 'reset')
    expect(mail.lastTo(unknown)).toBeUndefined()
  })

  test('the limit of attempts is the same for an unknown address', async () => {
    const { signUp, signIn, codeOf } = await startAccounts({ attempts: { perAccount: 2 } })
    await signUp('ann@example.com')
    const codes = async (email: string) => {
      const all = []
      for (let n = 0; n < 3; n += 1) all.push(codeOf((await signIn(email, other)).answer))
      return all
    }
    const expected = ['401 credentials-invalid', '401 credentials-invalid', '429 too-many-attempts']
    expect([await codes('ann@example.com'), await codes(unknown)]).toEqual([expected, expected])
  })
})

describe('guessing of passwords', () => {
  test('beyond the limit, the right password is refused, without a hash', async () => {
    const { tested, signUp, signIn, done, codeOf } = await startAccounts({ attempts: { perAccount: 2 } })
    await signUp('ann@example.com')
    for (let n = 0; n < 2; n += 1) await signIn('ann@example.com', other)
    done.length = 0
    expect(codeOf((await signIn('ann@example.com')).answer)).toBe('429 too-many-attempts')
    expect(done).toEqual([])
    await tested.sql('update holdfast.sign_in_failures set ends_at = now()')
    expect((await signIn('ann@example.com')).answer.status).toBe(200)
    // A success begins a new count.
    expect(codeOf((await signIn('ann@example.com', other)).answer)).toBe('401 credentials-invalid')
  })

  test('a guess is refused if the limit was reached while it was hashed', async () => {
    const limits = { attempts: { perAccount: 1 } }
    const gate: { closed?: Promise<void> } = {}
    const waiting: string[] = []
    const { tested, signIn, codeOf, tokenFor } = await startAccounts({
      ...limits,
      passwords: {
        hasher: {
          hash: (text) => Promise.resolve(`h:${text}`),
          async verify(text, hash) {
            waiting.push(text)
            if (text === password) await gate.closed
            return hash === `h:${text}`
          },
          needsRehash: () => false,
        },
        concurrency: 2,
      },
    })
    await tested.call.signUp({ email: 'ann@example.com', password })
    await tested.call.verifyEmail({ token: await tokenFor('ann@example.com', 'verify'), password })
    const released = Promise.withResolvers<void>()
    gate.closed = released.promise
    waiting.length = 0
    const guess = signIn('ann@example.com')
    await until(() => waiting.length === 1)
    expect(codeOf((await signIn('ann@example.com', other)).answer)).toBe('401 credentials-invalid')
    released.resolve()
    expect(codeOf((await guess).answer)).toBe('429 too-many-attempts')
  })

  test('a client with many addresses of a network is one client, and other clients are not affected', async () => {
    const { tested, browser, codeOf } = await startAccounts({ attempts: { perClient: 2 } })
    const attempt = async (address: string, email: string) =>
      codeOf(await tested.send('signIn', { email, password: other }, { headers: browser, peer: { address } }))
    expect(await attempt('2001:db8:0:1::1', 'a@example.com')).toBe('401 credentials-invalid')
    expect(await attempt('2001:db8:0:1:ffff::2', 'b@example.com')).toBe('401 credentials-invalid')
    expect(await attempt('2001:db8:0:1:2::3', 'c@example.com')).toBe('429 too-many-attempts')
    expect(await attempt('2001:db8:0:2::1', 'c@example.com')).toBe('401 credentials-invalid')
    expect(await attempt('203.0.113.7', 'c@example.com')).toBe('401 credentials-invalid')
  })

  test('the current password of a session is limited as well', async () => {
    const { tested, signUp, signIn, codeOf } = await startAccounts({ attempts: { perAccount: 1 } })
    await signUp('ann@example.com')
    const { headers } = await signIn('ann@example.com')
    const guess = () =>
      tested.send('changePassword', { currentPassword: other, newPassword: other }, { headers })
    expect([codeOf(await guess()), codeOf(await guess())]).toEqual([
      '401 credentials-invalid',
      '429 too-many-attempts',
    ])
  })
})

describe('links', () => {
  test('a token works once, even for two calls at the same time', async () => {
    const { tested, signUp, tokenFor, codeOf } = await startAccounts()
    await signUp('ann@example.com')
    await tested.call.requestPasswordReset({ email: 'ann@example.com' })
    const token = await tokenFor('ann@example.com', 'reset')
    const reset = () => tested.send('resetPassword', { token, password: other })
    const both = (await Promise.all([reset(), reset()])).map(codeOf)
    expect(both.toSorted()).toEqual(['204', '422 link-invalid'])
    expect(codeOf(await reset())).toBe('422 link-invalid')
  })

  test('a replay of the call with its key does not reset again', async () => {
    const { tested, signUp, tokenFor, signIn } = await startAccounts()
    await signUp('ann@example.com')
    await tested.call.requestPasswordReset({ email: 'ann@example.com' })
    const token = await tokenFor('ann@example.com', 'reset')
    const key = 'reset-ann-0f1e2d3c4b5a69788796a5b4c3d2e1f0'
    const reset = () => tested.send('resetPassword', { token, password: other }, { key })
    expect((await reset()).status).toBe(204)
    const { headers } = await signIn('ann@example.com', other)
    expect((await reset()).headers['idempotency-replayed']).toBe('true')
    expect((await tested.send('getAccount', {}, { headers })).status).toBe(200)
  })

  test('a token expires, has one purpose, and ends with a reset', async () => {
    const { tested, tokenFor, codeOf } = await startAccounts()
    await tested.call.signUp({ email: 'ann@example.com', password })
    const verify = await tokenFor('ann@example.com', 'verify')
    expect(codeOf(await tested.send('resetPassword', { token: verify, password: other }))).toBe(
      '422 link-invalid',
    )
    await tested.call.requestPasswordReset({ email: 'ann@example.com' })
    const first = await tokenFor('ann@example.com', 'reset')
    await tested.call.requestPasswordReset({ email: 'ann@example.com' })
    const second = await tokenFor('ann@example.com', 'reset', 2)
    expect(codeOf(await tested.send('verifyEmail', { token: first, password }))).toBe('422 link-invalid')
    await tested.call.resetPassword({ token: second, password: other })
    expect(codeOf(await tested.send('resetPassword', { token: first, password }))).toBe('422 link-invalid')
    expect(codeOf(await tested.send('verifyEmail', { token: verify, password: other }))).toBe(
      '422 link-invalid',
    )
    await tested.call.requestPasswordReset({ email: 'ann@example.com' })
    const late = await tokenFor('ann@example.com', 'reset', 3)
    await tested.sql('update holdfast.account_tokens set expires_at = now()')
    expect(codeOf(await tested.send('resetPassword', { token: late, password }))).toBe('422 link-invalid')
  })
})

describe('take-over', () => {
  test('a person who signs up with the address of another cannot use the account', async () => {
    const { tested, tokenFor, signIn, codeOf } = await startAccounts()
    // The attacker signs up with the address of the victim, and the victim opens the link.
    await tested.call.signUp({ email: 'victim@example.com', password: other })
    const token = await tokenFor('victim@example.com', 'verify')
    expect(codeOf(await tested.send('verifyEmail', { token, password }))).toBe('401 credentials-invalid')
    expect(codeOf((await signIn('victim@example.com', other)).answer)).toBe('403 email-unverified')
    // The victim signs up.
    await tested.call.signUp({ email: 'victim@example.com', password })
    await tested.call.verifyEmail({ token: await tokenFor('victim@example.com', 'verify', 3), password })
    expect((await signIn('victim@example.com', other)).answer.status).toBe(401)
    expect((await signIn('victim@example.com')).answer.status).toBe(200)
  })

  test('session fixation: the session before a sign-in is not the session after it', async () => {
    const { tested, clock, signUp, signIn, browser } = await startAccounts()
    await signUp('ann@example.com')
    await signUp('eve@example.com')
    const planted = await signIn('eve@example.com')
    const ann = await signIn('ann@example.com', password, { ...browser, cookie: planted.headers.cookie })
    expect(ann.headers.cookie).not.toBe(planted.headers.cookie)
    clock.advance(1_000)
    expect((await tested.send('getAccount', {}, { headers: planted.headers })).status).toBe(401)
    expect(await tested.call.getAccount({}, { headers: ann.headers })).toMatchObject({
      email: 'ann@example.com',
    })
  })

  test.each(['signIn', 'signOut', 'changePassword', 'signOutEverywhere', 'endOtherSessions'] as const)(
    'a page on another site cannot call %s',
    async (operation) => {
      const { tested, signUp, signIn, codeOf } = await startAccounts()
      await signUp('ann@example.com')
      const { headers } = await signIn('ann@example.com')
      const inputs = {
        signIn: { email: 'ann@example.com', password },
        changePassword: { currentPassword: password, newPassword: other },
        signOut: {},
        signOutEverywhere: {},
        endOtherSessions: {},
      }
      const call = { headers: { ...headers, origin: 'https://attacker.example' } }
      expect(codeOf(await tested.send(operation, inputs[operation] as never, call))).toBe(
        '403 cross-site-request',
      )
    },
  )

  test('a sign-up with the address of an account without a password sets none; a reset sets the first', async () => {
    const { tested, signIn, tokenFor, mailTo } = await startAccounts()
    await addAccountWithoutPassword(tested, 'ann@example.com')
    await tested.call.signUp({ email: 'ann@example.com', password: other })
    await mailTo('ann@example.com', 'You already have an account')
    expect((await signIn('ann@example.com', other)).answer.status).toBe(401)
    await tested.call.requestPasswordReset({ email: 'ann@example.com' })
    await tested.call.resetPassword({ token: await tokenFor('ann@example.com', 'reset'), password })
    const { answer, headers } = await signIn('ann@example.com')
    expect(answer.status).toBe(200)
    // A change of the password needs a password.
    await tested.sql('update holdfast.accounts set password_hash = null')
    const change = { currentPassword: password, newPassword: other }
    expect((await tested.send('changePassword', change, { headers })).status).toBe(401)
  })

  test('a user cannot end a session of another user', async () => {
    const { tested, clock, signUp, signIn } = await startAccounts()
    await signUp('ann@example.com')
    await signUp('eve@example.com')
    const [ann, eve] = [await signIn('ann@example.com'), await signIn('eve@example.com')]
    const [own] = await tested.call.listSessions({}, { headers: ann.headers })
    expect((await tested.send('endSession', { id: own!.id }, { headers: eve.headers })).status).toBe(204)
    clock.advance(1_000)
    expect((await tested.send('getAccount', {}, { headers: ann.headers })).status).toBe(200)
  })
})

test('no log line, job or stored answer contains a password, a token or a cookie', async () => {
  const { tested, lines, signUp, signIn, tokenFor } = await startAccounts()
  await signUp('ann@example.com')
  const { headers } = await signIn('ann@example.com')
  await signIn('ann@example.com', other)
  await tested.call.requestPasswordReset({ email: 'ann@example.com' })
  const token = await tokenFor('ann@example.com', 'reset')
  await tested.call.resetPassword({ token, password: other })
  const tables = await tested.sql<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'holdfast'::regnamespace and relkind in ('r', 'p')`,
  )
  const rows = []
  for (const { name } of tables)
    if (name !== 'accounts')
      rows.push(...(await tested.sql<{ row: string }>(`select t::text as row from holdfast.${name} t`)))
  const stored = rows.map(({ row }) => row).join('\n') + lines.join('\n')
  const cookie = headers.cookie.split('=')[1]!
  for (const secret of [password, other, token, cookie]) {
    expect(stored).not.toContain(secret)
    expect(stored).not.toContain(Buffer.from(secret).toString('hex'))
  }
})
