import type { TraceContext } from '../kernel/trace-context.ts'

/** Decides which traces are recorded. */
export interface Sampler {
  /** What becomes of a trace that begins here; `undefined` where that is up to its id. */
  readonly ofRoots: boolean | undefined
  /** Whether a trace is recorded; `sampled` of one that is continued says whether its caller records it. */
  decide(trace: TraceContext): boolean
}

/** How traces are chosen. */
export interface SamplerOptions {
  /** The share of traces that is recorded, from 0 to 1. */
  readonly ratio: number
  /** Whether a trace that is continued is recorded where its caller records it, and only there. */
  readonly followsParent: boolean
}

// 52 bits of the id are drawn at random in every service alike (W3C Trace Context, level 2, has 56 of them at its end), so
// that all of them choose the same traces; 52 is what a number holds besides its exponent.
const randomDigits = [18, 31] as const
const randomRange = 2 ** 52

/** Makes a sampler. */
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
