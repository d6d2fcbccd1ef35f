import type { Clock } from '../base/clock.ts'
import type { Caller } from './caller.ts'
import type { Logger } from '../base/log.ts'
import type { Statements } from '../background/effects.ts'
import type { RecordUse } from '../host/use-record.ts'
import type { UseOnce } from '../host/use-once.ts'

/**
 * The part of a call from which its caller is identified. `Db` is the read-only database of the
 * application, `Values` its settings.
 */
export interface Credentials<Db = unknown, Values = unknown> {
  /** Returns a request header by its lower-case name. */
  readonly header: (name: string) => string | undefined
  /** The cookies of the request. */
  readonly cookies: Cookies
  /** The client at the other end of the connection. */
  readonly peer: Peer
  /**
   * The database, read-only, on the primary. Each statement takes a connection and releases it, so
   * that no connection is held while the handler runs. The statements end at the call's deadline.
   * The identifiers and the access rule of a call together may run 10 statements of at most 1,000
   * rows each.
   */
  readonly db: Db
  /**
   * Runs SQL for libraries that do not know the query builder of `db`, with the same limits as
   * `db`.
   */
  readonly statements: Statements
  /**
   * Records that a row, such as a session, is used now. Returns at once: the statement of the
   * record runs within 10 seconds, once for all rows. Uses that are not written yet are lost if the
   * process is killed.
   */
  readonly recordUse: RecordUse
  /**
   * Records the use of an id, such as the id of a signed request, for all processes. Resolves to
   * false if the id was already used in the last `forMs` milliseconds, so that a replayed request
   * can be refused. Costs a round trip that writes a row.
   */
  readonly useOnce: UseOnce
  /**
   * Returns the method and the target of the HTTP request; `undefined` for a call that is not an
   * HTTP request.
   */
  readonly requestLine: () => RequestLine | undefined
  /** The values of the settings declared in `holdfast({ settings })`. */
  readonly settings: Values
  /** The clock of the service. */
  readonly clock: Clock
  /** Aborted when the deadline has passed or the client has disconnected. */
  readonly signal: AbortSignal
  /** Logs lines with the request id and the operation's name. */
  readonly log: Logger
  /** The id of the call. */
  readonly requestId: string
}

/**
 * The parts of a call that an access rule can use. The rule runs before the input is validated, and
 * before the transaction of a mutation begins.
 */
export interface AccessRequest<Db = unknown, Values = unknown> extends Credentials<Db, Values> {
  /** The caller that `identify` returned, narrowed by the earlier rules of `allOf`. */
  readonly caller: Caller
  /** The raw request body, for a rule that verifies it, such as a signature. */
  readonly rawBody?: Uint8Array | undefined
}

/** The cookies of a request (RFC 6265). */
export interface Cookies {
  /**
   * Returns the value of a cookie, as sent. Returns `undefined` if the request has no such cookie,
   * or has several: a browser sends a second cookie of the same name if another site of the domain
   * has set one, so the service cannot know which of them is its own. A name with the prefix
   * `__Host-` prevents this.
   */
  get(name: string): string | undefined
}

/** The first line of an HTTP request. */
export interface RequestLine {
  /** The method: `GET`. */
  readonly method: string
  /** The path and the query, as received: `/orders?limit=10`. */
  readonly target: string
}

/** The client of a call. */
export interface Peer {
  /**
   * The client's IP address: the connection's, or the one that a trusted proxy reports. `undefined`
   * if it is unknown.
   */
  readonly address: string | undefined
  /**
   * The client's certificate, verified by the runtime. `undefined` if the client has sent no
   * certificate, or if the runtime does not verify certificates: `serve` does so only with the
   * option `tls` or `trustClientCert`.
   */
  readonly certificate: PeerCertificate | undefined
}

/** A verified client certificate. */
export interface PeerCertificate {
  /** The subject alternative names: `DNS:billing.internal`, `URI:spiffe://example.org/billing`. */
  readonly subjectAltNames: readonly string[]
  /** The SHA-256 of the certificate, in base64url: the `x5t#S256` of a bound token (RFC 8705). */
  readonly thumbprint: string
  /** The certificate in DER. */
  readonly raw: Uint8Array
}

/** The peer of a call whose transport knows nothing about its client. */
export const unknownPeer: Peer = Object.freeze({ address: undefined, certificate: undefined })
