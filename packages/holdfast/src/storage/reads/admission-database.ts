import type { Statements } from '../../kernel/background/effects.ts'
import type { Cancellation } from '../../kernel/base/cancellation.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { AdmissionDatabase, AdmissionWork } from '../../kernel/call/admission-of.ts'
import type { PreparationDatabase, PreparationSession } from '../../kernel/call/prepare.ts'
import type { CompiledOperation } from '../../kernel/operation/compile.ts'
import type { UseOnce } from '../../kernel/host/use-once.ts'
import { ProblemError } from '../../kernel/problem/problem.ts'
import { sqlStateOf } from '../postgres/errors/sql-state.ts'
import { toPostgresFailure } from '../postgres/errors/to-postgres-failure.ts'
import { setAdmission, setTenant } from '../postgres/queries/set-tenant.ts'
import type { Statement } from '../postgres/statement/statement.ts'
import type { Pool } from '../postgres/pool/pool.ts'
import type { Queryable } from '../postgres/session/connection.ts'
import { describeHandler, type GuardedHandler } from '../statement-guard/guarded-handler.ts'
import { type GuardWatch, HandlerGuard } from '../statement-guard/handler-guard.ts'
import { ReadSession } from './read-session.ts'
import { type StatementOwner, toStatements } from './to-statements.ts'
import type { UseRecorder } from './use-recorder.ts'

/** The part of a query builder's binding that identifiers and access rules need. */
export interface AdmissionBinding {
  /** Creates a `db` whose statements are independent of each other. */
  readAlone(queryable: Queryable): unknown
}

/** Dependencies of {@link preparationDatabase}. */
export interface PreparationParts {
  readonly primary: Pool
  readonly binding: AdmissionBinding
  /** The service on whose behalf libraries run statements. */
  readonly owner: StatementOwner
  /** Inspects statements; `undefined` in production. */
  readonly watch: GuardWatch | undefined
  /** True if policies limit callers to the rows of their tenant. */
  readonly hasTenants: boolean
}

/** Dependencies of {@link admissionDatabase}. */
export interface AdmissionParts extends PreparationParts {
  readonly uses: UseRecorder
  readonly useOnce: UseOnce
}

// The identifiers and the access rule of a call share these limits. They do not share the limits of
// the operation, because the number of their statements depends on caches.
const limits = { budget: 10, maxRows: 1_000, hasExplicitMaxRows: false, repeats: undefined }
const part = 'the identifiers and the access rule'
/** Stands for an operation in messages about the service's own rules. */
const ownRules: Pick<CompiledOperation, 'name' | 'route' | 'definedAt'> = {
  name: 'health',
  route: { method: 'GET', path: '/health/ready', parameters: [] },
  definedAt: 'its details',
}

/**
 * Returns the database that the identifiers and the access rule of an operation use. Without an
 * operation, returns the database for the service's own rules. It reads from the primary: a replica
 * may not know yet that a session was revoked.
 */
export function admissionDatabase(
  operation: CompiledOperation | undefined,
  { uses, useOnce, ...parts }: AdmissionParts,
): AdmissionDatabase {
  const { name, route, definedAt } = operation ?? ownRules
  const handler: GuardedHandler = { ...limits, part, name, route, definedAt }
  const database = readOnlyDatabase(handler, parts, {
    who: describeHandler(handler),
    fix: 'Write in the handler of a mutation.',
    scopeOf: setAdmission,
  })
  return { ...database, recordUse: (record, id) => uses.record(record, id), useOnce }
}

/**
 * Returns the database that `prepare` of a mutation uses, with the limits of the mutation. It reads
 * from the primary, because the transaction that follows runs there.
 */
export function preparationDatabase(
  operation: CompiledOperation,
  parts: PreparationParts,
): PreparationDatabase {
  return readOnlyDatabase(operation, parts, {
    who: `\`prepare\` of ${describeHandler(operation)}`,
    fix: 'Write in `run`.',
    scopeOf: setTenant,
  })
}

/** The differences between the admission database and the database of `prepare`. */
interface ReadOnlyParts {
  /** The code that uses the database, named in the error about a writing statement. */
  readonly who: string
  /** The fix that this error suggests. */
  readonly fix: string
  /** Returns the statement that limits each read to the rows of a tenant. */
  readonly scopeOf: (tenant: string | undefined) => Statement | undefined
}

function readOnlyDatabase(
  handler: GuardedHandler,
  { primary, binding, owner, watch, hasTenants }: PreparationParts,
  { who, fix, scopeOf }: ReadOnlyParts,
): PreparationDatabase {
  return {
    open(work: AdmissionWork) {
      const { deadline, span, usage, log } = work
      const guard = new HandlerGuard(handler, watch, { span, log })
      const session = new ReadSession(
        { primary, replica: undefined },
        { deadline, span, usage, guard },
        hasTenants ? () => scopeOf(work.caller?.tenant) : undefined,
      )
      return new OpenAdmission(session, binding, owner)
    },
    toFailure: (error: unknown, deadline: Cancellation) =>
      !(error instanceof ProblemError) && sqlStateOf(error) === '25006'
        ? new HoldfastError('query-writes', `${who} tried to write, but its db is read-only. ${fix}`, {
            cause: error,
          })
        : toPostgresFailure(error, handler, deadline),
  }
}

/**
 * The session of one call. Creates `db` and `statements` on first use: most calls need only one of
 * them.
 */
class OpenAdmission implements PreparationSession {
  readonly #session: ReadSession
  readonly #binding: AdmissionBinding
  readonly #owner: StatementOwner
  #db: unknown
  #statements: Statements | undefined

  constructor(session: ReadSession, binding: AdmissionBinding, owner: StatementOwner) {
    this.#session = session
    this.#binding = binding
    this.#owner = owner
  }

  get db(): unknown {
    return (this.#db ??= this.#binding.readAlone(this.#session))
  }

  get statements(): Statements {
    return (this.#statements ??= toStatements(this.#session, this.#owner))
  }

  get transientFailure(): Error | undefined {
    return this.#session.transientFailure
  }

  get passingFailure(): Error | undefined {
    return this.#session.passingFailure
  }
}
