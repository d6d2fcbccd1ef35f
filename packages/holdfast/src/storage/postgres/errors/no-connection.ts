/** The reason why a request got no connection. */
export type NoConnectionReason = 'queue-full' | 'timeout' | 'ended'

const messages: Readonly<Record<NoConnectionReason, string>> = {
  'queue-full': 'No connection: the max number of requests is already waiting.',
  timeout: 'No connection: the wait for a free connection timed out.',
  ended: 'No connection: the pool is closed.',
}

/**
 * The error of a request that got no connection. The cause is in this process, not on the server.
 */
export class NoConnection extends Error {
  override readonly name = 'NoConnection'
  readonly reason: NoConnectionReason

  constructor(reason: NoConnectionReason) {
    super(messages[reason])
    this.reason = reason
  }
}
