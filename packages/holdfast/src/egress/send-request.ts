import http from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { type Cancellation, untilAborted } from '../kernel/cancellation.ts'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import { type EgressRules, findAddresses } from './find-addresses.ts'

/** A request to somewhere that others have named. */
export interface EgressRequest {
  readonly url: URL
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Within what a request is made. */
export interface EgressLimits extends EgressRules {
  /** How long all of it may take: finding the address, connecting, sending and reading. */
  readonly timeoutMs: number
  /** How many bytes of the answer's body are read; the connection is then closed. */
  readonly answerLimitBytes: number
  /** Ends it early. */
  readonly signal: AbortSignal
}

/** An answer, whatever its status: redirects are not followed. */
export interface EgressAnswer {
  readonly status: number
  /** A header by its lower-case name. */
  readonly header: (name: string) => string | undefined
  /** The beginning of its body. */
  readonly text: string
}

/**
 * Makes a request that can go nowhere but to an address that has been checked: its host is resolved once, and the connection is made to
 * what was found then. It follows no redirect and uses no proxy.
 *
 * @throws HoldfastError `egress-refused`, `egress-failed` or `egress-timed-out`; the reason of `signal`.
 */
export async function sendRequest(request: EgressRequest, limits: EgressLimits): Promise<EgressAnswer> {
  const timeout = AbortSignal.timeout(limits.timeoutMs)
  const signal = AbortSignal.any([timeout, limits.signal])
  const { host } = request.url
  try {
    const addresses = await untilAborted(findAddresses(request.url, limits), signal)
    const incoming = await exchange(request, addresses, signal)
    return {
      status: incoming.statusCode ?? 0,
      header: (name) => headerOf(incoming, name),
      text: await readBeginning(incoming, limits.answerLimitBytes, signal),
    }
  } catch (error) {
    limits.signal.throwIfAborted()
    if (timeout.aborted)
      throw new HoldfastError('egress-timed-out', `${host} did not answer within ${limits.timeoutMs} ms.`)
    if (error instanceof HoldfastError) throw error
    throw new HoldfastError('egress-failed', `${host} could not be asked: ${reasonOf(error)}.`, {
      cause: error,
    })
  }
}

/** Where several addresses were tried, there is no message, but a code. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message === '' ? ((error as NodeJS.ErrnoException).code ?? error.name) : error.message
}

function exchange(
  { url, method, headers, body }: EgressRequest,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  const client = url.protocol === 'https:' ? https : http
  return new Promise((resolve, reject) => {
    const outgoing = client.request(url, {
      method,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      // An agent of its own keeps no connection that was made for another check, and knows no proxy.
      agent: false,
      lookup: alwaysFind(addresses),
      signal,
    })
    outgoing.on('error', reject)
    outgoing.on('response', resolve)
    outgoing.end(body)
  })
}

/** Finds these addresses whatever is looked up: a name may lead elsewhere a moment later. */
function alwaysFind(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_hostname, options, callback) => {
    if (options.all === true) callback(null, found)
    else callback(null, found[0]!.address, found[0]!.family)
  }
}

function headerOf(incoming: http.IncomingMessage, name: string): string | undefined {
  const value = incoming.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

/** Reads the beginning of an answer. One that breaks off has been given all the same: its status stands. */
async function readBeginning(
  incoming: http.IncomingMessage,
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
