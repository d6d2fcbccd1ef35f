import { recentlySignedIn } from '../../kernel/operation/access/caller-rules.ts'
import { allOf } from '../../kernel/operation/access/combine.ts'
import type { Access } from '../../kernel/operation/access/access.ts'
import type { SessionUser } from '../sessions/session-identifier.ts'
import { sessionVisitor, type Visitor } from './visitor.ts'

/**
 * Returns the rule for changes of credentials. They need a recent sign-in, so that a stolen
 * session is not enough.
 */
export function recentSession(): Access<SessionUser & Visitor> {
  return allOf(recentlySignedIn('10m'), sessionVisitor())
}
