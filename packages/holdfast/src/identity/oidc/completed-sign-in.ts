import { described, type Schema } from '../../kernel/schema/schema.ts'

/** A completed sign-in, or a completed linking. */
export interface CompletedSignIn {
  readonly purpose: 'sign-in' | 'link'
  readonly account: string
  /** The path to which the page sends the browser. */
  readonly returnTo: string
}

/** The schema of {@link CompletedSignIn}. */
export const completedSignIn: Schema<CompletedSignIn, CompletedSignIn> = described<CompletedSignIn>({
  type: 'object',
  properties: {
    purpose: { enum: ['sign-in', 'link'] },
    account: { type: 'string', format: 'uuid' },
    returnTo: { type: 'string', description: 'The path to which the page sends the browser.' },
  },
  required: ['purpose', 'account', 'returnTo'],
})
