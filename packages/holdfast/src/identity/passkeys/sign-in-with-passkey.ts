import type { AuthenticationResponseJSON, WebAuthnCredential } from '@simplewebauthn/server'
import type { Mutation, Query } from '../../kernel/operation/operation.ts'
import { respond } from '../../kernel/operation/respond.ts'
import type { ProblemOf } from '../../kernel/problem/problem.ts'
import { described } from '../../kernel/schema/schema.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { type AccountId, accountId } from '../accounts/account-id.ts'
import { onlySuccess } from '../accounts/account-trail.ts'
import { completeSignIn } from '../accounts/complete-sign-in.ts'
import { visitor } from '../accounts/visitor.ts'
import { createChallenge, isChallenge, useChallenge } from './challenge.ts'
import { type CredentialInput, credentialInput, type CredentialJson } from './credential-input.ts'
import { loadWebAuthn } from './load-web-authn.ts'
import { PasskeyRefused } from './passkey-refused.ts'
import type { PasskeyParts } from './passkey-parts.ts'
import { PasskeyInvalid } from './problems.ts'
import { findPasskey, notePasskeyUse, type PasskeyRow } from './queries/passkeys.ts'
import { noStore } from './no-store.ts'

/** The options of a sign-in, for `PublicKeyCredential.parseRequestOptionsFromJSON`. */
export interface PasskeyRequest {
  readonly challenge: string
  readonly rpId: string
  readonly userVerification: 'required'
  readonly timeout: number
}

const timeoutMs = 300_000

/** Returns the operation that returns the options of a sign-in with a passkey. */
export function getPasskeyRequest({
  app,
  domain,
}: PasskeyParts): Query<Record<string, never>, PasskeyRequest, never> {
  return app.query({
    route: 'GET /auth/sign-in/passkey',
    summary: 'Returns the options of a sign-in with a passkey.',
    description: 'Pass them to `navigator.credentials.get` within 5 minutes.',
    access: visitor('a person who signs in has no credentials yet'),
    headers: noStore.headers,
    output: described<PasskeyRequest>({
      type: 'object',
      required: ['challenge', 'rpId', 'userVerification', 'timeout'],
      properties: {
        challenge: { type: 'string' },
        rpId: { type: 'string' },
        userVerification: { const: 'required' },
        timeout: { type: 'integer' },
      },
    }),
    run: ({ statements }) =>
      respond(
        {
          challenge: createChallenge(statements, { purpose: 'sign-in' }),
          rpId: domain,
          userVerification: 'required',
          timeout: timeoutMs,
        },
        noStore.values,
      ),
  })
}

/** A verified sign-in. */
interface Verified {
  readonly row: PasskeyRow
  readonly challenge: string
  readonly counter: number
  readonly backedUp: boolean
}

/** Returns the operation that signs in with a passkey. */
export function signInWithPasskey(
  parts: PasskeyParts,
): Mutation<CredentialInput, AccountId, ProblemOf<typeof PasskeyInvalid>> {
  const { app, sessions } = parts
  return app.mutation({
    route: 'POST /auth/sign-in/passkey',
    sealed: true,
    summary: 'Signs in with a passkey.',
    description: 'Sets the cookie of a new session. No second factor is needed: a passkey is two factors.',
    access: visitor('the signature of the passkey is the credential'),
    input: credentialInput,
    output: accountId,
    problems: [PasskeyInvalid],
    cookies: [sessions.cookie],
    trail: onlySuccess,
    async prepare({ input: { credential }, statements, log }): Promise<Verified> {
      const [row] = await runStatement<PasskeyRow>(statements, findPasskey(statements.service, credential.id))
      if (!row) throw PasskeyInvalid()
      const challenge = challengeOf(credential)
      if (!isChallenge(statements, challenge, { purpose: 'sign-in' })) throw PasskeyInvalid()
      const signed = await verifySignature(parts, { row, credential, challenge }).catch((error: unknown) => {
        log.info({ passkey: row.id, reason: String(error) }, 'passkey refused')
        throw PasskeyInvalid()
      })
      return { row, challenge, ...signed }
    },
    async run({ prepared: { row, challenge, counter, backedUp }, caller, transaction, log }) {
      if (!(await useChallenge(transaction, challenge))) throw PasskeyInvalid()
      const use = { id: row.id, counter, backedUp }
      const [used] = await runStatement<Pick<PasskeyRow, 'account_id'>>(transaction, notePasskeyUse(use))
      if (!used) {
        log.warn(
          { passkey: row.id, counter, stored: Number(row.counter) },
          'passkey refused: it was removed, or its counter went back, so that it may have been copied',
        )
        throw PasskeyInvalid()
      }
      return completeSignIn(sessions, transaction, { account: used.account_id, caller, factors: 'both' })
    },
  })
}

/** The parts of a signature to verify. */
interface Signed {
  readonly row: PasskeyRow
  readonly credential: CredentialJson
  readonly challenge: string
}

async function verifySignature(
  { origins, domain }: PasskeyParts,
  { row, credential, challenge }: Signed,
): Promise<Pick<Verified, 'counter' | 'backedUp'>> {
  const { userHandle } = credential.response
  if (userHandle !== userHandleOf(row.account_id)) throw new PasskeyRefused('it names another account')
  const { verifyAuthenticationResponse } = await loadWebAuthn()
  const stored: WebAuthnCredential = {
    id: row.credential_id,
    publicKey: new Uint8Array(row.public_key),
    // The counter is compared when it is stored, in the transaction.
    counter: 0,
  }
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response: { clientExtensionResults: {}, ...credential } as unknown as AuthenticationResponseJSON,
    expectedChallenge: challenge,
    expectedOrigin: [...origins],
    expectedRPID: domain,
    credential: stored,
    requireUserVerification: true,
  })
  if (!verified) throw new PasskeyRefused('its signature is invalid')
  return { counter: authenticationInfo.newCounter, backedUp: authenticationInfo.credentialBackedUp }
}

/** Returns the user handle of an account: its id, which contains nothing about the person. */
export function userHandleOf(account: string): string {
  return Buffer.from(account.replaceAll('-', ''), 'hex').toString('base64url')
}

/** Returns the challenge that the browser has signed; an empty text if there is none. */
export function challengeOf({ response }: CredentialJson): string {
  try {
    const data = Buffer.from(String(response['clientDataJSON']), 'base64url').toString()
    const { challenge } = JSON.parse(data) as { challenge?: unknown }
    return typeof challenge === 'string' ? challenge : ''
  } catch {
    return ''
  }
}
