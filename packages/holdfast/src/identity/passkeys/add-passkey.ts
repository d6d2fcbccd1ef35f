import type { RegistrationResponseJSON } from '@simplewebauthn/server'
import { uuidv7 } from '../../kernel/base/uuid-v7.ts'
import type { Mutation, Query } from '../../kernel/operation/operation.ts'
import { respond } from '../../kernel/operation/respond.ts'
import type { ProblemOf } from '../../kernel/problem/problem.ts'
import { Unauthenticated } from '../../kernel/problem/problems.ts'
import { described } from '../../kernel/schema/schema.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { ofCaller } from '../accounts/account-trail.ts'
import { type AccountRow, findById, lockAccount } from '../accounts/queries/accounts.ts'
import { recentSession } from '../accounts/recent-session.ts'
import { createChallenge, isChallenge, useChallenge } from './challenge.ts'
import { type CredentialJson, type NamedCredentialInput, namedCredentialInput } from './credential-input.ts'
import { loadWebAuthn } from './load-web-authn.ts'
import { noStore } from './no-store.ts'
import { PasskeyRefused } from './passkey-refused.ts'
import type { PasskeyParts } from './passkey-parts.ts'
import { PasskeyNotAdded } from './problems.ts'
import { insertPasskey, type PasskeyRow, selectPasskeys } from './queries/passkeys.ts'
import { challengeOf, userHandleOf } from './sign-in-with-passkey.ts'

/** The options of a new passkey, for `PublicKeyCredential.parseCreationOptionsFromJSON`. */
export interface PasskeyCreation {
  readonly challenge: string
  readonly [member: string]: unknown
}

const maxPasskeys = 20

// EdDSA, ES256 and RS256, in the order of preference.
const algorithms = [-8, -7, -257]

/** Returns the operation that returns the options of a new passkey. */
export function getPasskeyCreation(
  parts: PasskeyParts,
): Query<Record<string, never>, PasskeyCreation, never> {
  const { app, domain, serviceName } = parts
  return app.query({
    route: 'GET /auth/passkeys/new',
    summary: 'Returns the options of a new passkey.',
    description: 'Needs a recent sign-in. Pass them to `navigator.credentials.create` within 5 minutes.',
    access: recentSession(),
    headers: noStore.headers,
    output: described<PasskeyCreation>({
      type: 'object',
      required: ['challenge'],
      properties: { challenge: { type: 'string' } },
      additionalProperties: true,
    }),
    async run({ caller, statements }) {
      const [account] = await runStatement<AccountRow>(statements, findById(statements.service, caller.id))
      if (!account) throw Unauthenticated({ detail: 'The account no longer exists.' })
      const known = await runStatement<PasskeyRow>(statements, selectPasskeys(account.id))
      const binding = { purpose: 'registration', account: account.id, session: caller.session } as const
      return respond(
        {
          challenge: createChallenge(statements, binding),
          rp: { id: domain, name: serviceName },
          user: { id: userHandleOf(account.id), name: account.email, displayName: account.email },
          pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key', alg })),
          timeout: 300_000,
          attestation: 'none',
          authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
          excludeCredentials: known.map(({ credential_id: id, transports }) => ({
            type: 'public-key',
            id,
            transports,
          })),
        },
        noStore.values,
      )
    },
  })
}

/** Returns the operation that adds a passkey to the account of the user. */
export function addPasskey(
  parts: PasskeyParts,
): Mutation<NamedCredentialInput, { readonly id: string }, ProblemOf<typeof PasskeyNotAdded>> {
  const { app, mails } = parts
  return app.mutation({
    route: 'POST /auth/passkeys',
    summary: 'Adds a passkey to the account of the user.',
    description: 'Needs a recent sign-in.',
    access: recentSession(),
    input: namedCredentialInput,
    output: described<{ readonly id: string }>({
      type: 'object',
      required: ['id'],
      properties: { id: { type: 'string', format: 'uuid' } },
    }),
    status: 201,
    problems: [PasskeyNotAdded],
    trail: ofCaller,
    async prepare({ input: { credential }, caller, statements, log }) {
      const challenge = challengeOf(credential)
      const binding = { purpose: 'registration', account: caller.id, session: caller.session } as const
      if (!isChallenge(statements, challenge, binding)) throw PasskeyNotAdded()
      const verified = await verifyCreation(parts, credential, challenge).catch((error: unknown) => {
        log.info({ reason: String(error) }, 'new passkey refused')
        throw PasskeyNotAdded()
      })
      return { challenge, ...verified }
    },
    async run({ input: { name }, prepared: { challenge, ...verified }, caller, transaction, jobs }) {
      if (!(await useChallenge(transaction, challenge))) throw PasskeyNotAdded()
      // Passkeys of one account are added one after another, so that their number is exact.
      await runStatement(transaction, lockAccount(caller.id))
      const id = uuidv7()
      const inserted = await runStatement<object>(
        transaction,
        insertPasskey({
          ...verified,
          id,
          account: caller.id,
          service: transaction.service,
          name,
          limit: maxPasskeys,
        }),
      )
      if (inserted.length === 0) throw PasskeyNotAdded()
      await mails.enqueueChange(jobs, 'passkey-added', caller.id)
      return { id }
    },
  })
}

async function verifyCreation(
  { origins, domain }: PasskeyParts,
  credential: CredentialJson,
  challenge: string,
) {
  const { verifyRegistrationResponse } = await loadWebAuthn()
  const { registrationInfo } = await verifyRegistrationResponse({
    response: { clientExtensionResults: {}, ...credential } as unknown as RegistrationResponseJSON,
    expectedChallenge: challenge,
    expectedOrigin: [...origins],
    expectedRPID: domain,
    requireUserVerification: true,
    supportedAlgorithmIDs: algorithms,
  })
  if (!registrationInfo) throw new PasskeyRefused('its attestation is invalid')
  const { id, publicKey, counter, transports = [] } = registrationInfo.credential
  return {
    credential_id: id,
    publicKey: Buffer.from(publicKey),
    counter,
    transports: transports.filter((each) => typeof each === 'string' && each.length <= 20).slice(0, 10),
    backed_up: registrationInfo.credentialBackedUp,
  }
}
