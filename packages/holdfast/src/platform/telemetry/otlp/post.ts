import type http from 'node:http'
import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import type { OtlpTarget } from './target.ts'

/** The outcome of a request. */
export type PostOutcome =
  | { readonly kind: 'accepted'; readonly rejected: number; readonly message: string | undefined }
  /** The receiver is busy or cannot be reached, so a retry may succeed. */
  | { readonly kind: 'unavailable'; readonly reason: string; readonly retryAfterMs: number | undefined }
  /** Permanent: never retried. */
  | { readonly kind: 'refused'; readonly reason: string }

interface Reply {
  readonly status: number
  readonly headers: http.IncomingMessage['headers']
  readonly content: string
}

const agents = new Map<string, http.Agent>()

const compress = promisify(gzip)

// Compression level. Spans are so repetitive that they compress well at any level; higher levels
// cost several times as much.
const fastest = { level: constants.Z_BEST_SPEED }

/** According to OTLP, only these statuses mean that the same request may succeed later. */
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** Max length of response text to read; receivers answer with a few lines. */
const maxReplyLength = 65_536

/** Sends a body to a receiver of OTLP/HTTP, once. `abort` cancels the request. Never throws. */
export async function postOtlp(target: OtlpTarget, body: string, abort: AbortSignal): Promise<PostOutcome> {
  try {
    const { status, headers, content } = await exchange(target, body, abort)
    if (status >= 200 && status < 300) return { kind: 'accepted', ...readPartialSuccess(content) }
    const reason = `it returned ${status}${explain(content)}`
    if (!retryable.has(status)) return { kind: 'refused', reason }
    return { kind: 'unavailable', reason, retryAfterMs: readRetryAfter(headers['retry-after']) }
  } catch (error) {
    const reason = abort.aborted
      ? 'the service stopped before the receiver responded'
      : describe(error, target)
    return { kind: 'unavailable', reason, retryAfterMs: undefined }
  }
}

async function exchange(target: OtlpTarget, body: string, abort: AbortSignal): Promise<Reply> {
  const { url, timeoutMs, compression } = target
  const content = compression === 'gzip' ? await compress(body, fastest) : Buffer.from(body)
  const client = process.getBuiltinModule(url.protocol === 'https:' ? 'https' : 'http')
  const signal = AbortSignal.any([abort, AbortSignal.timeout(timeoutMs)])
  return new Promise((resolve, reject) => {
    const request = client.request(url, {
      method: 'POST',
      agent: agentOf(url.protocol, client),
      signal,
      headers: {
        'user-agent': 'holdfast-otlp',
        ...target.headers,
        'content-type': 'application/json',
        'content-length': content.byteLength,
        ...(compression === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
      },
    })
    const fail = (error: Error): void => reject(signal.aborted ? (signal.reason as Error) : error)
    request.once('error', fail)
    request.once('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.once('error', fail)
      response.on('data', (chunk: string) => {
        if (text.length < maxReplyLength) text += chunk
      })
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, content: text }),
      )
    })
    request.end(content)
  })
}

/**
 * Returns the agent that keeps connections for the next batch. The connections do not keep the
 * process alive.
 */
function agentOf(protocol: string, { Agent }: Pick<typeof http, 'Agent'>): http.Agent {
  const known = agents.get(protocol) ?? new Agent({ keepAlive: true })
  agents.set(protocol, known)
  return known
}

/** Returns the number of rejected records in a request, and the receiver's reason. */
function readPartialSuccess(content: string): {
  readonly rejected: number
  readonly message: string | undefined
} {
  const { partialSuccess } = (parseObject(content) ?? {}) as { readonly partialSuccess?: unknown }
  if (typeof partialSuccess !== 'object' || partialSuccess === null)
    return { rejected: 0, message: undefined }
  const { rejectedSpans, rejectedDataPoints, errorMessage } = partialSuccess as Readonly<
    Record<string, unknown>
  >
  const rejected = Number(rejectedSpans ?? rejectedDataPoints ?? 0)
  return {
    rejected: Number.isFinite(rejected) ? rejected : 0,
    message: typeof errorMessage === 'string' && errorMessage !== '' ? errorMessage : undefined,
  }
}

/**
 * Returns the receiver's reason for a refusal: the message of a `Status` in JSON, or plain text.
 */
function explain(content: string): string {
  const status = parseObject(content) as { readonly message?: unknown } | undefined
  const text = typeof status?.message === 'string' ? status.message : content
  return text.trim() === '' ? '' : `: ${text.trim().slice(0, 500)}`
}

function parseObject(content: string): object | undefined {
  try {
    const value: unknown = JSON.parse(content)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    // A receiver may send any body. Only the status of the response is relevant.
    return undefined
  }
}

/** Parses `Retry-After`, in seconds or as a date. */
function readRetryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

function describe(error: unknown, { timeoutMs }: OtlpTarget): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `it timed out after ${timeoutMs} ms`
  // If a name has several addresses, the error has one cause per address and no message.
  return error.message === '' && 'code' in error ? String(error.code) : error.message
}
