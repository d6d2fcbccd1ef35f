import type { Admission } from '../operation/admission.ts'
import type { Answer } from '../operation/answer.ts'
import type { Caller } from '../operation/caller.ts'
import type { Cancellation } from '../base/cancellation.ts'
import type { CompiledOperation } from '../operation/compile.ts'
import type { Effects, Statements } from '../background/effects.ts'
import type { RunningDeadline } from '../operation/deadline.ts'
import type { Identifier } from '../operation/identifier.ts'
import type { Logger } from '../base/log.ts'
import type { PageLinks } from '../pages/page-links.ts'
import type { Peer, RequestLine } from '../operation/credentials.ts'
import type { ProblemError } from '../problem/problem.ts'
import type { RowCheck } from '../operation/access/row-check.ts'
import type { Span } from '../telemetry/span.ts'
import type { TrailEntry } from '../operation/trail/trail.ts'
import type { StatementGuard } from '../host/statement-guard.ts'
import type { WireInput } from '../operation/wire-input.ts'
import type { Usage, Work } from '../host/work.ts'

/** A transport's request to call an operation. */
export interface CallRequest {
  /** The operation's name in the service. */
  readonly operation: string
  readonly input: WireInput
  /**
   * Reads the input again, for a handler that runs again: its earlier run may have changed the
   * input. Default: the call keeps a copy of the input.
   */
  readonly readInput?: (() => WireInput) | undefined
  /** The raw request body, for an access rule that verifies it. */
  readonly rawBody?: Uint8Array | undefined
  /**
   * Parses `rawBody` into the body of the input, after the access rule has admitted the caller.
   * Default: `input` already contains the body.
   */
  readonly parseBody?: ((rawBody: Uint8Array) => unknown) | undefined
  /**
   * Returns a request header by its lower-case name. Other transports return their equivalent of
   * the header.
   */
  readonly header: (name: string) => string | undefined
  /** Returns the call's client, for identifiers and access rules. Default: unknown. */
  readonly peer?: (() => Peer) | undefined
  /** Returns the first line of the HTTP request. Default: the call is not an HTTP request. */
  readonly requestLine?: (() => RequestLine) | undefined
  /** The id of the call. Default: a new UUID. */
  readonly requestId?: string
  /** The span of the call. Default: a new span, in the trace of the `traceparent` header. */
  readonly span?: Span
  /** Accumulates the resources that the call uses. Default: a new object. */
  readonly usage?: Usage
  /**
   * Called with the thrown error if the answer is a problem, including problems that the operation
   * declares.
   */
  readonly onFailure?: ((error: unknown) => void) | undefined
  /** Aborted when the client has disconnected: an `AbortSignal`, or an equivalent. */
  readonly client?: Cancellation
}

/** One call in the pipeline. Each stage sets the fields that later stages read. */
export interface Call extends Work {
  readonly operation: CompiledOperation
  /**
   * The input before validation, as plain data without getters or a class. If the parsing of the
   * body was postponed, the validate stage adds the body.
   */
  wire: WireInput
  /** Reads `wire` again as it was received; `undefined` if it can only be copied. */
  readonly readInput: (() => WireInput) | undefined
  /** The raw request body, for an access rule that verifies it. */
  readonly rawBody: Uint8Array | undefined
  /** Parses `rawBody` into the body of `wire`; `undefined` if `wire` already contains the body. */
  readonly parseBody: ((rawBody: Uint8Array) => unknown) | undefined
  readonly header: (name: string) => string | undefined
  readonly peer: (() => Peer) | undefined
  readonly requestLine: (() => RequestLine) | undefined
  readonly requestId: string
  readonly log: Logger
  readonly onFailure: ((error: unknown) => void) | undefined
  /** Aborted when the client has disconnected. */
  readonly client: Cancellation | undefined
  /**
   * Set by the deadline stage. The deadline is cancelled when its time has passed or the client has
   * disconnected. This ends every wait of the call.
   */
  deadline: RunningDeadline
  /**
   * Set by the identify stage. The authorize stage replaces it with the caller that the access rule
   * has verified.
   */
  caller: Caller
  /** The identifier that found the caller; `undefined` for an anonymous caller. */
  identifier: Identifier | undefined
  /** The problem of an invalid cookie, if no identifier found a caller. */
  refusal: ProblemError | undefined
  /** The part of the call that identifiers and the access rule receive. */
  admission: Admission | undefined
  /** The row check of the access rule. Set by the authorize stage. */
  rowCheck: RowCheck<Caller, unknown, unknown> | undefined
  /** Set by the stage that runs `rowCheck`. */
  row: unknown
  /** Set by the validate stage. */
  input: unknown
  /** Set by the database's stage. */
  db: unknown
  /** Set by the database's stage of a query. Each attempt of a mutation has a separate guard. */
  guard: StatementGuard | undefined
  /**
   * Runs the statements that libraries issue during a query; a mutation runs them in its
   * transaction.
   */
  statements: Statements | undefined
  /** Links to other pages, if the answer is one page of a list. */
  links: PageLinks | undefined
  /** The position of the commit in the database's write-ahead log, if the request asks for it. */
  position: string | undefined
  /** The result of `prepare`. Set by the database's stage of a mutation. */
  prepared: unknown
  /**
   * The trail entry of the call; false if its handler wants none. Set if its operation has a trail,
   * after the handler.
   */
  trail: TrailEntry | false | undefined
  /** Set by the database's stage of a mutation. */
  effects: Effects | undefined
}

/** Calls the rest of the pipeline. */
export type Next = (call: Call) => Answer | Promise<Answer>

/**
 * A stage of the pipeline: it works before, after or around `next`, or answers without calling
 * `next`. A stage fails by throwing a problem. A stage that does not wait returns the result of
 * `next` unchanged, so no promise is allocated for a call that never waits.
 */
export type Stage = (call: Call, next: Next) => Answer | Promise<Answer>
