import { useNothing } from '../host/use-once.ts'
import { recordNothing } from '../host/use-record.ts'
import type { Cancellation } from '../base/cancellation.ts'
import { abortable } from '../base/cancellation.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { AdmissionDatabase, AdmissionWork } from '../call/admission-of.ts'
import { findCaller } from '../call/stages/identify.ts'
import { newUsage } from '../host/work.ts'
import type { Access } from '../operation/access/access.ts'
import { RowCheck } from '../operation/access/row-check.ts'
import { Admission } from '../operation/admission.ts'
import { anonymous } from '../operation/caller.ts'
import type { Peer } from '../operation/credentials.ts'
import { RunningDeadline } from '../operation/deadline.ts'
import type { Identifier } from '../operation/identifier.ts'
import { ProblemError } from '../problem/problem.ts'
import { unrecordedSpan } from '../telemetry/span.ts'
import { noTrace } from '../telemetry/trace-context.ts'

/** A request that calls no operation, such as a request for health details. */
export interface CallerRequest {
  readonly header: (name: string) => string | undefined
  readonly peer: (() => Peer) | undefined
  /** Max time to identify and admit the caller, in milliseconds. */
  readonly timeoutMs: number
  /** Aborted when the result is no longer needed. */
  readonly client: Cancellation
}

/** Dependencies of {@link admitCaller}. */
export interface AdmitCallerParts {
  readonly identifiers: readonly Identifier[]
  readonly settings: unknown
  readonly clock: Clock
  readonly log: Logger
  /** `undefined` if the service has no database. */
  readonly database: AdmissionDatabase | undefined
}

/** Identifies the caller of a request. Resolves to true if the rule admits it. */
export async function admitCaller(
  access: Access,
  { header, peer, timeoutMs, client }: CallerRequest,
  { identifiers, settings, clock, log, database }: AdmitCallerParts,
): Promise<boolean> {
  const deadline = new RunningDeadline(clock, timeoutMs, { client })
  try {
    deadline.throwIfAborted()
    const work: AdmissionWork = {
      deadline,
      log,
      span: unrecordedSpan(noTrace),
      usage: newUsage(),
      get caller() {
        return request.caller
      },
    }
    const request: Admission = new Admission(
      {
        header,
        peer,
        requestLine: undefined,
        rawBody: undefined,
        deadline,
        log,
        requestId: crypto.randomUUID(),
      },
      {
        settings,
        clock,
        openSession: () => database?.open(work),
        recordUse: database?.recordUse ?? recordNothing,
        useOnce: database?.useOnce ?? useNothing,
      },
    )
    const { caller = anonymous } = await abortable(
      Promise.resolve(findCaller(identifiers, request)),
      deadline,
    )
    request.caller = caller
    const decision = await abortable(Promise.resolve(access.authorize(request)), deadline)
    // The types exclude row rules here, because the request has no input.
    return !(decision instanceof ProblemError) && !(decision instanceof RowCheck)
  } finally {
    deadline.end()
  }
}
