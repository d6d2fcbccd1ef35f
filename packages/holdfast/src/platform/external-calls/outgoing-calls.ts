import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import type { Socket } from 'node:net'

/** A call that leaves the process, reported while the code that makes it is on the stack. */
export interface OutgoingCall {
  /** An HTTP request, or a connection of any protocol. */
  readonly kind: 'request' | 'connection'
  /**
   * Passes the destination to `report`, as soon as the destination is known:
   * `api.example.com:8443`, or the path of a socket.
   */
  toHost(report: (host: string) => void): void
  /** Fails the call with this error, once its host is known and before anything has been sent. */
  refuse(error: Error): void
}

/** Reports every call that leaves the process. Returns a function that stops the reports. */
export function watchOutgoingCalls(found: (call: OutgoingCall) => void): () => void {
  const listeners = {
    'undici:request:create': (message: unknown) => found(ofFetch(message as FetchMessage)),
    'http.client.request.created': (message: unknown) => found(ofRequest(message as RequestMessage)),
    'net.client.socket': (message: unknown) => found(ofSocket(message as SocketMessage)),
  }
  for (const [channel, listener] of Object.entries(listeners)) subscribe(channel, listener)
  return () => {
    for (const [channel, listener] of Object.entries(listeners)) unsubscribe(channel, listener)
  }
}

interface FetchMessage {
  readonly request: {
    readonly origin?: string | URL
    // Undici fails a request through one of these callbacks: version 8 and later through the first
    // one, earlier versions through the second one.
    onResponseError?(error: Error): void
    onError?(error: Error): void
  }
}

function ofFetch({ request }: FetchMessage): OutgoingCall {
  return {
    kind: 'request',
    toHost: (report) => report(request.origin === undefined ? 'unknown host' : new URL(request.origin).host),
    refuse: (error) => (request.onResponseError ? request.onResponseError(error) : request.onError?.(error)),
  }
}

interface RequestMessage {
  readonly request: ClientRequest
}

function ofRequest({ request }: RequestMessage): OutgoingCall {
  const named = request.getHeader('host')
  return {
    kind: 'request',
    toHost: (report) => report(typeof named === 'string' ? named : request.host),
    refuse: (error) => void request.destroy(error),
  }
}

interface SocketMessage {
  readonly socket: Socket
}

function ofSocket({ socket }: SocketMessage): OutgoingCall {
  return {
    kind: 'connection',
    toHost(report) {
      let name: string | undefined
      let hasReported = false
      const tellOnce = (host: string): void => {
        if (!hasReported) report(host)
        hasReported = true
      }
      socket.on('lookup', (...[, , , host]) => (name = host))
      socket.on('connectionAttempt', (address, port: number | undefined) =>
        tellOnce(port === undefined ? address : `${name ?? address}:${port}`),
      )
      // If the name cannot be resolved, the socket closes without a connection attempt.
      socket.on('close', () => tellOnce(name ?? 'unknown host'))
    },
    // Node is about to connect the socket, and would fail if the socket were destroyed
    // synchronously.
    refuse: (error) => process.nextTick(() => socket.destroy(error)),
  }
}
