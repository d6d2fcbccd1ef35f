import { described, type Schema } from '../../kernel/schema/schema.ts'

/** The account that signed in. */
export interface AccountId {
  readonly account: string
}

/** The schema of an {@link AccountId}. */
export const accountId: Schema<AccountId, AccountId> = described<AccountId>({
  type: 'object',
  properties: { account: { type: 'string', format: 'uuid' } },
  required: ['account'],
})
