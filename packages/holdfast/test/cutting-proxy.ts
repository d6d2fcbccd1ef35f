import { type AddressInfo, createServer, connect, type Socket } from 'node:net'
import { overTcp } from './over-tcp.ts'

/** The sender of a message: `frontend` is the client, `backend` the server. */
export type Sender = 'frontend' | 'backend'

/** A message of the protocol. */
export interface WireMessage {
  /** The type letter; empty for the message that opens a session. */
  readonly type: string
  /** The whole message. */
  readonly bytes: Buffer
  /** The text of the statement that the message executes; `undefined` if it executes none. */
  readonly statement?: string | undefined
}

/** The position and the kind of a connection cut. */
export interface Cut {
  /**
   * Counts only the messages of connections whose `application_name` matches. Default: all
   * messages.
   */
  readonly application?: RegExp
  readonly sender: Sender
  /** Counts only the messages for which this returns true. Default: all messages. */
  readonly where?: (message: WireMessage) => boolean
  /** The number of the message at which to cut, counted from now on. Default 1. */
  readonly message?: number
  /** The part of the message that is forwarded: nothing, its first half, or all of it. */
  readonly place: 'before' | 'middle' | 'after'
  /**
   * The effect on the connection. `destroyed`: both sides are closed, and the sender's side is
   * reset. `silent`: data no longer passes in either direction, and neither side is closed. A
   * number: from now on, data from the sender arrives this many milliseconds late, even if the
   * sender has disconnected by then.
   */
  readonly mode: 'destroyed' | 'silent' | number
}

/** A pending or completed cut. */
export interface ArmedCut {
  /** True if the message at which to cut has been seen. */
  readonly hasHappened: boolean
  /** Cancels the cut, and closes both sides of the connections that it has silenced. */
  disarm(): void
}

/**
 * A proxy in front of Postgres that parses its protocol (version 3) and cuts connections at any
 * message.
 */
export interface CuttingProxy {
  /** The URL of the database through the proxy. */
  readonly url: string
  /** Arms one cut. */
  cut(cut: Cut): ArmedCut
  /**
   * Closes the connections whose `application_name` matches. Resolves when the clients have
   * noticed, so that the next call opens a new connection.
   */
  drop(application: RegExp): Promise<void>
  close(): Promise<void>
}

/** Receives every message that passes, with its connection and its sender. */
export type Watch = (message: WireMessage, sender: Sender, connection: object) => void

/** Returns true if a message executes a COMMIT. */
export function isCommit({ statement }: WireMessage): boolean {
  return statement === 'COMMIT'
}

/** Returns true if a message confirms that a COMMIT was executed. */
export function isCommitted({ type, bytes }: WireMessage): boolean {
  return type === 'C' && bytes.toString('latin1', 5, bytes.length - 1) === 'COMMIT'
}

/** Starts a proxy in front of the Postgres server at a URL. */
export async function startCuttingProxy(databaseUrl: string, watch: Watch = () => {}): Promise<CuttingProxy> {
  const target = overTcp(databaseUrl)
  const links = new Set<Link>()
  const armed = new Set<Armed>()

  const proxy = createServer((client) => {
    const link = new Link(client, connect(Number(target.port), target.hostname), { armed, watch })
    links.add(link)
    void link.closed.then(() => links.delete(link))
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const { port } = proxy.address() as AddressInfo
  return {
    url: overTcp(databaseUrl, port).href,
    cut(cut) {
      const waiting = new Armed(cut, () => armed.delete(waiting))
      armed.add(waiting)
      return waiting
    },
    async drop(application) {
      const dropped = [...links].filter((link) => application.test(link.application))
      for (const link of dropped) link.end()
      await Promise.all(dropped.map(({ closed }) => closed))
    },
    close: () =>
      new Promise((resolve) => {
        proxy.close(() => resolve())
        for (const link of links) link.destroy()
      }),
  }
}

class Armed implements ArmedCut {
  readonly cut: Cut
  readonly #forget: () => void
  #left: number
  #silenced: Link | undefined

  constructor(cut: Cut, forget: () => void) {
    this.cut = cut
    this.#forget = forget
    this.#left = cut.message ?? 1
  }

  get hasHappened(): boolean {
    return this.#left === 0
  }

  /** Counts a message. Returns true if the connection must be cut at this message. */
  meets(message: WireMessage, sender: Sender, link: Link): boolean {
    const { application, where } = this.cut
    if (sender !== this.cut.sender || application?.test(link.application) === false) return false
    if (where && !where(message)) return false
    this.#left -= 1
    if (this.#left > 0) return false
    this.#forget()
    if (this.cut.mode === 'silent') this.#silenced = link
    return true
  }

  disarm(): void {
    this.#forget()
    this.#silenced?.destroy()
  }
}

/** A client's connection, and the server connection opened for it. */
class Link {
  readonly #client: Socket
  readonly #server: Socket
  readonly #armed: ReadonlySet<Armed>
  readonly #watch: Watch
  readonly #toServer: Outlet
  readonly #toClient: Outlet
  #isCut = false
  application = ''
  /** Resolves when both sides have closed. */
  readonly closed: Promise<unknown>

  constructor(
    client: Socket,
    server: Socket,
    { armed, watch }: { readonly armed: ReadonlySet<Armed>; readonly watch: Watch },
  ) {
    this.#client = client
    this.#server = server
    this.#armed = armed
    this.#watch = watch
    this.#toServer = new Outlet(server)
    this.#toClient = new Outlet(client)
    const fromClient = new WireReader(true)
    const fromServer = new WireReader(false)
    client.on('data', (data: Buffer) => this.#pass('frontend', fromClient.read(data)))
    server.on('data', (data: Buffer) => this.#pass('backend', fromServer.read(data)))
    // A failed connection emits `close` right after the error, and that event is handled.
    for (const socket of [client, server]) socket.setNoDelay(true).on('error', () => {})
    this.closed = Promise.all([
      this.#closedOn(client, this.#toServer),
      this.#closedOn(server, this.#toClient),
    ])
  }

  /** Resolves when one side has closed, and ends the other side. */
  async #closedOn(socket: Socket, other: Outlet): Promise<void> {
    await new Promise((resolve) => socket.once('close', resolve))
    // On a silenced connection, neither side may learn that the other side has disconnected.
    if (!this.#isCut) other.end()
  }

  #pass(sender: Sender, messages: readonly WireMessage[]): void {
    for (const message of messages) {
      if (this.#isCut) return
      if (isEncryptionRequest(message)) {
        // Encryption is refused, because the proxy could not read the messages.
        this.#client.write('N')
        continue
      }
      if (message.type === '') this.application = applicationOf(message)
      this.#watch(message, sender, this)
      const met = [...this.#armed].find((armed) => armed.meets(message, sender, this))
      if (met) this.#cut(met.cut, message.bytes)
      else this.#outletOf(sender).write(message.bytes)
    }
  }

  #outletOf(sender: Sender): Outlet {
    return sender === 'frontend' ? this.#toServer : this.#toClient
  }

  #cut({ sender, place, mode }: Cut, bytes: Buffer): void {
    const outlet = this.#outletOf(sender)
    const passing = place === 'before' ? 0 : place === 'middle' ? bytes.length >> 1 : bytes.length
    outlet.write(bytes.subarray(0, passing))
    if (typeof mode === 'number') {
      outlet.hold(mode)
      outlet.write(bytes.subarray(passing))
      return
    }
    this.#isCut = true
    if (mode === 'silent') return
    outlet.end()
    const from = sender === 'frontend' ? this.#client : this.#server
    from.resetAndDestroy()
  }

  end(): void {
    this.#client.end()
    this.#server.end()
  }

  destroy(): void {
    this.#client.destroy()
    this.#server.destroy()
  }
}

/** Writes data to a socket in order, delayed if required. */
class Outlet {
  readonly #socket: Socket
  #held: (() => void)[] | undefined

  constructor(socket: Socket) {
    this.#socket = socket
  }

  write(bytes: Buffer): void {
    this.#inOrder(() => this.#socket.writable && this.#socket.write(bytes))
  }

  end(): void {
    this.#inOrder(() => this.#socket.end())
  }

  hold(ms: number): void {
    const held: (() => void)[] = []
    this.#held = held
    setTimeout(() => {
      this.#held = undefined
      for (const act of held) act()
    }, ms)
  }

  #inOrder(act: () => void): void {
    if (this.#held) this.#held.push(act)
    else act()
  }
}

const lengthBytes = 4

/** Splits the bytes of one side into messages. */
class WireReader {
  #rest: Buffer = Buffer.alloc(0)
  /** The texts of prepared statements, by name. */
  readonly #prepared = new Map<string, string>()
  #bound: string | undefined
  /** The first messages of a client have no type letter. */
  #isOpening: boolean
  readonly #isClient: boolean

  constructor(isClient: boolean) {
    this.#isOpening = isClient
    this.#isClient = isClient
  }

  read(data: Buffer): readonly WireMessage[] {
    this.#rest = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data])
    const messages: WireMessage[] = []
    for (let message = this.#next(); message; message = this.#next()) messages.push(message)
    return messages
  }

  #next(): WireMessage | undefined {
    const letters = this.#isOpening ? 0 : 1
    if (this.#rest.length < letters + lengthBytes) return undefined
    const length = letters + this.#rest.readInt32BE(letters)
    if (this.#rest.length < length) return undefined
    const bytes = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    const type = bytes.toString('latin1', 0, letters)
    const message = { type, bytes, statement: this.#isClient ? this.#executedBy(type, bytes) : undefined }
    if (this.#isOpening) this.#isOpening = isEncryptionRequest(message)
    return message
  }

  #executedBy(type: string, bytes: Buffer): string | undefined {
    const [first = '', second = ''] = bytes.toString('utf8', 1 + lengthBytes).split('\0', 2)
    if (type === 'P') this.#prepared.set(first, second)
    if (type === 'B') this.#bound = this.#prepared.get(second)
    return type === 'Q' ? first : type === 'E' ? this.#bound : undefined
  }
}

// The request codes for TLS and GSSAPI. Their 16-bit halves are 1234 and 5679, and 1234 and 5680.
const encryptionCodes: readonly number[] = [80_877_103, 80_877_104]

function isEncryptionRequest({ type, bytes }: WireMessage): boolean {
  return type === '' && encryptionCodes.includes(bytes.readInt32BE(lengthBytes))
}

/** Returns the `application_name` in the message that opens a session. */
function applicationOf({ bytes }: WireMessage): string {
  const fields = bytes.toString('utf8', 2 * lengthBytes).split('\0')
  const index = fields.indexOf('application_name')
  return index === -1 ? '' : (fields[index + 1] ?? '')
}
