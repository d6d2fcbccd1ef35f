import { access, holdfast, type RunningService, Unauthenticated } from 'holdfast'
import { bearerTokens, type BearerTokensOptions, type TrustedIssuer } from 'holdfast/identity'
import { createFakeClock, type FakeClock } from 'holdfast/testing'
import { z } from 'zod'
import { startService } from '../../kernel/service/start-service.fixture.ts'
import { startIssuer, type TestIssuer, type TestKey } from './issuer.fixture.ts'

const { query } = holdfast()
const output = z.object({ who: z.string() })
const signedIn = access('signedIn()', ({ caller }) => (caller.id === undefined ? Unauthenticated() : caller))
/** Returns the caller. */
export const whoAmI = query({
  route: 'GET /me',
  access: signedIn,
  output,
  run: ({ caller }) => ({ who: JSON.stringify(caller) }),
})

/** The outcome of a call with a token. */
export interface TokenOutcome {
  readonly status: number
  readonly caller?: unknown
  readonly detail?: string
  /** The reason in the log. */
  readonly reason?: string
}

/** A service that accepts the tokens of one issuer. */
export interface TokenService {
  readonly issuer: TestIssuer
  readonly clock: FakeClock
  readonly running: RunningService
  /** The lines of the log. */
  readonly lines: readonly Readonly<Record<string, unknown>>[]
  /** Calls the service with a token. */
  send(token: string): Promise<TokenOutcome>
  /** Calls the service with a value of `Authorization`. */
  sendAuthorization(value: string): Promise<TokenOutcome>
}

/** Options of {@link startTokenService}. */
export interface TokenServiceOptions {
  readonly key?: TestKey
  readonly issuer?: Partial<TrustedIssuer>
  readonly tokens?: Partial<BearerTokensOptions>
}

/** Starts a service and its issuer, for the duration of a test. */
export async function startTokenService(options: TokenServiceOptions = {}): Promise<TokenService> {
  const issuer = await startIssuer(options.key)
  const clock = createFakeClock()
  const lines: Readonly<Record<string, unknown>>[] = []
  const trusted: TrustedIssuer = { issuer: issuer.url, audience: issuer.audience, ...options.issuer }
  const running = await startService(
    { whoAmI },
    {
      identify: bearerTokens({ issuers: [trusted], ...options.tokens }),
      clock,
      onLog: (line) => lines.push(JSON.parse(line) as Readonly<Record<string, unknown>>),
    },
  )
  async function sendAuthorization(value: string): Promise<TokenOutcome> {
    const before = lines.length
    const answer = await running.call({
      operation: 'whoAmI',
      input: { path: {}, query: {}, body: undefined },
      header: (name) => (name === 'authorization' ? value : undefined),
    })
    const { who, detail } = JSON.parse(answer.body ?? '{}') as { who?: string; detail?: string }
    const reason = lines.slice(before).find(({ msg }) => msg === 'access token refused')?.['reason']
    return {
      status: answer.status,
      ...(who === undefined ? {} : { caller: JSON.parse(who) as unknown }),
      ...(detail === undefined ? {} : { detail }),
      ...(reason === undefined ? {} : { reason: reason as string }),
    }
  }
  return {
    issuer,
    clock,
    running,
    lines,
    sendAuthorization,
    send: (token) => sendAuthorization(`Bearer ${token}`),
  }
}
