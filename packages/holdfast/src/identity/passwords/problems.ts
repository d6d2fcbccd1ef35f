import { type ProblemWith, problem } from '../../kernel/problem/problem.ts'
import { described } from '../../kernel/schema/schema.ts'

/** The reason why a password is rejected. */
export interface PasswordIssue {
  /** `breached`: attackers know the password, for example from a list of breached passwords. */
  readonly reason: 'too-short' | 'too-long' | 'breached'
  /** Min length of a password, in characters. */
  readonly minLength: number
  /** Max length of a password, in characters. */
  readonly maxLength: number
}

/** The new password does not meet the rules of the service. */
export const PasswordUnacceptable: ProblemWith<'password-unacceptable', PasswordIssue> = problem(
  'password-unacceptable',
  {
    status: 422,
    title: 'Password not acceptable',
    description:
      'The new password is too short, too long, or in a list of passwords that attackers know; see `reason`. Choose another one. There are no rules about its characters.',
    extra: described<PasswordIssue>({
      type: 'object',
      required: ['reason', 'minLength', 'maxLength'],
      properties: {
        reason: { enum: ['too-short', 'too-long', 'breached'] },
        minLength: { type: 'integer' },
        maxLength: { type: 'integer' },
      },
    }),
  },
)
