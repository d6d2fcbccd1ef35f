import type { Mutation, Query } from '../../kernel/operation/operation.ts'
import { described } from '../../kernel/schema/schema.ts'
import { Unauthenticated } from '../../kernel/problem/problems.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import type { AccountParts } from './account-parts.ts'
import { ofCaller } from './account-trail.ts'
import { textInput, uuid, type TextInput } from './fields.ts'
import { type AccountRow, findById } from './queries/accounts.ts'
import { sessionVisitor } from './visitor.ts'

/** The account of the user, as the API shows it. */
export interface OwnAccount {
  readonly id: string
  readonly email: string
  readonly createdAt: string
}

/** A session of the user, as the API shows it. */
export interface OwnSession {
  readonly id: string
  /** True for the session of this call. */
  readonly isCurrent: boolean
  readonly createdAt: string
  /** The last use. It is written about once a minute. */
  readonly seenAt: string
  readonly expiresAt: string
  readonly address?: string | undefined
  readonly userAgent?: string | undefined
}

const time = { type: 'string', format: 'date-time' }
const id = { type: 'string', format: 'uuid' }

const accountSchema = described<OwnAccount>({
  type: 'object',
  properties: { id, email: { type: 'string' }, createdAt: time },
  required: ['id', 'email', 'createdAt'],
})

const sessionsSchema = described<readonly OwnSession[]>({
  type: 'array',
  maxItems: 100,
  items: {
    type: 'object',
    properties: {
      id,
      isCurrent: { type: 'boolean' },
      createdAt: time,
      seenAt: time,
      expiresAt: time,
      address: { type: 'string' },
      userAgent: { type: 'string' },
    },
    required: ['id', 'isCurrent', 'createdAt', 'seenAt', 'expiresAt'],
  },
})

/** Returns the operation that returns the account of the user. */
export function getAccount<Read, Write, Values>({
  app,
}: AccountParts<Read, Write, Values>): Query<Record<string, never>, OwnAccount, never> {
  return app.query({
    route: 'GET /auth/account',
    summary: 'Returns the account of the user.',
    access: sessionVisitor(),
    output: accountSchema,
    async run({ caller, statements }) {
      const [row] = await runStatement<AccountRow>(statements, findById(statements.service, caller.id))
      if (!row) throw Unauthenticated({ detail: 'The account no longer exists.' })
      return { id: row.id, email: row.email, createdAt: row.created_at.toISOString() }
    },
  })
}

/** Returns the operation that lists the sessions of the user. */
export function listSessions<Read, Write, Values>({
  app,
  sessions,
}: AccountParts<Read, Write, Values>): Query<Record<string, never>, readonly OwnSession[], never> {
  return app.query({
    route: 'GET /auth/sessions',
    summary: 'Lists the sessions of the user.',
    access: sessionVisitor(),
    output: sessionsSchema,
    async run({ caller, statements }) {
      const found = await sessions.list(statements, { user: caller.id })
      return found.map((session) => ({
        id: session.id,
        isCurrent: session.id === caller.session,
        createdAt: session.createdAt.toISOString(),
        seenAt: session.seenAt.toISOString(),
        expiresAt: session.expiresAt.toISOString(),
        address: session.address,
        userAgent: session.userAgent,
      }))
    },
  })
}

/** Returns the operation that ends a session of the user. */
export function endSession<Read, Write, Values>({
  app,
  sessions,
}: AccountParts<Read, Write, Values>): Mutation<TextInput<'id'>, void, never> {
  return app.mutation({
    route: 'DELETE /auth/sessions/{id}',
    summary: 'Ends a session of the user.',
    description: 'The answer is the same if the user has no such session.',
    access: sessionVisitor(),
    input: textInput({ id: uuid }),
    idempotency: { optional: 'a second call changes nothing' },
    trail: ofCaller,
    run: async ({ caller, input, transaction }) =>
      void (await sessions.end(transaction, { user: caller.id, id: input.id })),
  })
}

/** Returns the operation that ends the other sessions of the user. */
export function endOtherSessions<Read, Write, Values>({
  app,
  sessions,
}: AccountParts<Read, Write, Values>): Mutation<Record<string, never>, void, never> {
  return app.mutation({
    route: 'DELETE /auth/sessions',
    summary: 'Ends all other sessions of the user.',
    access: sessionVisitor(),
    idempotency: { optional: 'a second call changes nothing' },
    trail: ofCaller,
    run: async ({ caller, transaction }) =>
      void (await sessions.endAll(transaction, { user: caller.id, except: caller.session })),
  })
}
