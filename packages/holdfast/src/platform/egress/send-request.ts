import type { IncomingMessage } from 'node:http'
import { isIP, type LookupFunction } from 'node:net'
import { type Cancellation, abortable } from '../../kernel/base/cancellation.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { type EgressRules, findAddresses } from './find-addresses.ts'

/** A request to a destination that a user has configured. */
export interface EgressRequest {
  readonly url: URL
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The limits of a request. */
export interface EgressLimits extends EgressRules {
  /** Max total time of the request: resolving, connecting, sending and reading. */
  readonly timeoutMs: number
  /** Max number of bytes to read from the response body. After that, the connection is closed. */
  readonly answerLimitBytes: number
  /** Aborts the request. */
  readonly signal: AbortSignal
}

/** The response, with any status, because redirects are not followed. */
export interface EgressAnswer {
  readonly status: number
  /** Returns a header by its lower-case name. */
  readonly header: (name: string) => string | undefined
  /** The start of the body. */
  readonly text: string
}

/**
 * Sends a request to checked addresses only: the host is resolved once, the addresses are checked,
 * and the connection goes to one of them. Follows no redirects and uses no proxy.
 *
 * @throws HoldfastError `egress-refused`, `egress-failed` or `egress-timed-out`; the reason of
 * `signal`.
 */
export async function sendRequest(request: EgressRequest, limits: EgressLimits): Promise<EgressAnswer> {
  const timeout = AbortSignal.timeout(limits.timeoutMs)
  const signal = AbortSignal.any([timeout, limits.signal])
  const { host } = request.url
  try {
    const addresses = await abortable(findAddresses(request.url, limits), signal)
    const incoming = await exchange(request, addresses, signal)
    return {
      status: incoming.statusCode ?? 0,
      header: (name) => headerOf(incoming, name),
      text: await readBeginning(incoming, limits.answerLimitBytes, signal),
    }
  } catch (error) {
    limits.signal.throwIfAborted()
    if (timeout.aborted)
      throw new HoldfastError(
        'egress-timed-out',
        `The request to ${host} timed out after ${limits.timeoutMs} ms.`,
      )
    if (error instanceof HoldfastError) throw error
    throw new HoldfastError('egress-failed', `The request to ${host} failed: ${reasonOf(error)}.`, {
      cause: error,
    })
  }
}

/**
 * Returns the reason for a failure. If several addresses were tried, the error has a code but no
 * message.
 */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message === '' ? ((error as NodeJS.ErrnoException).code ?? error.name) : error.message
}

function exchange(
  { url, method, headers, body }: EgressRequest,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const client = process.getBuiltinModule(url.protocol === 'https:' ? 'https' : 'http')
  return new Promise((resolve, reject) => {
    const outgoing = client.request(url, {
      method,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      // Without a shared agent, the request uses no proxy, and reuses no connection whose address
      // was checked for a different request.
      agent: false,
      lookup: alwaysFind(addresses),
      signal,
    })
    outgoing.on('error', reject)
    outgoing.on('response', resolve)
    outgoing.end(body)
  })
}

/**
 * Returns a lookup function that always returns the checked addresses, because the name may resolve
 * to different addresses a moment later.
 */
function alwaysFind(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_hostname, options, callback) => {
    if (options.all === true) callback(null, found)
    else callback(null, found[0]!.address, found[0]!.family)
  }
}

function headerOf(incoming: IncomingMessage, name: string): string | undefined {
  const value = incoming.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

/**
 * Reads the start of a response body. If the connection is lost before the end of the body, the
 * response is still valid, because its status is known.
 */
async function readBeginning(
  incoming: IncomingMessage,
  limitBytes: number,
  signal: Cancellation,
): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      length += chunk.length
      if (length >= limitBytes) break
    }
  } catch (error) {
    if (!signal.aborted && (error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error
  } finally {
    incoming.destroy()
  }
  return new TextDecoder().decode(Buffer.concat(chunks).subarray(0, limitBytes))
}
