import { defineOwnGetters, type Getters, gettersOf } from '../base/define-own-getters.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { configurationInvalid } from '../base/configuration-invalid.ts'
import type { Logger } from '../base/log.ts'
import type { Statements } from '../background/effects.ts'
import { anonymous, type Caller } from './caller.ts'
import { RequestCookies } from './cookies.ts'
import { type AccessRequest, type Cookies, type Peer, type RequestLine, unknownPeer } from './credentials.ts'
import type { RunningDeadline } from './deadline.ts'
import type { RecordUse } from '../host/use-record.ts'
import type { UseOnce } from '../host/use-once.ts'

/** A call whose caller is being identified and admitted. */
export interface AdmittedCall {
  readonly header: (name: string) => string | undefined
  readonly peer: (() => Peer) | undefined
  readonly requestLine: (() => RequestLine) | undefined
  readonly rawBody: Uint8Array | undefined
  readonly deadline: RunningDeadline
  readonly requestId: string
  readonly log: Logger
}

/** The parts of the service that identifiers and access rules receive. */
export interface AdmissionParts {
  readonly settings: unknown
  readonly clock: Clock
  /** Opens the database; `undefined` if the service has none. */
  readonly openSession: () => AdmissionSession | undefined
  readonly recordUse: RecordUse
  readonly useOnce: UseOnce
}

/** The read-only database of the identifiers and the access rule of a call. */
export interface AdmissionSession {
  /** The session as the `db` of the application's query builder. */
  readonly db: unknown
  readonly statements: Statements
}

/**
 * The credentials of a call, which become the request of its access rule once the caller is known.
 * `db`, `signal` and the peer are created on first use, since many rules need none of them.
 */
export class Admission implements AccessRequest {
  static readonly #getters: Getters = gettersOf(Admission.prototype)
  /** Anonymous until the caller is identified. */
  caller: Caller
  readonly header: (name: string) => string | undefined
  readonly cookies: Cookies
  readonly peer: Peer
  readonly rawBody: Uint8Array | undefined
  readonly settings: unknown
  readonly clock: Clock
  readonly log: Logger
  readonly requestId: string
  readonly recordUse: RecordUse
  readonly useOnce: UseOnce
  readonly requestLine: () => RequestLine | undefined
  readonly #call: AdmittedCall
  readonly #opened: Opened
  readonly #parts: AdmissionParts

  constructor(
    call: AdmittedCall,
    parts: AdmissionParts,
    { caller = anonymous, opened = {} }: { readonly caller?: Caller; readonly opened?: Opened } = {},
  ) {
    this.caller = caller
    this.header = call.header
    this.cookies = new RequestCookies(call.header)
    this.peer = call.peer ? new CallPeer(call.peer) : unknownPeer
    this.rawBody = call.rawBody
    this.settings = parts.settings
    this.clock = parts.clock
    this.log = call.log
    this.requestId = call.requestId
    this.recordUse = parts.recordUse
    this.useOnce = parts.useOnce
    this.requestLine = call.requestLine ?? noRequestLine
    this.#call = call
    this.#opened = opened
    this.#parts = parts
    // A combinator of an application may copy the request: `{ ...request, caller }`.
    defineOwnGetters(this, Admission.#getters)
  }

  get db(): unknown {
    return this.#session?.db
  }

  get statements(): Statements {
    return this.#session?.statements ?? withoutDatabase
  }

  get #session(): AdmissionSession | undefined {
    return (this.#opened.session ??= this.#parts.openSession())
  }

  get signal(): AbortSignal {
    return this.#call.deadline.signal
  }

  /** Returns the same request with a different caller. */
  withCaller(caller: Caller): AccessRequest {
    if (caller === this.caller) return this
    return new Admission(this.#call, this.#parts, { caller, opened: this.#opened })
  }
}

/**
 * A placeholder for the statements of a service without a database. It must exist, because copying
 * a request reads all of the request's members.
 */
const withoutDatabase: Statements = {
  service: '',
  mode: 'production',
  clock: systemClock,
  sealer: { deriveKeys: refuseWithoutDatabase, seal: refuseWithoutDatabase, open: refuseWithoutDatabase },
  query: refuseWithoutDatabase,
}

function refuseWithoutDatabase(): never {
  throw configurationInvalid([
    'an identifier or an access rule uses the database, but the service has none; set `database` in holdfast(…)',
  ])
}

const noRequestLine = (): undefined => undefined

/** The parts created on first use, which all requests of one call share. */
interface Opened {
  session?: AdmissionSession | undefined
}

/** The peer of a call, read on first use. */
class CallPeer implements Peer {
  readonly #read: () => Peer
  #peer: Peer | undefined

  constructor(read: () => Peer) {
    this.#read = read
  }

  get address(): string | undefined {
    return (this.#peer ??= this.#read()).address
  }

  get certificate(): Peer['certificate'] {
    return (this.#peer ??= this.#read()).certificate
  }
}
