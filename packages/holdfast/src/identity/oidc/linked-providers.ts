import { allOf } from '../../kernel/operation/access/combine.ts'
import { recentlySignedIn } from '../../kernel/operation/access/caller-rules.ts'
import type { Mutation, Query } from '../../kernel/operation/operation.ts'
import { respond } from '../../kernel/operation/respond.ts'
import type { ProblemOf } from '../../kernel/problem/problem.ts'
import { described } from '../../kernel/schema/schema.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { ofCaller } from '../accounts/account-trail.ts'
import { textInput, type TextInput, uuid } from '../accounts/fields.ts'
import { lockAccount } from '../accounts/queries/accounts.ts'
import { sessionVisitor } from '../accounts/visitor.ts'
import { LastSignInMethod } from './problems.ts'
import {
  deleteIdentity,
  type DeletedIdentity,
  type IdentityRow,
  listIdentities,
  readSignInMethods,
  type SignInMethods,
} from './queries/linked-identities.ts'
import type { SignInParts } from './sign-in-parts.ts'

/** An identity that is linked to the account of the user. */
export interface LinkedProvider {
  readonly id: string
  readonly provider: string
  /** The address that the provider sent at the last sign-in. */
  readonly email?: string | undefined
  readonly linkedAt: string
  readonly usedAt: string
}

const time = { type: 'string', format: 'date-time' }

const listSchema = described<readonly LinkedProvider[]>({
  type: 'array',
  maxItems: 100,
  items: {
    type: 'object',
    properties: {
      id: { type: 'string', format: 'uuid' },
      provider: { type: 'string' },
      email: { type: 'string' },
      linkedAt: time,
      usedAt: time,
    },
    required: ['id', 'provider', 'linkedAt', 'usedAt'],
  },
})

/** Returns the operation that lists the linked identities of the user. */
export function listLinkedProviders<Read, Write, Values>({
  app,
}: SignInParts<Read, Write, Values>): Query<Record<string, never>, readonly LinkedProvider[], never> {
  return app.query({
    route: 'GET /auth/linked-providers',
    summary: 'Lists the providers that are linked to the account of the user.',
    access: sessionVisitor(),
    output: listSchema,
    async run({ caller, statements }) {
      const rows = await runStatement<IdentityRow>(statements, listIdentities(caller.id))
      return rows.map((row) => ({
        id: row.id,
        provider: row.provider,
        email: row.email ?? undefined,
        linkedAt: row.linked_at.toISOString(),
        usedAt: row.used_at.toISOString(),
      }))
    },
  })
}

/** Returns the operation that unlinks an identity from the account of the user. */
export function unlinkProvider<Read, Write, Values>({
  app,
  sessions,
  providerMails,
}: SignInParts<Read, Write, Values>): Mutation<TextInput<'id'>, void, ProblemOf<typeof LastSignInMethod>> {
  return app.mutation({
    route: 'DELETE /auth/linked-providers/{id}',
    summary: 'Unlinks a provider from the account of the user.',
    description:
      'Needs a sign-in in the last 10 minutes. Ends the other sessions of the user, which the identity may have begun. The answer is the same if the user has no such identity.',
    access: allOf(sessionVisitor(), recentlySignedIn('10m')),
    input: textInput({ id: uuid }),
    problems: [LastSignInMethod],
    trail: ofCaller,
    idempotency: { optional: 'a second call changes nothing' },
    async run({ caller, input, transaction, jobs }) {
      // Two calls at the same time could otherwise remove the last two ways to sign in.
      await runStatement(transaction, lockAccount(caller.id))
      const [deleted] = await runStatement<DeletedIdentity>(transaction, deleteIdentity(caller.id, input.id))
      if (!deleted) return respond(undefined, { trail: false })
      const [methods] = await runStatement<SignInMethods>(transaction, readSignInMethods(caller.id))
      if (!methods || (!methods.has_password && methods.identities + methods.passkeys === 0))
        throw LastSignInMethod()
      await sessions.endAll(transaction, { user: caller.id, except: caller.session })
      await providerMails.enqueue(jobs, { kind: 'unlinked', id: caller.id, provider: deleted.provider })
      return undefined
    },
  })
}
