import type { Cancellation } from '../base/cancellation.ts'
import { type Span, unrecordedSpan } from '../telemetry/span.ts'
import type { StatementGuard } from './statement-guard.ts'
import { noTrace, toTraceparent } from '../telemetry/trace-context.ts'

/** The resources used so far. */
export interface Usage {
  /** The number of statements run by handlers; the framework's statements do not count. */
  statements: number
  /** The total duration of statements, including the framework's, in milliseconds. */
  databaseMs: number
}

/** A unit of work, such as a call, and the resources that it uses. */
export interface Work {
  /** The time at which the result is no longer needed. */
  readonly deadline: Cancellation
  /**
   * True to close a connection that the work still holds at its deadline, even if a statement is
   * running. Default false: the code that waits for the statement interrupts it instead.
   */
  readonly isAbandonedAtDeadline?: boolean
  /**
   * True if the work waits for a connection until its deadline. Default false: the work waits no
   * longer than the max wait of its lane.
   */
  readonly waitsUntilDeadline?: boolean
  /** The span of the work. */
  readonly span: Span
  /** The counters of the resources that the work uses. */
  readonly usage: Usage
  /** Checks the handler's statements. Default: no checks, as for jobs. */
  readonly guard?: StatementGuard | undefined
}

/** Returns counters that start at zero. */
export function newUsage(): Usage {
  return { statements: 0, databaseMs: 0 }
}

const noopSpan = unrecordedSpan(noTrace)

/**
 * Returns work of the framework itself, which belongs to no call and is not recorded. The work
 * waits for a connection until its deadline. The max wait of its lane does not apply: that limit is
 * short, to protect callers, and would prevent a service from starting on a busy machine. A
 * connection that does not answer by the deadline is abandoned.
 */
export function systemWork(deadline: Cancellation): Work {
  return {
    deadline,
    isAbandonedAtDeadline: true,
    waitsUntilDeadline: true,
    span: noopSpan,
    usage: newUsage(),
  }
}

/**
 * Returns {@link systemWork} with a time limit, in milliseconds of real time. `stopping` ends it
 * earlier. Default: only the limit ends it.
 */
export function limitedWork(limitMs: number, stopping?: AbortSignal): Work {
  const limit = AbortSignal.timeout(limitMs)
  return systemWork(stopping ? AbortSignal.any([stopping, limit]) : limit)
}

/**
 * Returns the `traceparent` for the jobs and messages of the work; `undefined` for the framework's
 * own work, which belongs to no trace.
 */
export function traceparentOf({ span }: Work): string | undefined {
  return span.trace === noTrace ? undefined : toTraceparent(span.trace)
}
