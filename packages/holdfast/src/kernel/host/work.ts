import type { Cancellation } from '../base/cancellation.ts'
import { type Span, unrecordedSpan } from '../telemetry/span.ts'
import type { StatementGuard } from './statement-guard.ts'
import { noTrace, toTraceparent } from '../telemetry/trace-context.ts'

/** The resources used so far. */
export interface Usage {
  /** The number of statements run by handlers; the framework's statements do not count. */
  statements: number
  /** The total duration of statements, the framework's included, in milliseconds. */
  databaseMs: number
}

/** The unit of work that resources are used for. Every call is one. */
export interface Work {
  /** The time at which the result is no longer needed. */
  readonly deadline: Cancellation
  /**
   * True if a connection that the work holds at its deadline is closed, even if a statement is
   * running. Default: the waiting caller interrupts the statement.
   */
  readonly isAbandonedAtDeadline?: boolean
  /**
   * True if the work waits for a connection until its deadline. Default: as long as callers wait in
   * its lane.
   */
  readonly waitsUntilDeadline?: boolean
  /** The span of the work. */
  readonly span: Span
  /** The counters of the resources that it uses. */
  readonly usage: Usage
  /** Checks the statements of the handler. Default: no checks, as for jobs. */
  readonly guard?: StatementGuard | undefined
}

/** Returns counters that start at zero. */
export function newUsage(): Usage {
  return { statements: 0, databaseMs: 0 }
}

const noopSpan = unrecordedSpan(noTrace)

/**
 * Returns work of the framework itself, which belongs to no call and is not recorded. A connection
 * that does not answer by its deadline is abandoned; until then, it waits for one: the limit of a
 * lane protects callers, and would fail the start of a service on a busy machine.
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
 * earlier; default: only the limit does.
 */
export function limitedWork(limitMs: number, stopping?: AbortSignal): Work {
  const limit = AbortSignal.timeout(limitMs)
  return systemWork(stopping ? AbortSignal.any([stopping, limit]) : limit)
}

/**
 * Returns the `traceparent` to pass on to what the work starts; `undefined` for work of the
 * framework, which belongs to no trace.
 */
export function traceparentOf({ span }: Work): string | undefined {
  return span.trace === noTrace ? undefined : toTraceparent(span.trace)
}
