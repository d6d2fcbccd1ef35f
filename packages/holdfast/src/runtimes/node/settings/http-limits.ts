import { defaultBodyLimitBytes } from '../../../transports/http/handler.ts'
import { configurationInvalid } from '../../../kernel/base/configuration-invalid.ts'

/** Limits on what a client may send, and on how long it may take to send and to read. */
export interface HttpLimits {
  /**
   * Max size of a request body, in bytes; larger ones are answered 413. Default 1,048,576 (1 MiB).
   */
  readonly bodyLimitBytes?: number
  /**
   * Max bytes of the request line and the header fields together; more are answered 431. Default
   * 16,384 (16 KiB).
   */
  readonly maxHeaderBytes?: number
  /**
   * Max time for a client to send its header fields, in milliseconds; then it is answered 408.
   * Default 10,000.
   */
  readonly headerTimeoutMs?: number
  /**
   * Max time for a client to send a whole request, in milliseconds; then it is answered 408.
   * Default 30,000.
   */
  readonly requestTimeoutMs?: number
  /**
   * Time that an idle connection is kept open, in milliseconds. Default: `KEEP_ALIVE_TIMEOUT_MS`,
   * else 75,000. It must be longer than the proxy in front keeps its idle connections (60 s for
   * AWS ALB and nginx, 600 s for Google Cloud): otherwise the service closes a connection on which
   * the proxy is just sending a request, and the proxy answers 502. Lower it only if many clients
   * connect directly.
   */
  readonly keepAliveTimeoutMs?: number
  /**
   * Max time without progress in sending a response, in milliseconds; then the connection is reset.
   * A client that reads slowly, but reads, is not cut off. Default 30,000.
   *
   * Progress is seen when the kernel takes more of the response. On Linux that is when a third of
   * the connection's send buffer (at most 4 MB) has been acknowledged, so raise this if clients
   * read megabytes at less than about 50 kB/s. Without a limit, a client that stops reading would
   * hold its response in memory until the process ends.
   */
  readonly sendTimeoutMs?: number
  /**
   * Max bytes of all responses together that wait in memory for clients to read them. If another
   * response would exceed it, connections that have made no progress for a second are reset, the
   * longest stalled first; if that does not free enough, the new response is replaced by 503
   * `unavailable`, which is safe to retry. Default 268,435,456 (256 MiB); lower it in a container
   * with less than about 1 GB. Bytes that responses share, such as `/docs`, do not count.
   */
  readonly maxUnsentBytes?: number
}

/**
 * Longer than the 60 s that most proxies keep a connection, with a margin for clock and network
 * delays.
 */
export const defaultKeepAliveTimeoutMs = 75_000

const defaults: Required<HttpLimits> = {
  bodyLimitBytes: defaultBodyLimitBytes,
  maxHeaderBytes: 16_384,
  headerTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: defaultKeepAliveTimeoutMs,
  sendTimeoutMs: 30_000,
  maxUnsentBytes: 268_435_456,
}

/**
 * Returns the limits with their defaults.
 *
 * @throws HoldfastError `configuration-invalid` that names each one that is not an integer from 1.
 */
export function readHttpLimits(given: HttpLimits): Required<HttpLimits> {
  const limits = { ...defaults }
  const issues: string[] = []
  for (const name of Object.keys(defaults) as (keyof HttpLimits)[]) {
    const value = given[name] ?? defaults[name]
    limits[name] = value
    if (Number.isSafeInteger(value) && value >= 1) continue
    issues.push(
      `The option ${name} is ${value}; it must be a positive integer. The default is ${defaults[name]}.`,
    )
  }
  if (issues.length > 0) throw configurationInvalid(issues)
  return limits
}
