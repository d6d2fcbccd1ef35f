import type { Call, CallRequest } from './call.ts'
import { CallLog } from './call-log.ts'
import { anonymous } from '../operation/caller.ts'
import type { Clock } from '../base/clock.ts'
import type { CompiledOperation } from '../operation/compile.ts'
import { RunningDeadline } from '../operation/deadline.ts'
import type { Logger } from '../base/log.ts'
import type { Span } from '../telemetry/span.ts'
import { newUsage } from '../host/work.ts'

/** The properties of a call that its transport does not provide. */
export interface CallParts {
  readonly operation: CompiledOperation
  readonly span: Span
  /** The service's logger. */
  readonly log: Logger
}

/** Creates the call of a request, before any stage has run. */
export function createCall(request: CallRequest, { operation, span, log }: CallParts): Call {
  const requestId = request.requestId ?? crypto.randomUUID()
  const call: Call = {
    operation,
    wire: request.input,
    readInput: request.readInput,
    rawBody: request.rawBody,
    parseBody: request.parseBody,
    header: request.header,
    peer: request.peer,
    requestLine: request.requestLine,
    requestId,
    log: new CallLog(log, () => {
      const { traceId, spanId } = span.trace
      const { tenant } = call.caller
      return {
        operation: operation.name,
        requestId,
        ...(tenant === undefined ? {} : { tenant }),
        traceId,
        spanId,
      }
    }),
    onFailure: request.onFailure,
    span,
    usage: request.usage ?? newUsage(),
    client: request.client,
    deadline: unlimited,
    caller: anonymous,
    identifier: undefined,
    refusal: undefined,
    admission: undefined,
    rowCheck: undefined,
    row: undefined,
    input: undefined,
    db: undefined,
    guard: undefined,
    statements: undefined,
    links: undefined,
    position: undefined,
    prepared: undefined,
    trail: undefined,
    effects: undefined,
  }
  return call
}

const stillClock: Clock = { now: () => 0, monotonicMs: () => 0, after: () => ({ cancel: () => {} }) }

/** The deadline of a call until the deadline stage sets it. */
const unlimited: RunningDeadline = new RunningDeadline(stillClock, Infinity)
