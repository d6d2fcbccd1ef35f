import { holdfast } from 'holdfast'
import {
  type AccountOptions,
  accounts,
  authenticatorApp,
  type Inbox,
  inbox,
  type PasswordHasher,
  sessions,
  type SessionOptions,
} from 'holdfast/auth'
import { postgres } from 'holdfast/postgres'
import { createFakeClock, createTestService, until } from 'holdfast/testing'
import { onTestFinished } from 'vitest'

/** A long password. */
export const password = 'correct horse battery staple'

/** Returns a fast hasher that counts its work. */
export function fakeHasher() {
  const done: string[] = []
  const state = { version: 1 }
  const hasher: PasswordHasher = {
    hash(text) {
      done.push('hash')
      return Promise.resolve(`v${state.version}$${Buffer.from(text).toString('hex')}`)
    },
    verify(text, hash) {
      done.push('verify')
      return Promise.resolve(hash.split('$')[1] === Buffer.from(text).toString('hex'))
    },
    needsRehash: (hash) => !hash.startsWith(`v${state.version}$`),
  }
  return { hasher, done, state }
}

/**
 * Returns a function that waits until an address has got so many mails with a link to a page
 * (default: one), and returns the token of the last of them. Two mails that are sent at the same
 * time can arrive in either order, so the page says which kind of mail is meant.
 */
export function tokensOf({ mails }: Inbox) {
  return async (to: string, page: 'verify' | 'reset' | 'verify-sign-in', count = 1): Promise<string> => {
    const link = new RegExp(`https://app\\.test/${page}#token=([\\w-]{43})`)
    const tokens = await until(() => {
      const found = mails.filter((each) => each.to === to).flatMap(({ text }) => link.exec(text)?.[1] ?? [])
      return found.length >= count && found
    })
    return tokens.at(-1)!
  }
}

/** Options of {@link startAccounts}. */
export interface StartOptions extends Partial<AccountOptions<unknown>> {
  readonly sessionOptions?: SessionOptions
}

/** Starts a service with accounts, a worker and an inbox. */
export async function startAccounts({ sessionOptions, ...options }: StartOptions = {}) {
  const session = sessions(sessionOptions)
  const mail = inbox()
  const { hasher, done, state } = fakeHasher()
  const app = holdfast({ database: postgres(), identify: session })
  const auth = accounts(app, {
    sessions: session,
    mail,
    pages: { verifyEmail: 'https://app.test/verify', resetPassword: 'https://app.test/reset' },
    passwords: { hasher },
    ...options,
  })
  const secondFactor = authenticatorApp(auth, { issuer: 'Accounts' })
  const service = app.service({
    name: 'accounts',
    operations: { ...auth.operations, ...secondFactor.operations },
    capabilities: [auth, secondFactor],
  })
  const clock = createFakeClock()
  const lines: string[] = []
  const tested = await createTestService(service, {
    clock,
    onLog: (line) => lines.push(JSON.stringify(line)),
  })
  const worker = await tested.running.startWorker()
  onTestFinished(async () => {
    await worker?.stop(0)
    await tested.stop()
  })

  const browser = { origin: 'http://localhost', host: 'localhost', 'user-agent': 'test' }
  const tokenFor = tokensOf(mail)
  const signUp = async (email: string): Promise<void> => {
    await tested.call.signUp({ email, password })
    await tested.call.verifyEmail({ token: await tokenFor(email, 'verify'), password })
  }
  /** Signs in, and returns the answer and the headers of further calls. */
  const signIn = async (
    email: string,
    given = password,
    headers: Readonly<Record<string, string>> = browser,
  ) => {
    const usage = { statements: 0, databaseMs: 0 }
    const answer = await tested.send('signIn', { email, password: given }, { headers, usage })
    const cookie = answer.cookies?.[0]?.split(';')[0] ?? ''
    return { answer, usage, headers: { ...browser, cookie } }
  }
  const codeOf = (answer: { readonly status: number; readonly body: string | null }) =>
    `${answer.status} ${(JSON.parse(answer.body ?? '{}') as { code?: string }).code ?? ''}`.trim()
  /** Waits for a mail with this subject. */
  const mailTo = (to: string, subject: string) =>
    until(() => mail.mails.find((each) => each.to === to && each.subject === subject))
  return { tested, clock, mail, done, state, lines, browser, tokenFor, mailTo, signUp, signIn, codeOf }
}
