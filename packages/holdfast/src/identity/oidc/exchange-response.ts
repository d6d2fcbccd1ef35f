import type { PrepareContext } from '../../kernel/operation/context.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { hashToken, isToken } from '../sessions/session-token.ts'
import { type BrowserVisitor, secretsOf, signInAgeMs } from './browser.ts'
import { SignInNotBegun } from './problems.ts'
import type { ProviderIdentity } from './provider-identity.ts'
import { type BegunReference, type BegunRow, findBegun } from './queries/begun-sign-ins.ts'
import { requireClient, type SignInParts } from './sign-in-parts.ts'

/** A response whose code was exchanged. */
export interface ExchangedResponse {
  readonly reference: BegunReference
  readonly identity: ProviderIdentity
}

interface ResponseInput {
  readonly provider: string
  readonly response: string
}

/**
 * Exchanges the code in the response of a provider. Runs before the transaction, which then deletes
 * the row of the begun sign-in.
 *
 * @throws SignInNotBegun if this browser has not begun the sign-in with this provider.
 */
export async function exchangeResponse<Read, Write, Values>(
  parts: SignInParts<Read, Write, Values>,
  {
    input,
    caller,
    statements,
    settings,
    clock,
    log,
  }: PrepareContext<ResponseInput, BrowserVisitor, Read, Values>,
): Promise<ExchangedResponse> {
  const { provider, response } = input
  const { browser } = caller
  const client = requireClient(parts, provider)
  const state = stateOf(response)
  if (browser === undefined || state === undefined) throw SignInNotBegun()
  const reference = {
    service: statements.service,
    stateHash: hashToken(state),
    browserHash: hashToken(browser),
    provider,
  }
  const [begun] = await runStatement<BegunRow>(statements, findBegun(reference))
  if (!begun) throw SignInNotBegun()
  const identity = await client.exchange(
    {
      ...secretsOf(browser, state),
      state,
      response,
      reauthenticates: begun.reauthenticates,
      elapsedSeconds: (signInAgeMs - begun.left_ms) / 1_000,
    },
    client.credentialsOf(settings),
    { clock, log },
  )
  return { reference, identity }
}

/** Returns the state in a response; `undefined` unless there is exactly one. */
function stateOf(response: string): string | undefined {
  const [state, ...others] = new URLSearchParams(response).getAll('state')
  return state !== undefined && others.length === 0 && isToken(state) ? state : undefined
}
