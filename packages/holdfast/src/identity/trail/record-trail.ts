import type { Answer } from '../../kernel/operation/answer.ts'
import type { Call } from '../../kernel/call/call.ts'
import type { CompiledOperation } from '../../kernel/operation/compile.ts'
import { noTrace } from '../../kernel/telemetry/trace-context.ts'
import { uuidv7 } from '../../kernel/base/uuid-v7.ts'
import type { Statement } from '../../storage/postgres/statement/statement.ts'
import type { HandlerSession } from '../../storage/postgres/transaction/handler-session.ts'
import type { Gathering } from '../../storage/postgres/transaction/gathered-rows.ts'
import { insertTrail } from './queries/insert-trail.ts'

/** Adds a successful call to the trail, in the transaction of its session. */
type RecordTrail = (session: HandlerSession, call: Call, answer: Answer) => void

/**
 * Returns the function that adds the calls of an operation to the trail; `undefined` if the
 * operation has no trail. The row is inserted by the statement that stores the answer.
 */
export function recordTrailOf(service: string, operation: CompiledOperation): RecordTrail | undefined {
  const { trail } = operation
  if (!trail) return undefined
  const recordsProblems = trail === true || (trail.problems ?? true)
  return ({ gathered }, call, answer) => {
    const isRecorded = answer.status < 400 ? call.trail !== false : recordsProblems
    if (isRecorded) gathered.add(new GatheredTrail(toInsert(service, call, answer)))
  }
}

/**
 * The trail row of a transaction. It is added after the handler has ended, so no savepoint of the
 * handler can undo it.
 */
class GatheredTrail implements Gathering {
  readonly length = 1
  readonly #insert: Statement

  constructor(insert: Statement) {
    this.#insert = insert
  }

  forget(): void {}

  statements(): readonly Statement[] {
    return [this.#insert]
  }

  committed(): void {}
}

function toInsert(service: string, { operation, caller, trail, requestId, span }: Call, { status }: Answer) {
  // A problem that keeps the writes of its handler has no output to describe.
  const entry = status < 400 && trail ? trail : undefined
  return insertTrail({
    id: uuidv7(),
    service,
    operation: operation.name,
    caller_kind: caller.kind,
    caller_id: caller.id ?? null,
    tenant: caller.tenant ?? null,
    target: entry?.target ?? null,
    details: entry?.details ?? null,
    request_id: requestId,
    trace_id: span.trace === noTrace ? null : span.trace.traceId,
    status,
  })
}
