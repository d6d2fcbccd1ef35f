import type { Answer } from '../../kernel/operation/answer.ts'
import type { Stage } from '../../kernel/call/call.ts'
import type { CompiledOperation } from '../../kernel/operation/compile.ts'
import type { Queryable } from '../postgres/session/connection.ts'
import { type GuardWatch, HandlerGuard } from '../statement-guard/handler-guard.ts'
import { setTenant } from '../postgres/queries/set-tenant.ts'
import type { Pool } from '../postgres/pool/pool.ts'
import { ReadSession } from './read-session.ts'
import { positionHeader } from '../replicas/log-position.ts'
import type { Replicas } from '../replicas/replicas.ts'
import { type StatementOwner, toStatements } from './to-statements.ts'
import { toPostgresFailure } from '../postgres/errors/to-postgres-failure.ts'

/** The part of a query builder's binding that queries need. */
export interface ReadBinding {
  read(queryable: Queryable): unknown
  within?<T>(queryable: Queryable, run: () => T | Promise<T>): Promise<T>
}

/** The pools that queries read from. */
export interface ReadPools {
  readonly primary: Pool
  readonly replicas: Replicas | undefined
  /** The service on whose behalf libraries run statements in a handler. */
  readonly owner: StatementOwner
  /** Inspects statements; `undefined` in production. */
  readonly watch: GuardWatch | undefined
  /** True if policies limit callers to the rows of their tenant. */
  readonly hasTenants: boolean
}

/** Returns the stage that provides a query with a read-only session. */
export function readStage(
  operation: CompiledOperation,
  { primary, replicas, owner, watch, hasTenants }: ReadPools,
  binding: ReadBinding,
): Stage {
  return (call, next) => {
    const fail = (error: unknown): never => {
      throw toPostgresFailure(error, operation, call.deadline)
    }
    const replica = replicas?.choose(call.header(positionHeader))
    call.guard = new HandlerGuard(operation, watch, call)
    const session = new ReadSession(
      { primary, replica },
      call,
      hasTenants ? () => setTenant(call.caller.tenant) : undefined,
    )
    call.statements = toStatements(session, owner)
    const run = (): Answer | Promise<Answer> => {
      call.db = binding.read(session)
      return next(call)
    }
    try {
      const answer = binding.within ? binding.within(session, run) : run()
      return answer instanceof Promise ? answer.catch(fail) : answer
    } catch (error) {
      return fail(error)
    }
  }
}
