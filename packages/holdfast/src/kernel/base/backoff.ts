/** The bounds of an exponential backoff. */
export interface BackoffBounds {
  /** The bound of the first delay, in milliseconds. */
  readonly firstMs: number
  /** The max bound, in milliseconds. Default: unlimited. */
  readonly maxMs?: number
}

/**
 * Returns the bound of the delay after the nth failure in a row, in milliseconds. The bound doubles
 * with each failure. Use the bound itself as the delay only for a single client; many clients need
 * jitter.
 */
export function backoffBoundMs({ firstMs, maxMs = Infinity }: BackoffBounds, failures: number): number {
  return Math.min(maxMs, firstMs * 2 ** (failures - 1))
}

/**
 * Returns the delay after the nth failure in a row, in milliseconds: a random delay below the
 * bound. This spreads out clients that failed together ("full jitter",
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). This is the default
 * choice.
 */
export function fullJitterMs(
  bounds: BackoffBounds,
  failures: number,
  random: number = Math.random(),
): number {
  return random * backoffBoundMs(bounds, failures)
}

/**
 * Returns the delay after the nth failure in a row, in milliseconds: a random delay from half the
 * bound to the bound ("equal jitter" in the article linked at {@link fullJitterMs}). Use it if the
 * receiver needs some time to recover.
 */
export function equalJitterMs(
  bounds: BackoffBounds,
  failures: number,
  random: number = Math.random(),
): number {
  const boundMs = backoffBoundMs(bounds, failures)
  return betweenMs(boundMs / 2, boundMs, random)
}

/**
 * Returns a random delay between a min and a max, in milliseconds. This jitter keeps processes that
 * started together from running recurring work at the same times.
 */
export function betweenMs(minMs: number, maxMs: number, random: number = Math.random()): number {
  // The difference between two infinite delays would be NaN.
  return minMs === maxMs ? minMs : minMs + random * (maxMs - minMs)
}
