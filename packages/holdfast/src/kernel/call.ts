import type { Answer } from './answer.ts'
import type { Caller } from './caller.ts'
import type { Cancellation } from './cancellation.ts'
import type { CompiledOperation } from './compile.ts'
import type { Effects, Statements } from './effects.ts'
import type { RunningDeadline } from './deadline.ts'
import type { Logger } from './log.ts'
import type { PageLinks } from './page-links.ts'
import type { Span } from './span.ts'
import type { StatementGuard } from './statement-guard.ts'
import type { WireInput } from './wire-input.ts'
import type { Usage, Work } from './work.ts'

/** A request of a transport to call an operation. */
export interface CallRequest {
  /** The operation's name in the service. */
  readonly operation: string
  readonly input: WireInput
  /** The body as it was received, for an access rule that reads it. */
  readonly content?: Uint8Array | undefined
  /**
   * Parses `content` into the body of the input, once the access rule has admitted the caller. Default:
   * the input has its body already.
   */
  readonly parseContent?: ((content: Uint8Array) => unknown) | undefined
  /** A request header, or its like in another transport, by its lower-case name. */
  readonly header: (name: string) => string | undefined
  /** Identifies the call. Default: a new one. */
  readonly requestId?: string
  /** The span of the call. Default: one of its own, in the trace of its `traceparent` header. */
  readonly span?: Span
  /** Charged with what the call uses. Default: nobody looks. */
  readonly usage?: Usage
  /** Called with what the service failed with, when the answer is a problem. Default: the log has it. */
  readonly onFailure?: ((error: unknown) => void) | undefined
  /** Aborted when the client has gone away: an `AbortSignal`, or the like. */
  readonly client?: Cancellation
}

/** One call on its way through the pipeline. Each stage fills in what it finds out, for the stages behind it. */
export interface Call extends Work {
  readonly operation: CompiledOperation
  /** Plain data, without getters or a class: it is copied for each attempt. Completed by the validate stage. */
  wire: WireInput
  /** The body as it was received, for an access rule that reads it. */
  readonly content: Uint8Array | undefined
  /** Parses the content into the body of `wire`; `undefined` if that has its body already. */
  readonly parseContent: ((content: Uint8Array) => unknown) | undefined
  readonly header: (name: string) => string | undefined
  readonly requestId: string
  readonly log: Logger
  readonly onFailure: ((error: unknown) => void) | undefined
  /** Aborted when the client has gone away. */
  readonly client: Cancellation | undefined
  /**
   * Set by the deadline stage: cancelled when the time has passed or the client has gone away. Whatever waits, waits no longer
   * than this.
   */
  deadline: RunningDeadline
  /** Set by the identify stage, narrowed by the authorize stage. */
  caller: Caller
  /** Set by the validate stage. */
  input: unknown
  /** Set by the database's stage. */
  db: unknown
  /** Set by the database's stage of a query; each attempt of a mutation has its own. */
  guard: StatementGuard | undefined
  /** What runs statements for libraries in a query; a mutation's transaction does. */
  statements: Statements | undefined
  /** Where other pages of the list are that it answers with. */
  links: PageLinks | undefined
  /** Where in the log of its database it has committed, as far as that was asked for. */
  position: string | undefined
  /** Set by the database's stage of a mutation. */
  effects: Effects | undefined
}

/** Calls the rest of the pipeline. */
export type Next = (call: Call) => Answer | Promise<Answer>

/**
 * A part of the pipeline: does its work before, after or around `next`, or answers by itself. It fails by throwing a
 * problem. One that has nothing to wait for returns what `next` does, so that a call that never waits costs no promise.
 */
export type Stage = (call: Call, next: Next) => Answer | Promise<Answer>
