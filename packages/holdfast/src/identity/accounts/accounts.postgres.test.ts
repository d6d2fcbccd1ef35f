import { until } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { password, startAccounts } from './accounts.fixture.ts'

const other = 'another long password'

describe('sign-up and sign-in', () => {
  test('an account is created, verified, signed in and signed out', async () => {
    const { tested, clock, mail, signIn, tokenFor, codeOf } = await startAccounts()
    const answer = await tested.send('signUp', { email: 'Ann@Example.com', password })
    expect([answer.status, answer.body]).toEqual([202, null])
    expect(codeOf((await signIn('ann@example.com')).answer)).toBe('403 email-unverified')
    const token = await tokenFor('Ann@Example.com', 'verify')
    expect(mail.mails[0]!.text).toContain(`https://app.test/verify#token=${token}`)
    expect((await tested.send('verifyEmail', { token, password })).status).toBe(204)
    const { answer: signedIn, headers } = await signIn('ANN@example.com')
    expect(signedIn.status).toBe(200)
    const account = await tested.call.getAccount({}, { headers })
    expect(account).toMatchObject({
      id: (JSON.parse(signedIn.body!) as { account: string }).account,
      email: 'Ann@Example.com',
    })
    const out = await tested.send('signOut', {}, { headers })
    expect([out.status, out.cookies]).toEqual([
      204,
      ['__Host-session=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax'],
    ])
    clock.advance(1_000)
    expect((await tested.send('getAccount', {}, { headers })).status).toBe(401)
    // A second sign-out, and one without a session, succeed.
    expect((await tested.send('signOut', {}, { headers })).status).toBe(204)
    expect((await tested.send('signOut', {})).status).toBe(204)
  })

  test('a retried sign-in begins one session', async () => {
    const { tested, signUp, browser } = await startAccounts()
    await signUp('ann@example.com')
    const send = () =>
      tested.send(
        'signIn',
        { email: 'ann@example.com', password },
        { headers: browser, key: 'sign-in-ann-4b825dc642cb6eb9a060e54bf8d69288' },
      )
    const [first, second] = [await send(), await send()]
    expect([first.status, second.status]).toEqual([200, 200])
    // The stored answer is sealed, so the replay has the cookie.
    expect(second.cookies).toEqual(first.cookies)
    expect(await tested.sql('select account from holdfast.sessions')).toHaveLength(1)
  })

  test('a password is hashed again at a sign-in if the parameters have changed', async () => {
    const { tested, signUp, signIn, state } = await startAccounts()
    await signUp('ann@example.com')
    state.version = 2
    expect((await signIn('ann@example.com')).answer.status).toBe(200)
    const [row] = await tested.sql<{ password_hash: string }>('select password_hash from holdfast.accounts')
    expect(row!.password_hash).toMatch(/^v2\$/)
    expect((await signIn('ann@example.com')).answer.status).toBe(200)
  })

  test.each([
    [{ email: 'ann', password }, '422 invalid-input'],
    [{ email: `${'a'.repeat(251)}@b.c`, password }, '422 invalid-input'],
    [{ email: 'ann@example.com', password: 'too short' }, '422 password-unacceptable'],
    [{ email: 'ann@example.com', password: 'x'.repeat(5_000) }, '422 invalid-input'],
    [{ email: 'ann@example.com' }, '422 invalid-input'],
    [{ email: 'ann@example.com', password, role: 'admin' }, '422 invalid-input'],
  ])('a sign-up with %.40j is refused', async (input, code) => {
    const { tested, codeOf } = await startAccounts()
    expect(codeOf(await tested.send('signUp', input as { email: string; password: string }))).toBe(code)
    expect(await tested.sql('select 1 from holdfast.accounts')).toEqual([])
  })
})

describe('passwords', () => {
  test('a change of the password ends the other sessions, and replaces the own one', async () => {
    const { tested, clock, signUp, signIn, codeOf } = await startAccounts()
    await signUp('ann@example.com')
    const phone = await signIn('ann@example.com')
    const laptop = await signIn('ann@example.com')
    const change = { currentPassword: password, newPassword: other }
    const wrong = await tested.send(
      'changePassword',
      { ...change, currentPassword: other },
      { headers: laptop.headers },
    )
    expect(codeOf(wrong)).toBe('401 credentials-invalid')
    const changed = await tested.send('changePassword', change, { headers: laptop.headers })
    expect(changed.status).toBe(204)
    clock.advance(1_000)
    const statusOf = async (headers: Readonly<Record<string, string>>) =>
      (await tested.send('getAccount', {}, { headers })).status
    expect(await statusOf(phone.headers)).toBe(401)
    expect(await statusOf(laptop.headers)).toBe(401)
    expect(await statusOf({ ...laptop.headers, cookie: changed.cookies![0]!.split(';')[0]! })).toBe(200)
    expect((await signIn('ann@example.com')).answer.status).toBe(401)
    expect((await signIn('ann@example.com', other)).answer.status).toBe(200)
  })

  test('a reset sets the password, verifies the address and ends all sessions', async () => {
    const { tested, clock, tokenFor, signIn } = await startAccounts()
    await tested.call.signUp({ email: 'ann@example.com', password })
    await tested.call.requestPasswordReset({ email: 'ANN@example.com' })
    const token = await tokenFor('ann@example.com', 'reset')
    await tested.call.resetPassword({ token, password: other })
    const { answer, headers } = await signIn('ann@example.com', other)
    expect(answer.status).toBe(200)
    await tested.call.requestPasswordReset({ email: 'ann@example.com' })
    await tested.call.resetPassword({ token: await tokenFor('ann@example.com', 'reset', 2), password })
    clock.advance(1_000)
    expect((await tested.send('getAccount', {}, { headers })).status).toBe(401)
  })
})

describe('sessions of the user', () => {
  test('they are listed, and ended one by one or all others or everywhere', async () => {
    const { tested, clock, signUp, signIn, browser } = await startAccounts()
    await signUp('ann@example.com')
    const phone = await signIn('ann@example.com', password, { ...browser, 'user-agent': 'phone' })
    const tablet = await signIn('ann@example.com', password, { ...browser, 'user-agent': 'tablet' })
    const laptop = await signIn('ann@example.com', password, { ...browser, 'user-agent': 'laptop' })
    const { headers } = laptop
    const listed = await tested.call.listSessions({}, { headers })
    expect(listed.map(({ userAgent, isCurrent }) => [userAgent, isCurrent])).toEqual([
      ['laptop', true],
      ['tablet', false],
      ['phone', false],
    ])
    const statuses = async () => {
      clock.advance(1_000)
      const all = [phone, tablet, laptop].map(({ headers: own }) =>
        tested.send('getAccount', {}, { headers: own }),
      )
      return (await Promise.all(all)).map(({ status }) => status)
    }
    await tested.call.endSession({ id: listed[2]!.id }, { headers })
    expect(await statuses()).toEqual([401, 200, 200])
    await tested.call.endOtherSessions({}, { headers })
    expect(await statuses()).toEqual([401, 401, 200])
    await tested.call.signOutEverywhere({}, { headers })
    expect(await statuses()).toEqual([401, 401, 401])
  })
})

describe('mails', () => {
  test('a mail that cannot be sent is sent again with another token, counts once, and no token is stored', async () => {
    const sent: string[] = []
    const { tested, clock } = await startAccounts({
      maxMailsPerHour: 1,
      mail: {
        send({ text }) {
          sent.push(text.match(/#token=(\S+)/)![1]!)
          return sent.length === 1 ? Promise.reject(new Error('the server is busy')) : Promise.resolve()
        },
      },
    })
    await tested.call.signUp({ email: 'ann@example.com', password })
    await until(async () => {
      clock.advance(1_000)
      return (await tested.sql('select 1 from holdfast.jobs')).length === 0
    })
    expect(sent).toHaveLength(2)
    expect(new Set(sent).size).toBe(2)
    // The server may have sent the first mail although the attempt failed: its link works, too.
    for (const token of sent) await tested.call.verifyEmail({ token, password })
    const stored = JSON.stringify([
      await tested.sql('select j::text from holdfast.jobs j'),
      await tested.sql('select j::text from holdfast.ended_jobs j'),
      await tested.sql('select s::text from holdfast.job_steps s'),
      await tested.sql('select t::text from holdfast.account_tokens t'),
    ])
    for (const token of sent) {
      expect(stored).not.toContain(token)
      expect(stored).not.toContain(Buffer.from(token, 'base64url').toString('hex'))
    }
  })

  test('an account gets only so many mails', async () => {
    const { tested, mail } = await startAccounts({ maxMailsPerHour: 2 })
    await tested.call.signUp({ email: 'ann@example.com', password })
    for (let n = 0; n < 4; n += 1) await tested.call.requestPasswordReset({ email: 'ann@example.com' })
    const left = `select 1 from holdfast.jobs where state not in ('succeeded', 'dead', 'cancelled')`
    await until(async () => (await tested.sql(left)).length === 0)
    expect(mail.mails).toHaveLength(2)
  })
})
