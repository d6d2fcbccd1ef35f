import type { TraceContext } from '../../kernel/telemetry/trace-context.ts'

/** Decides which traces are recorded. */
export interface Sampler {
  /**
   * The decision for traces that begin in this service; `undefined` if it depends on the trace id.
   */
  readonly ofRoots: boolean | undefined
  /**
   * Returns true if a trace is recorded. In a continued trace, `sampled` is true if the caller
   * records the trace.
   */
  decide(trace: TraceContext): boolean
}

/** Options of {@link createSampler}. */
export interface SamplerOptions {
  /** The share of recorded traces, from 0 to 1. */
  readonly ratio: number
  /**
   * True if the caller's decision applies to a continued trace: it is recorded if and only if the
   * caller records it.
   */
  readonly followsParent: boolean
}

// The positions of the hex digits that decide. All services use the same digits, and therefore
// choose the same traces. A trace id ends in 56 random bits (W3C Trace Context, level 2). These
// digits contain 52 of them, because a JavaScript number has no more precision.
const randomDigits = [18, 31] as const
const randomRange = 2 ** 52

/** Creates a sampler. */
export function createSampler({ ratio, followsParent }: SamplerOptions): Sampler {
  const threshold = (1 - ratio) * randomRange
  return {
    ofRoots: ratio === 1 ? true : ratio === 0 ? false : undefined,
    decide(trace) {
      if (followsParent && trace.parentSpanId !== undefined) return trace.sampled
      return Number.parseInt(trace.traceId.slice(...randomDigits), 16) >= threshold
    },
  }
}
