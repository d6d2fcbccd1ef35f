import type { Answer } from './answer.ts'
import type { Caller } from './caller.ts'
import type { CompiledOperation } from './compile.ts'
import type { Deadline } from './deadline.ts'
import type { Logger } from './log.ts'
import type { TraceContext } from './trace-context.ts'
import type { WireInput } from './wire-input.ts'

/** What a transport hands over to have an operation called. */
export interface CallRequest {
  /** The operation's name in the service. */
  readonly operation: string
  readonly input: WireInput
  /** A request header, or its like in another transport, by its lower-case name. */
  readonly header: (name: string) => string | undefined
  /** Identifies the call. Default: a new one. */
  readonly requestId?: string
  /** Where the call stands in its trace. Default: it continues that of its `traceparent` header. */
  readonly trace?: TraceContext
  /** Aborted when the client has gone away. */
  readonly signal?: AbortSignal
}

/** One call on its way through the pipeline. Each stage fills in what it finds out, for the stages behind it. */
export interface Call {
  readonly operation: CompiledOperation
  readonly wire: WireInput
  readonly header: (name: string) => string | undefined
  readonly requestId: string
  readonly trace: TraceContext
  readonly log: Logger
  /** Set by the deadline stage. */
  deadline: Deadline
  /** Set by the deadline stage: aborted at the deadline, or when the client has gone away. */
  signal: AbortSignal
  /** Set by the identify stage, narrowed by the authorize stage. */
  caller: Caller
  /** Set by the validate stage. */
  input: unknown
  /** Set by the database's stage. */
  db: unknown
}

/** Calls the rest of the pipeline. */
export type Next = (call: Call) => Promise<Answer>

/**
 * A part of the pipeline: does its work before, after or around `next`, or answers by itself. It fails by throwing a
 * problem.
 */
export type Stage = (call: Call, next: Next) => Promise<Answer>
