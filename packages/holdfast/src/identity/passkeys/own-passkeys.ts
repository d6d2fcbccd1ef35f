import type { Mutation, Query } from '../../kernel/operation/operation.ts'
import type { ProblemOf } from '../../kernel/problem/problem.ts'
import { described } from '../../kernel/schema/schema.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { ofCaller } from '../accounts/account-trail.ts'
import { textInput, type TextInput, uuid } from '../accounts/fields.ts'
import { recentSession } from '../accounts/recent-session.ts'
import { sessionVisitor } from '../accounts/visitor.ts'
import { isName } from './credential-input.ts'
import type { PasskeyParts } from './passkey-parts.ts'
import { PasskeyUnknown } from './problems.ts'
import { deletePasskey, type PasskeyRow, renamePasskey, selectPasskeys } from './queries/passkeys.ts'

/** A passkey of the user, as the API shows it. */
export interface OwnPasskey {
  readonly id: string
  readonly name: string
  /** True if the passkey is synchronized to other devices of its owner. */
  readonly isBackedUp: boolean
  readonly createdAt: string
  readonly usedAt?: string | undefined
}

const time = { type: 'string', format: 'date-time' }

const passkeysSchema = described<readonly OwnPasskey[]>({
  type: 'array',
  maxItems: 100,
  items: {
    type: 'object',
    required: ['id', 'name', 'isBackedUp', 'createdAt'],
    properties: {
      id: { type: 'string', format: 'uuid' },
      name: { type: 'string' },
      isBackedUp: { type: 'boolean' },
      createdAt: time,
      usedAt: time,
    },
  },
})

/** Returns the operation that lists the passkeys of the user. */
export function listPasskeys({
  app,
}: PasskeyParts): Query<Record<string, never>, readonly OwnPasskey[], never> {
  return app.query({
    route: 'GET /auth/passkeys',
    summary: 'Lists the passkeys of the user.',
    access: sessionVisitor(),
    output: passkeysSchema,
    async run({ caller, statements }) {
      const rows = await runStatement<PasskeyRow>(statements, selectPasskeys(caller.id))
      return rows.map((row) => ({
        id: row.id,
        name: row.name,
        isBackedUp: row.backed_up,
        createdAt: row.created_at.toISOString(),
        usedAt: row.used_at?.toISOString(),
      }))
    },
  })
}

const name = {
  schema: { type: 'string', minLength: 1, maxLength: 100 },
  read: (text: string) =>
    isName(text) ? { value: text } : { message: 'must be a text of 1 to 100 characters' },
}

/** Returns the operation that renames a passkey of the user. */
export function renameOwnPasskey({
  app,
}: PasskeyParts): Mutation<TextInput<'id' | 'name'>, void, ProblemOf<typeof PasskeyUnknown>> {
  return app.mutation({
    route: 'PUT /auth/passkeys/{id}/name',
    summary: 'Renames a passkey of the user.',
    access: sessionVisitor(),
    input: textInput({ id: uuid, name }),
    problems: [PasskeyUnknown],
    idempotency: { optional: 'a second call changes nothing' },
    trail: ofCaller,
    async run({ caller, input, transaction }) {
      const [row] = await runStatement<object>(transaction, renamePasskey(caller.id, input.id, input.name))
      if (!row) throw PasskeyUnknown()
    },
  })
}

/** Returns the operation that removes a passkey of the user. */
export function removePasskey({
  app,
  sessions,
  mails,
}: PasskeyParts): Mutation<TextInput<'id'>, void, ProblemOf<typeof PasskeyUnknown>> {
  return app.mutation({
    route: 'DELETE /auth/passkeys/{id}',
    summary: 'Removes a passkey of the user.',
    description: 'Needs a recent sign-in. Ends the other sessions of the user.',
    access: recentSession(),
    input: textInput({ id: uuid }),
    problems: [PasskeyUnknown],
    trail: ofCaller,
    async run({ caller, input, transaction, jobs }) {
      const [row] = await runStatement<object>(transaction, deletePasskey(caller.id, input.id))
      if (!row) throw PasskeyUnknown()
      await sessions.endAll(transaction, { user: caller.id, except: caller.session })
      await mails.enqueueChange(jobs, 'passkey-removed', caller.id)
    },
  })
}
