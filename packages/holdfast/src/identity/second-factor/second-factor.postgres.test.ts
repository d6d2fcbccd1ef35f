import { randomUUID } from 'node:crypto'
import { accounts, authenticatorApp, authenticatorCode, inbox, sessions } from 'holdfast/auth'
import { holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { password, startAccounts } from '../accounts/accounts.fixture.ts'
import { fromBase32 } from './one-time-code.ts'

const ann = 'ann@example.com'

/** Starts a service with an account that has an authenticator app. */
async function startWithApp() {
  const started = await startAccounts()
  const { tested, clock, signUp, signIn, browser } = started
  await signUp(ann)
  const { headers } = await signIn(ann)
  const { secret, uri } = await tested.call.addAuthenticator({}, { headers })
  const code = (steps = 0): string => authenticatorCode(secret, new Date(clock.now() + steps * 30_000))
  const { recoveryCodes } = await tested.call.confirmAuthenticator({ code: code() }, { headers })
  /** Returns the token of a sign-in that waits for the second factor. */
  const firstFactor = async (): Promise<string> => {
    const { answer } = await signIn(ann)
    return (JSON.parse(answer.body!) as { token: string }).token
  }
  const secondFactor = (token: string, given: string, key: string = randomUUID()) =>
    tested.send('signInWithSecondFactor', { token, code: given }, { headers: browser, key })
  return { ...started, headers, secret, uri, code, recoveryCodes, firstFactor, secondFactor }
}

test('with an authenticator app, a sign-in needs a code', async () => {
  const { tested, uri, secret, code, signIn, secondFactor, clock, codeOf: problemOf } = await startWithApp()
  expect(uri).toBe(`otpauth://totp/Accounts:ann%40example.com?secret=${secret}&issuer=Accounts`)

  const { answer } = await signIn(ann)
  expect(problemOf(answer)).toBe('401 second-factor-required')
  expect(answer.cookies ?? []).toEqual([])
  const { token, expiresInSeconds } = JSON.parse(answer.body!) as { token: string; expiresInSeconds: number }
  expect(expiresInSeconds).toBe(300)

  clock.advance(30_000)
  const completed = await secondFactor(token, code())
  expect(completed.status).toBe(200)
  const cookie = completed.cookies![0]!.split(';')[0]!
  expect(await tested.call.getAccount({}, { headers: { cookie } })).toMatchObject({ email: ann })
  expect(await tested.call.getSecondFactor({}, { headers: { cookie } })).toEqual({
    isActive: true,
    recoveryCodesLeft: 10,
  })
  expect(problemOf(await secondFactor(token, code(1)))).toBe('401 sign-in-expired')
})

test('an app whose first code was not entered changes nothing, and can be replaced', async () => {
  const { tested, clock, signUp, signIn, codeOf: problemOf } = await startAccounts()
  await signUp(ann)
  const { headers } = await signIn(ann)
  const first = await tested.call.addAuthenticator({}, { headers })
  const second = await tested.call.addAuthenticator({}, { headers })
  expect((await signIn(ann)).answer.status).toBe(200)
  const confirm = ({ secret }: { readonly secret: string }) =>
    tested.send(
      'confirmAuthenticator',
      { code: authenticatorCode(secret, new Date(clock.now())) },
      { headers: (signedIn ?? headers) as never },
    )
  const signedIn = (await signIn(ann)).headers
  expect(problemOf(await confirm(first))).toBe('422 second-factor-invalid')
  expect((await confirm(second)).status).toBe(200)
  expect(problemOf(await tested.send('addAuthenticator', {}, { headers: signedIn }))).toBe(
    '409 second-factor-exists',
  )
})

test('each code is accepted once, in any sign-in', async () => {
  const { code, firstFactor, secondFactor, clock, codeOf: problemOf } = await startWithApp()
  // The code that confirmed the app.
  expect(problemOf(await secondFactor(await firstFactor(), code()))).toBe('422 second-factor-invalid')
  clock.advance(30_000)
  const [first, second] = [await firstFactor(), await firstFactor()]
  const answers = await Promise.all([secondFactor(first, code()), secondFactor(second, code())])
  expect(answers.map(problemOf).toSorted()).toEqual(['200', '422 second-factor-invalid'])
})

test('a retry with the same idempotency key gets the same session', async () => {
  const { tested, code, firstFactor, secondFactor, clock } = await startWithApp()
  clock.advance(30_000)
  const [token, key] = [await firstFactor(), randomUUID()]
  const lost = await secondFactor(token, code(), key)
  const retried = await secondFactor(token, code(), key)
  expect(retried.status).toBe(200)
  expect(retried.cookies).toEqual(lost.cookies)
  expect(await tested.sql('select from holdfast.sessions')).toHaveLength(2)
})

test('a sign-in has five codes, and the account ten in fifteen minutes, also with the right code', async () => {
  const { code, firstFactor, secondFactor, clock, codeOf: problemOf } = await startWithApp()
  clock.advance(30_000)
  for (let sign = 0; sign < 2; sign += 1) {
    const token = await firstFactor()
    for (let attempt = 0; attempt < 5; attempt += 1)
      expect(problemOf(await secondFactor(token, '000000'))).toBe('422 second-factor-invalid')
    expect(problemOf(await secondFactor(token, code()))).toBe('401 sign-in-expired')
  }
  expect(problemOf(await secondFactor(await firstFactor(), code()))).toBe('429 too-many-attempts')
})

test('a recovery code works once, in any spelling, and is reported by mail', async () => {
  const { mail, recoveryCodes, firstFactor, secondFactor, codeOf: problemOf } = await startWithApp()
  const [used] = recoveryCodes
  const typed = ` ${used!.toLowerCase().replaceAll('-', ' ')} `
  expect((await secondFactor(await firstFactor(), typed)).status).toBe(200)
  expect(problemOf(await secondFactor(await firstFactor(), used!))).toBe('422 second-factor-invalid')
  await until(() => mail.mails.some(({ text }) => text.startsWith('A recovery code was used')))
})

test('new recovery codes replace the old ones', async () => {
  const {
    tested,
    headers,
    recoveryCodes,
    firstFactor,
    secondFactor,
    codeOf: problemOf,
  } = await startWithApp()
  const renewed = await tested.call.createRecoveryCodes({}, { headers })
  expect(renewed.recoveryCodes).toHaveLength(10)
  expect(problemOf(await secondFactor(await firstFactor(), recoveryCodes[1]!))).toBe(
    '422 second-factor-invalid',
  )
  expect((await secondFactor(await firstFactor(), renewed.recoveryCodes[1]!)).status).toBe(200)
})

test('removing the app needs a code, and ends the other sessions', async () => {
  const {
    tested,
    clock,
    code,
    headers,
    mail,
    firstFactor,
    secondFactor,
    signIn,
    codeOf: problemOf,
  } = await startWithApp()
  clock.advance(30_000)
  const other = (await secondFactor(await firstFactor(), code())).cookies![0]!.split(';')[0]!
  const remove = (given: string) => tested.send('removeAuthenticator', { code: given }, { headers })
  expect(problemOf(await remove('000000'))).toBe('422 second-factor-invalid')
  expect(problemOf(await remove(code()))).toBe('422 second-factor-invalid')
  clock.advance(30_000)
  expect((await remove(code())).status).toBe(204)
  clock.advance(1_000)
  expect((await tested.send('getAccount', {}, { headers: { cookie: other } })).status).toBe(401)
  expect((await signIn(ann)).answer.status).toBe(200)
  await until(() => mail.mails.some(({ text }) => text.startsWith('The authenticator app was removed')))
  expect(problemOf(await remove(code()))).toBe('404 second-factor-missing')
})

test('changes of the second factor need a recent sign-in', async () => {
  const { tested, clock, headers, code, codeOf: problemOf } = await startWithApp()
  await tested.sql(`update holdfast.sessions set authenticated_at = to_timestamp(0)`)
  clock.advance(1_000)
  const calls = [
    ['addAuthenticator', {}],
    ['confirmAuthenticator', { code: code() }],
    ['createRecoveryCodes', {}],
    ['removeAuthenticator', { code: code() }],
  ] as const
  for (const [operation, input] of calls)
    expect([operation, problemOf(await tested.send(operation, input as never, { headers }))]).toEqual([
      operation,
      '401 recent-sign-in-required',
    ])
})

test('a reset of the password neither removes nor bypasses the second factor', async () => {
  const { tested, mail, signIn, browser, codeOf: problemOf } = await startWithApp()
  await tested.call.requestPasswordReset({ email: ann })
  await until(() => mail.mails.some(({ subject }) => subject === 'Reset your password'))
  const token = mail.mails
    .findLast(({ subject }) => subject === 'Reset your password')!
    .text.match(/#token=(\S+)/)![1]!
  const changed = 'a completely different password'
  const answer = await tested.send('resetPassword', { token, password: changed }, { headers: browser })
  expect([answer.status, answer.cookies ?? []]).toEqual([204, []])
  expect(problemOf((await signIn(ann, changed)).answer)).toBe('401 second-factor-required')
})

test('a copy of the database does not contain the secret, a code or the token', async () => {
  const { tested, secret, recoveryCodes, firstFactor } = await startWithApp()
  const token = await firstFactor()
  const tables = await tested.sql<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('holdfast', 'public')`,
  )
  const rows = await Promise.all(
    tables.map(({ name }) => tested.sql<{ row: string }>(`select t::text as row from ${name} as t`)),
  )
  const all = rows.flat().map(({ row }) => row)
  const hidden = [
    secret,
    fromBase32(secret)!.toString('hex'),
    token,
    password,
    ...recoveryCodes,
    ...recoveryCodes.map((each) => each.replaceAll('-', '')),
  ]
  expect(hidden.filter((each) => all.some((row) => row.includes(each)))).toEqual([])
})

test('a secret that is moved to the row of another account does not open', async () => {
  const { tested, clock, code, signUp, signIn, secondFactor, codeOf: problemOf } = await startWithApp()
  await signUp('bob@example.com')
  await tested.sql(`
    insert into holdfast.authenticators (account_id, sealed_secret, confirmed_at)
    select a.id, (select sealed_secret from holdfast.authenticators), now()
    from holdfast.accounts as a where email = 'bob@example.com'`)
  const { answer } = await signIn('bob@example.com')
  expect(problemOf(answer)).toBe('401 second-factor-required')
  clock.advance(30_000)
  const { token } = JSON.parse(answer.body!) as { token: string }
  expect((await secondFactor(token, code())).status).toBe(500)
})

test.each(['', ' ', 'a:b'])('the issuer %j is refused', (issuer) => {
  const session = sessions()
  const auth = accounts(holdfast({ database: postgres(), identify: session }), {
    sessions: session,
    mail: inbox(),
    pages: { verifyEmail: 'https://app.test/verify', resetPassword: 'https://app.test/reset' },
  })
  expect(() => authenticatorApp(auth, { issuer })).toThrow(
    expect.objectContaining({ code: 'configuration-invalid' }),
  )
})
