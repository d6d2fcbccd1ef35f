import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HoldfastError, holdfast } from 'holdfast'
import { accounts, authenticatorApp, type IdentityProvider, inbox, sessions, signInWith } from 'holdfast/auth'
import { postgres } from 'holdfast/postgres'
import { createFakeClock, createTestService, until } from 'holdfast/testing'
import Provider, { type Configuration } from 'oidc-provider'
import { fakeHasher, password, tokensOf } from '../accounts/accounts.fixture.ts'

/** The page of the application to which a provider redirects. */
export const pageOf = (provider: string): string => `https://app.test/sign-in/${provider}`

/** The claims of a person at a provider. */
export interface Person {
  readonly email?: string
  readonly email_verified?: boolean
}

/** A running provider: `oidc-provider` on a port of this host. */
export interface TestProvider {
  readonly issuer: string
  /** The people who can sign in, by the login that is their subject. */
  readonly people: Map<string, Person>
  /** Signs in at the pages of the provider as a browser does. Returns the query of the redirect. */
  readonly visit: (url: string, login: string) => Promise<string>
  readonly stop: () => void
}

/** Starts a provider. `redirectUris` are those of the client `app`. */
export async function startProvider(redirectUris: readonly string[]): Promise<TestProvider> {
  const people = new Map<string, Person>()
  const server = createServer((request, response) => void provider.callback()(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'first' }
  const provider = new Provider(issuer, {
    jwks: { keys: [key as never] },
    clients: [
      {
        client_id: 'app',
        client_secret: 'the secret of the application',
        grant_types: ['authorization_code'],
        redirect_uris: [...redirectUris],
        response_types: ['code'],
      },
    ],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    features: { devInteractions: { enabled: true } },
    findAccount: (_: unknown, sub: string) => ({
      accountId: sub,
      claims: () => ({ sub, ...people.get(sub) }),
    }),
    cookies: { keys: ['key'] },
    pkce: { required: () => true },
  } as unknown as Configuration)
  const stop = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { issuer, people, visit: (url, login) => visitProvider(url, login), stop }
}

async function visitProvider(start: string, login: string): Promise<string> {
  const cookies = new Map<string, string>()
  const { origin } = new URL(start)
  const visit = async (target: string, form?: Readonly<Record<string, string>>): Promise<Response> => {
    const response = await fetch(new URL(target, origin), {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      cookies.set(name, value)
    }
    return response
  }
  let response = await visit(start)
  for (let steps = 0; steps < 10; steps += 1) {
    const location = response.headers.get('location')
    if (location === null) {
      const page = await response.text()
      const isLogin = page.includes('name="login"')
      const [, action = ''] = /action="([^"]+)"/.exec(page) ?? []
      response = await visit(
        action,
        isLogin ? { prompt: 'login', login, password: 'x' } : { prompt: 'consent' },
      )
    } else if (location.startsWith('https://app.test/')) return new URL(location).search
    else response = await visit(location)
  }
  throw new HoldfastError('test-sign-in-failed', `There is no redirect after ${response.url}`)
}

/** The headers of a browser with cookies. */
export class Browser {
  readonly #cookies = new Map<string, string>()

  get headers(): Record<string, string> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    return {
      origin: 'http://localhost',
      host: 'localhost',
      'user-agent': 'test',
      ...(cookie === '' ? {} : { cookie }),
    }
  }

  /** Returns the value of a cookie. */
  cookie(name: string): string | undefined {
    return this.#cookies.get(name)
  }

  /** Stores the cookies of an answer, and returns the answer. */
  store<Answer extends { readonly cookies?: readonly string[] | undefined }>(answer: Answer): Answer {
    for (const cookie of answer.cookies ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (value === '') this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    return answer
  }
}

/** Starts a service with accounts, providers, a worker and an inbox. */
export async function startSignIn(
  providers: readonly IdentityProvider<unknown>[],
  { returnTo }: { readonly returnTo?: readonly string[] } = {},
) {
  const session = sessions()
  // The mail server accepts the next mail to these addresses, and its reply is lost.
  const unanswered = new Set<string>()
  const mail = inbox({
    onMail({ to }) {
      if (unanswered.delete(to)) throw new HoldfastError('test-no-reply', 'The mail server does not reply')
    },
  })
  const { hasher } = fakeHasher()
  const app = holdfast({ database: postgres(), identify: session })
  const auth = accounts(app, {
    sessions: session,
    mail,
    pages: { verifyEmail: 'https://app.test/verify', resetPassword: 'https://app.test/reset' },
    passwords: { hasher },
  })
  const others = signInWith(auth, {
    providers,
    pages: {
      callback: 'https://app.test/sign-in/{provider}',
      verifyEmail: 'https://app.test/verify-sign-in',
    },
    ...(returnTo ? { returnTo } : {}),
  })
  const secondFactor = authenticatorApp(auth, { issuer: 'Test' })
  const service = app.service({
    name: 'oidc',
    operations: { ...auth.operations, ...others.operations, ...secondFactor.operations },
    capabilities: [auth, others, secondFactor],
  })
  const clock = createFakeClock()
  const lines: string[] = []
  // A request to a provider within a transaction would fail.
  const tested = await createTestService(service, {
    clock,
    externalCalls: 'refuse',
    onLog: (line) => lines.push(JSON.stringify(line)),
  })
  const worker = await tested.running.startWorker()

  const tokenFor = tokensOf(mail)
  const signUp = async (email: string): Promise<void> => {
    await tested.call.signUp({ email, password })
    await tested.call.verifyEmail({ token: await tokenFor(email, 'verify'), password })
  }
  const signInWithPassword = async (browser: Browser, email: string, given = password) =>
    browser.store(await tested.send('signIn', { email, password: given }, { headers: browser.headers }))
  const begin = async (browser: Browser, provider: string, more: object = {}): Promise<string> => {
    const { headers } = browser
    const answer = browser.store(await tested.send('beginSignInWith', { provider, ...more }, { headers }))
    return (JSON.parse(answer.body!) as { url: string }).url
  }
  const beginLink = async (browser: Browser, provider: string): Promise<string> => {
    const answer = browser.store(
      await tested.send('beginLinkWith', { provider }, { headers: browser.headers }),
    )
    return (JSON.parse(answer.body!) as { url: string }).url
  }
  const complete = async (browser: Browser, provider: string, response: string) =>
    browser.store(
      await tested.send('completeSignInWith', { provider, response }, { headers: browser.headers }),
    )
  const accountOf = async (browser: Browser): Promise<{ id: string; email: string } | number> => {
    clock.advance(1_000)
    const answer = await tested.send('getAccount', {}, { headers: browser.headers })
    return answer.status === 200 ? (JSON.parse(answer.body!) as { id: string; email: string }) : answer.status
  }
  /** Waits for a mail with these words in its subject. */
  const mailTo = (to: string, words: string): Promise<unknown> =>
    until(() => mail.mails.some((each) => each.to === to && each.subject.includes(words)))
  /** Waits until all jobs have ended. */
  const noJobs = (): Promise<unknown> =>
    until(async () => (await tested.sql('select 1 from holdfast.jobs')).length === 0)
  /** Returns all rows of the framework as text, except accounts, which contain passwords as is. */
  const allRows = async (): Promise<string> => {
    const tables = await tested.sql<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'holdfast'::regnamespace and relkind in ('r', 'p')`,
    )
    const rows = await Promise.all(
      tables
        .filter(({ name }) => name !== 'accounts')
        .map(({ name }) => tested.sql<{ row: string }>(`select t::text as row from holdfast.${name} t`)),
    )
    return rows
      .flat()
      .map(({ row }) => row)
      .join('\n')
  }
  return {
    tested,
    clock,
    mail,
    unanswered,
    lines,
    mailTo,
    noJobs,
    allRows,
    tokenFor,
    signUp,
    signInWithPassword,
    begin,
    beginLink,
    complete,
    accountOf,
    async stop() {
      await worker?.stop(0)
      await tested.stop()
    },
  }
}

/** Returns the status and the code of an answer. */
export function codeOf({ status, body }: { readonly status: number; readonly body: string | null }): string {
  return `${status} ${(JSON.parse(body ?? '{}') as { code?: string }).code ?? ''}`.trim()
}
