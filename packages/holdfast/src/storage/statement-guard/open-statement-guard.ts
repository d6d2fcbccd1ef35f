import type { StatementWatch } from '../../kernel/host/statement-guard.ts'
import type { Pool } from '../postgres/pool/pool.ts'
import { Fingerprints } from './fingerprints.ts'
import type { GuardWatch } from './handler-guard.ts'
import { UnboundedReads } from './unbounded-reads.ts'

/** An open statement guard. */
export interface OpenStatementGuard {
  /** Passed to the guard of each handler; `undefined` in production. */
  readonly watch: GuardWatch | undefined
  /** Resolves when all background checks have finished. */
  close(): Promise<void>
}

/** Dependencies of {@link openStatementGuard}. */
export interface StatementGuardParts {
  /** The handling of violations; `undefined` in production, where nothing is loaded. */
  readonly statements: StatementWatch | undefined
  /** Lends connections for the background checks. */
  readonly pool: Pool
}

/** Opens the statement guard: loads the SQL parser, except in production. */
export async function openStatementGuard({
  statements,
  pool,
}: StatementGuardParts): Promise<OpenStatementGuard> {
  if (!statements) return { watch: undefined, close: async () => {} }
  const unbounded = new UnboundedReads(pool)
  return {
    watch: { ...statements, fingerprints: await Fingerprints.load(), unbounded },
    close: () => unbounded.close(),
  }
}
