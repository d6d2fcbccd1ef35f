import type { Statements } from '../../kernel/background/effects.ts'
import type { Cancellation } from '../../kernel/base/cancellation.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { AdmissionSession } from '../../kernel/operation/admission.ts'
import type { AdmissionDatabase, AdmissionWork } from '../../kernel/call/admission-of.ts'
import type { CompiledOperation } from '../../kernel/operation/compile.ts'
import { ProblemError } from '../../kernel/problem/problem.ts'
import { sqlStateOf } from '../postgres/errors/sql-state.ts'
import { toPostgresFailure } from '../postgres/errors/to-postgres-failure.ts'
import { setAdmission } from '../postgres/queries/set-tenant.ts'
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

/** Dependencies of {@link admissionDatabase}. */
export interface AdmissionParts {
  readonly primary: Pool
  readonly binding: AdmissionBinding
  /** The service on whose behalf libraries run statements. */
  readonly owner: StatementOwner
  readonly uses: UseRecorder
  /** Inspects statements; `undefined` in production. */
  readonly watch: GuardWatch | undefined
  /** True if policies limit callers to the rows of their tenant. */
  readonly hasTenants: boolean
}

// The identifiers and the access rule of a call share these limits. They do not share the limits of
// the operation, because the number of their statements depends on caches.
const limits = { budget: 10, maxRows: 1_000, hasExplicitMaxRows: false, repeats: undefined }
const part = 'the identifiers and the access rule'
/** Stands for an operation in messages about rules of the service itself. */
const ownRules: Pick<CompiledOperation, 'name' | 'route' | 'definedAt'> = {
  name: 'health',
  route: { method: 'GET', path: '/health/ready', parameters: [] },
  definedAt: 'its details',
}

/**
 * Returns the database that the identifiers and the access rule of an operation use. Without an
 * operation, returns the database for rules of the service itself. It reads from the primary: a
 * replica may not know yet that a session was revoked.
 */
export function admissionDatabase(
  operation: CompiledOperation | undefined,
  { primary, binding, owner, uses, watch, hasTenants }: AdmissionParts,
): AdmissionDatabase {
  const { name, route, definedAt } = operation ?? ownRules
  const handler: GuardedHandler = { ...limits, part, name, route, definedAt }
  return {
    open(work: AdmissionWork) {
      const { deadline, span, usage, log } = work
      const guard = new HandlerGuard(handler, watch, { span, log })
      const session = new ReadSession(
        { primary, replica: undefined },
        { deadline, span, usage, guard },
        hasTenants ? () => setAdmission(work.caller?.tenant) : undefined,
      )
      return new OpenAdmission(session, binding, owner)
    },
    recordUse: (record, id) => uses.record(record, id),
    toFailure: (error: unknown, deadline: Cancellation) =>
      !(error instanceof ProblemError) && sqlStateOf(error) === '25006'
        ? new HoldfastError(
            'query-writes',
            `${describeHandler(handler)} tried to write, but their db is read-only. Write in the handler of a mutation.`,
            { cause: error },
          )
        : toPostgresFailure(error, handler, deadline),
  }
}

/** The session of one call. Creates `db` and `statements` on first use: most calls need one. */
class OpenAdmission implements AdmissionSession {
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
}
