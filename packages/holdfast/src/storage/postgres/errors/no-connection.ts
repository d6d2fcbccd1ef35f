/** The reason why a request got no connection. */
export type NoConnectionReason = 'queue-full' | 'timeout' | 'ended'

const messages: Readonly<Record<NoConnectionReason, string>> = {
  'queue-full': 'No connection: as many requests wait for one as may.',
  timeout: 'No connection: none became free in time.',
  ended: 'No connection: the pool has ended.',
}

/** The failure of a request for a connection that is independent of the server. */
export class NoConnection extends Error {
  override readonly name = 'NoConnection'
  readonly reason: NoConnectionReason

  constructor(reason: NoConnectionReason) {
    super(messages[reason])
    this.reason = reason
  }
}
