import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { holdfast } from 'holdfast'
import { accounts, authenticatorApp, authenticatorCode, inbox, passkeys, sessions } from 'holdfast/auth'
import { postgres } from 'holdfast/postgres'
import { createFakeClock, createTestService, until } from 'holdfast/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fakeHasher, password } from '../accounts/accounts.fixture.ts'
import { type Changes, softwareAuthenticator } from './authenticator.fixture.ts'
import type { CredentialJson } from './credential-input.ts'

const session = sessions()
const app = holdfast({ database: postgres(), identify: session })
const mail = inbox()
const auth = accounts(app, {
  sessions: session,
  mail,
  pages: { verifyEmail: 'https://app.test/verify', resetPassword: 'https://app.test/reset' },
  passwords: { hasher: fakeHasher().hasher },
})
const keys = passkeys(auth, { domain: 'app.test', name: 'App', origins: ['https://app.test'] })
const secondFactor = authenticatorApp(auth, { issuer: 'App' })
const service = app.service({
  name: 'passkeys',
  operations: { ...auth.operations, ...keys.operations, ...secondFactor.operations },
  capabilities: [auth, keys, secondFactor],
})

const clock = createFakeClock()
const start = () => createTestService(service, { clock, onLog: () => {} })
let tested: Awaited<ReturnType<typeof start>>
let worker: Awaited<ReturnType<typeof tested.running.startWorker>>

beforeAll(async () => {
  tested = await start()
  worker = await tested.running.startWorker()
})

afterAll(async () => {
  await worker?.stop(0)
  await tested.stop()
})

const browser = { origin: 'https://app.test', host: 'app.test', 'sec-fetch-site': 'same-origin' }
type Headers = Readonly<Record<string, string>>

/** Returns the code of a problem, or the status. */
function codeOf(answer: { readonly status: number; readonly body: string | null }): string {
  const { code } = JSON.parse(answer.body ?? '{}') as { code?: string }
  return code === undefined ? `${answer.status}` : `${answer.status} ${code}`
}

/** Signs a new person up and in. */
async function newPerson() {
  const email = `${randomUUID()}@example.com`
  await tested.call.signUp({ email, password })
  await until(() => mail.lastTo(email) !== undefined)
  const token = mail.lastTo(email)!.text.match(/#token=(\S+)/)![1]!
  await tested.call.verifyEmail({ token, password })
  const signIn = async (): Promise<Headers> => {
    const answer = await tested.send('signIn', { email, password }, { headers: browser })
    return { ...browser, cookie: answer.cookies![0]!.split(';')[0]! }
  }
  return { email, signIn, headers: await signIn() }
}

/** Adds a passkey to the account of a session. */
async function add(headers: Headers, authenticator = softwareAuthenticator(), changes: Changes = {}) {
  const options = (await tested.call.getPasskeyCreation({}, { headers })) as unknown as {
    challenge: string
    user: { id: string }
  }
  const credential = authenticator.create(options.challenge, changes)
  const answer = await tested.send('addPasskey', { credential, name: 'Laptop' }, { headers })
  return { authenticator, answer, userHandle: options.user.id, credential }
}

/** Returns a person with a passkey. */
async function personWithPasskey(kind: 'ec' | 'ed25519' | 'rsa' = 'ec') {
  const person = await newPerson()
  const added = await add(person.headers, softwareAuthenticator(kind))
  expect(added.answer.status).toBe(201)
  return { ...person, ...added }
}

const challenge = async (): Promise<string> => (await tested.call.getPasskeyRequest({})).challenge
const signIn = (credential: CredentialJson, key: string = randomUUID()) =>
  tested.send('signInWithPasskey', { credential }, { headers: browser, key })

test.each(['ec', 'ed25519', 'rsa'] as const)('a person signs in with a passkey (%s)', async (kind) => {
  const { email, authenticator, userHandle } = await personWithPasskey(kind)
  const answer = await signIn(authenticator.get({ challenge: await challenge(), userHandle }))
  expect(codeOf(answer)).toBe('200')
  const headers = { ...browser, cookie: answer.cookies![0]!.split(';')[0]! }
  expect(await tested.call.getAccount({}, { headers })).toMatchObject({ email })
  expect(await tested.call.listPasskeys({}, { headers })).toEqual([
    expect.objectContaining({ name: 'Laptop', isBackedUp: false, usedAt: expect.any(String) }),
  ])
})

test('a passkey is two factors: no code is needed beside it', async () => {
  const { headers, authenticator, userHandle } = await personWithPasskey()
  const { secret } = await tested.call.addAuthenticator({}, { headers })
  const code = authenticatorCode(secret, new Date(clock.now()))
  await tested.call.confirmAuthenticator({ code }, { headers })
  expect(codeOf(await signIn(authenticator.get({ challenge: await challenge(), userHandle })))).toBe('200')
})

test('a retry with the same idempotency key gets the same session', async () => {
  const { authenticator, userHandle } = await personWithPasskey()
  const [credential, key] = [authenticator.get({ challenge: await challenge(), userHandle }), randomUUID()]
  const lost = await signIn(credential, key)
  const retried = await signIn(credential, key)
  expect([lost.status, retried.status]).toEqual([200, 200])
  expect(retried.cookies).toEqual(lost.cookies)
})

test('added and removed passkeys are reported to the owner, and a removed one does not sign in', async () => {
  const { email, headers, authenticator, userHandle } = await personWithPasskey()
  const received = (text: string) =>
    until(() => mail.mails.some((each) => each.to === email && each.text.startsWith(text)))
  await received('A passkey was added')
  const [passkey] = await tested.call.listPasskeys({}, { headers })
  await tested.call.renamePasskey({ id: passkey!.id, name: 'Phone' }, { headers })
  expect((await tested.call.listPasskeys({}, { headers }))[0]!.name).toBe('Phone')
  await tested.call.removePasskey({ id: passkey!.id }, { headers })
  await received('A passkey was removed')
  expect(codeOf(await signIn(authenticator.get({ challenge: await challenge(), userHandle })))).toBe(
    '401 passkey-invalid',
  )
})

describe('a sign-in is refused', () => {
  const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  test.each<[string, Changes]>([
    ['from another origin', { origin: 'https://evil.test' }],
    ['from a subdomain that is not listed', { origin: 'https://other.app.test' }],
    ['for another domain', { domain: 'evil.test' }],
    ['without verification of the person', { flags: 1 }],
    ['without presence of the person', { flags: 4 }],
    ['with the response of a registration', { type: 'webauthn.create' }],
    ['with the signature of another key', { key: otherKey }],
    ['with an unknown credential', { id: 'AAAA' }],
    ['with the user handle of another account', { userHandle: 'AAAAAAAAAAAAAAAAAAAAAA' }],
    ['with an invented challenge', { challenge: 'AAAA' }],
  ])('%s', async (_, changes) => {
    const { authenticator, userHandle } = await personWithPasskey()
    const credential = authenticator.get({ challenge: await challenge(), userHandle }, changes)
    const answer = await signIn(credential)
    expect([codeOf(answer), answer.cookies ?? []]).toEqual(['401 passkey-invalid', []])
  })

  test('with a challenge that was used', async () => {
    const { authenticator, userHandle } = await personWithPasskey()
    const credential = authenticator.get({ challenge: await challenge(), userHandle })
    const answers = await Promise.all([signIn(credential), signIn(credential)])
    expect(answers.map(codeOf).toSorted()).toEqual(['200', '401 passkey-invalid'])
  })

  test('with a challenge that has expired, or belongs to a registration', async () => {
    const { headers, authenticator, userHandle } = await personWithPasskey()
    const registration = await tested.call.getPasskeyCreation({}, { headers })
    expect(codeOf(await signIn(authenticator.get({ challenge: registration.challenge, userHandle })))).toBe(
      '401 passkey-invalid',
    )
    const expired = await challenge()
    clock.advance(300_000)
    expect(codeOf(await signIn(authenticator.get({ challenge: expired, userHandle })))).toBe(
      '401 passkey-invalid',
    )
  })

  test('with a counter that went back, as that of a copied passkey', async () => {
    const { authenticator, userHandle } = await personWithPasskey()
    const counted = async (counter: number) =>
      codeOf(await signIn(authenticator.get({ challenge: await challenge(), userHandle }, { counter })))
    expect([
      await counted(5),
      await counted(4),
      await counted(5),
      await counted(0),
      await counted(6),
    ]).toEqual(['200', '401 passkey-invalid', '401 passkey-invalid', '401 passkey-invalid', '200'])
  })

  test('with a changed signature', async () => {
    const { authenticator, userHandle } = await personWithPasskey()
    const credential = authenticator.get({ challenge: await challenge(), userHandle })
    const signature = Buffer.from(String(credential.response['signature']), 'base64url')
    signature[signature.length - 1]! ^= 1
    const response = { ...credential.response, signature: signature.toString('base64url') }
    expect(codeOf(await signIn({ ...credential, response }))).toBe('401 passkey-invalid')
  })

  test('with a response that is too long or no credential', async () => {
    const { authenticator, userHandle } = await personWithPasskey()
    const credential = authenticator.get({ challenge: await challenge(), userHandle })
    const long = { ...credential, response: { ...credential.response, signature: 'A'.repeat(20_000) } }
    expect(codeOf(await signIn(long))).toBe('422 invalid-input')
    expect(codeOf(await signIn({ ...credential, rawId: 'other' }))).toBe('422 invalid-input')
    expect(codeOf(await signIn({ ...credential, response: { clientDataJSON: 1 } }))).toBe(
      '401 passkey-invalid',
    )
  })
})

describe('a new passkey is refused', () => {
  test.each<[string, Changes]>([
    ['from another origin', { origin: 'https://evil.test' }],
    ['for another domain', { domain: 'evil.test' }],
    ['without verification of the person', { flags: 1 }],
    ['with the response of a sign-in', { type: 'webauthn.get' }],
  ])('%s', async (_, changes) => {
    const { headers } = await newPerson()
    const { answer } = await add(headers, softwareAuthenticator(), changes)
    expect(codeOf(answer)).toBe('422 passkey-not-added')
  })

  test('with the challenge of another session, or with a used one', async () => {
    const { headers, signIn: again } = await newPerson()
    const { challenge: bound } = await tested.call.getPasskeyCreation({}, { headers })
    const credential = softwareAuthenticator().create(bound)
    const other = await again()
    expect(codeOf(await tested.send('addPasskey', { credential, name: 'a' }, { headers: other }))).toBe(
      '422 passkey-not-added',
    )
    expect(codeOf(await tested.send('addPasskey', { credential, name: 'a' }, { headers }))).toBe('201')
    const second = softwareAuthenticator().create(bound)
    expect(codeOf(await tested.send('addPasskey', { credential: second, name: 'a' }, { headers }))).toBe(
      '422 passkey-not-added',
    )
  })

  test('with the id of a credential of another account', async () => {
    const { authenticator, userHandle, email } = await personWithPasskey()
    const { headers } = await newPerson()
    const { answer } = await add(headers, softwareAuthenticator(), { id: authenticator.id })
    expect(codeOf(answer)).toBe('422 passkey-not-added')
    const signedIn = await signIn(authenticator.get({ challenge: await challenge(), userHandle }))
    const cookie = { ...browser, cookie: signedIn.cookies![0]!.split(';')[0]! }
    expect(await tested.call.getAccount({}, { headers: cookie })).toMatchObject({ email })
  })

  test('without a recent sign-in', async () => {
    const { headers } = await newPerson()
    await tested.sql('update holdfast.sessions set authenticated_at = to_timestamp(0)')
    clock.advance(1_000)
    for (const [operation, input] of [
      ['getPasskeyCreation', {}],
      ['addPasskey', { credential: softwareAuthenticator().create('AAAA'), name: 'a' }],
      ['removePasskey', { id: randomUUID() }],
    ] as const)
      expect([operation, codeOf(await tested.send(operation, input as never, { headers }))]).toEqual([
        operation,
        '401 recent-sign-in-required',
      ])
  })
})

test('a person cannot rename or remove the passkey of another person', async () => {
  const { headers } = await personWithPasskey()
  const [passkey] = await tested.call.listPasskeys({}, { headers })
  const { headers: other } = await newPerson()
  expect(codeOf(await tested.send('renamePasskey', { id: passkey!.id, name: 'a' }, { headers: other }))).toBe(
    '404 passkey-unknown',
  )
  expect(codeOf(await tested.send('removePasskey', { id: passkey!.id }, { headers: other }))).toBe(
    '404 passkey-unknown',
  )
})

test('requests for options store nothing, and are not cached', async () => {
  const before = await tested.sql('select from holdfast.used_ids')
  const answer = await tested.send('getPasskeyRequest', {})
  expect(answer.headers['cache-control']).toBe('no-store')
  expect(await tested.sql('select from holdfast.used_ids')).toHaveLength(before.length)
})

test.each([
  [{ domain: 'app.test', name: 'App', origins: ['https://evil.test'] }, 'does not belong to the domain'],
  [{ domain: 'app.test', name: 'App', origins: ['https://evilapp.test'] }, 'does not belong to the domain'],
  [{ domain: 'app.test', name: 'App', origins: ['http://app.test'] }, 'must use https'],
  [{ domain: 'app.test', name: 'App', origins: ['https://app.test/'] }, 'must be like'],
  [{ domain: 'app.test', name: 'App', origins: [] }, 'is empty'],
  [{ domain: 'app.test', name: ' ', origins: ['https://app.test'] }, 'is empty'],
])('the options %j are refused', (options, reason) => {
  expect(() => passkeys(auth, options)).toThrow(
    expect.objectContaining({ code: 'configuration-invalid', message: expect.stringContaining(reason) }),
  )
})
