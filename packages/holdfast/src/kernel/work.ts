import type { Cancellation } from './cancellation.ts'
import { type Span, unrecordedSpan } from './span.ts'
import type { StatementGuard } from './statement-guard.ts'
import { noTrace, toTraceparent } from './trace-context.ts'

/** What has been used so far. */
export interface Usage {
  /** The statements of handlers; the framework's own are not counted. */
  statements: number
  /** How long statements have taken, in milliseconds, the framework's own included. */
  databaseMs: number
}

/** On whose behalf something is done. Every call is such work. */
export interface Work {
  /** Until when it is worth doing. */
  readonly deadline: Cancellation
  /** Whether a connection that it has at its deadline is closed, whatever is under way. Default: who waits interrupts it. */
  readonly isAbandonedAtDeadline?: boolean
  /** Where it stands in its trace. */
  readonly span: Span
  /** What it is charged with. */
  readonly usage: Usage
  /** Watches the statements of its handler. Default: nobody does, as with jobs. */
  readonly guard?: StatementGuard | undefined
}

/** Nothing used yet. */
export function newUsage(): Usage {
  return { statements: 0, databaseMs: 0 }
}

const ownSpan = unrecordedSpan(noTrace)

/** Work of the framework's own, which no call asked for and nobody watches. What does not answer it in time is abandoned. */
export function ownWork(deadline: Cancellation): Work {
  return {
    deadline,
    isAbandonedAtDeadline: true,
    span: ownSpan,
    usage: newUsage(),
  }
}

/** The `traceparent` of what work sets off; `undefined` where it is the framework's own, which stands in no trace. */
export function traceparentOf({ span }: Work): string | undefined {
  return span.trace === noTrace ? undefined : toTraceparent(span.trace)
}
