import { type Duration, maxTimerDelay, toDuration, toMilliseconds } from '../../../kernel/base/duration.ts'
import { defaultBodyLimitBytes } from '../../../transports/http/handler.ts'
import { configurationInvalid } from '../../../kernel/base/configuration-invalid.ts'

/**
 * Limits on the sizes of requests and unread responses, and on the time that a client may take to
 * send and to read.
 */
export interface HttpLimits {
  /**
   * Max size of a request body, in bytes. A larger body gets a 413. Default 1,048,576 (1 MiB).
   */
  readonly bodyLimitBytes?: number
  /**
   * Max size of the request line and the header fields together, in bytes. A larger request head
   * gets a 431. Default 16,384 (16 KiB).
   */
  readonly maxHeaderBytes?: number
  /**
   * Max time for a client to send its header fields. After that, the request gets a 408. Default
   * `'10s'`.
   */
  readonly headerTimeout?: Duration
  /**
   * Max time for a client to send a whole request. After that, the request gets a 408. Default
   * `'30s'`.
   */
  readonly requestTimeout?: Duration
  /**
   * Time for which an idle connection is kept open. Default: `KEEP_ALIVE_TIMEOUT`, else `'75s'`.
   * The time must be longer than the keep-alive time of the proxy in front (60 s for AWS ALB and
   * nginx, 600 s for Google Cloud). Otherwise the service may close a connection while the proxy
   * sends a request on it, and the proxy returns a 502. Lower it only if many clients connect
   * directly.
   */
  readonly keepAliveTimeout?: Duration
  /**
   * Max time without progress in sending a response. After that, the connection is reset. A client
   * that reads slowly is not cut off. Default `'30s'`.
   *
   * A response makes progress when the kernel accepts more of it. Linux does so each time the
   * client has acknowledged a third of the connection's send buffer (at most 4 MB). Raise this
   * limit if clients read megabytes at less than about 50 kB/s. Without a limit, a client that
   * stops reading would hold its response in memory until the process ends.
   */
  readonly sendTimeout?: Duration
  /**
   * Max total size of the responses that wait in memory for clients to read them, in bytes. If a
   * new response would exceed this limit, connections that have made no progress for a second are
   * reset, the longest stalled first. If that does not free enough memory, the new response is
   * replaced by a 503 `unavailable`, which is safe to retry. Default 268,435,456 (256 MiB). Lower
   * it in a container with less than about 1 GB of memory. Bytes that responses share, such as
   * `/docs`, do not count.
   */
  readonly maxUnsentBytes?: number
}

/**
 * The default keep-alive time. Most proxies keep a connection for 60 s; the rest is a margin for
 * clock and network delays.
 */
export const defaultKeepAliveTimeout: Duration = '75s'

/** The limits with defaults applied. Times are in milliseconds. */
export interface ReadHttpLimits {
  readonly bodyLimitBytes: number
  readonly maxHeaderBytes: number
  readonly headerTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  readonly sendTimeoutMs: number
  readonly maxUnsentBytes: number
}

const defaults: Required<HttpLimits> = {
  bodyLimitBytes: defaultBodyLimitBytes,
  maxHeaderBytes: 16_384,
  headerTimeout: '10s',
  requestTimeout: '30s',
  keepAliveTimeout: defaultKeepAliveTimeout,
  sendTimeout: '30s',
  maxUnsentBytes: 268_435_456,
}

/**
 * Returns the limits of the options. Without the option, the keep-alive timeout comes from the
 * settings.
 */
export function chooseHttpLimits(
  options: HttpLimits,
  { KEEP_ALIVE_TIMEOUT }: { readonly KEEP_ALIVE_TIMEOUT: number },
): HttpLimits {
  return { ...options, keepAliveTimeout: options.keepAliveTimeout ?? toDuration(KEEP_ALIVE_TIMEOUT) }
}

/**
 * Returns the limits with their defaults.
 *
 * @throws HoldfastError `configuration-invalid` that names each invalid limit.
 */
export function readHttpLimits(given: HttpLimits): ReadHttpLimits {
  const issues: string[] = []

  function bytes(name: 'bodyLimitBytes' | 'maxHeaderBytes' | 'maxUnsentBytes'): number {
    const value = given[name] ?? defaults[name]
    if (!Number.isSafeInteger(value) || value < 1) {
      issues.push(
        `The option ${name} is ${value}; it must be a positive integer. The default is ${defaults[name]}.`,
      )
    }
    return value
  }

  function ms(name: 'headerTimeout' | 'requestTimeout' | 'keepAliveTimeout' | 'sendTimeout'): number {
    try {
      return toMilliseconds(given[name] ?? defaults[name], { option: name, max: maxTimerDelay })
    } catch (error) {
      issues.push(`${(error as Error).message} The default is ${defaults[name]}.`)
      return 1
    }
  }

  const limits: ReadHttpLimits = {
    bodyLimitBytes: bytes('bodyLimitBytes'),
    maxHeaderBytes: bytes('maxHeaderBytes'),
    headerTimeoutMs: ms('headerTimeout'),
    requestTimeoutMs: ms('requestTimeout'),
    keepAliveTimeoutMs: ms('keepAliveTimeout'),
    sendTimeoutMs: ms('sendTimeout'),
    maxUnsentBytes: bytes('maxUnsentBytes'),
  }
  if (issues.length > 0) throw configurationInvalid(issues)
  return limits
}
