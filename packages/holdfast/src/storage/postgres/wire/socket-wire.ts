import type pg from 'pg'
import { ConnectionEnded } from './connection-ended.ts'
import { copyRefused } from './unsupported-results.ts'
import { FrameReader, messageTypes } from './frame-reader.ts'
import { MessageWriter } from './message-writer.ts'
import type { OutgoingStatement } from './outgoing-statement.ts'
import { ProtocolViolation } from './protocol-violation.ts'
import { readColumns, readError, readStatus, readTag } from './server-messages.ts'
import { PreparedColumns } from './prepared-columns.ts'
import { StatementGroup } from './statement-group.ts'
import type { Wire } from './wire.ts'

/*
 * The protocol of a session that the driver has opened: authenticated, encrypted if required, and
 * ready. From then on, this class writes to and reads from the session's socket.
 *
 *   send ─▶ groups of statements ─▶ MessageWriter ─▶ socket
 *                  │ in order                          │
 *   receiver ◀─ StatementGroup ◀───── FrameReader ◀────┘
 *
 * Invariants:
 * - A group settles at its ReadyForQuery, when the transaction status after the group is known. If
 *   the session ends earlier, the group fails with the error that ended the session.
 * - After a message that the protocol does not allow at that point, the outcome of all statements
 *   is unknown: they fail with `ProtocolViolation`, and the socket is closed.
 * - A flush is sent completely or not at all.
 */

/** The parts of a session that a {@link SocketWire} uses. */
export interface WireSession {
  /** Parses the columns of statements that set no parsers. */
  readonly types: pg.CustomTypesConfig
  write(bytes: Buffer): void
  /**
   * Receives a message that belongs to no statement: a notice, or a message before the session is
   * ready.
   */
  handOver(message: Buffer): void
  /** Called when the session can no longer be used. It must close the socket. */
  broken(error: Error): void
}

/** The types of messages that may arrive at any time. */
const asides: ReadonlySet<number> = new Set([
  messageTypes.notice,
  messageTypes.notification,
  messageTypes.parameterStatus,
])

// All sessions share one writer, because writing a flush is synchronous.
const writer = new MessageWriter()

/** A {@link Wire} that encodes and decodes the messages of the protocol itself. */
export class SocketWire implements Wire {
  transactionStatus: string | null = null
  readonly #session: WireSession
  readonly #reader = new FrameReader((bytes, start, end) => this.#receive(bytes, start, end))
  readonly #prepared = new PreparedColumns()
  /** Groups to be sent. */
  #outbox: StatementGroup[] = []
  /** Sent groups that have not settled yet, in order. */
  readonly #sent: StatementGroup[] = []
  #group: OutgoingStatement[] | undefined
  #isHeld = false
  #isOpen = false
  #failure: Error | undefined
  #isBroken = false

  constructor(session: WireSession) {
    this.#session = session
  }

  hasPrepared(name: string): boolean {
    return this.#prepared.has(name)
  }

  send(statement: OutgoingStatement): void {
    if (this.#group) this.#group.push(statement)
    else this.#post([statement])
  }

  group<T>(begin: () => T): T {
    const group: OutgoingStatement[] = []
    this.#group = group
    try {
      return begin()
    } finally {
      this.#group = undefined
      if (group.length > 0) this.#post(group)
    }
  }

  together<T>(begin: () => T): T {
    if (this.#isHeld) return begin()
    this.#isHeld = true
    try {
      return begin()
    } finally {
      this.#isHeld = false
      this.#flush()
    }
  }

  #post(statements: readonly OutgoingStatement[]): void {
    this.#outbox.push(
      new StatementGroup(statements, { prepared: this.#prepared, types: this.#session.types }),
    )
    if (!this.#isHeld) this.#flush()
  }

  #flush(): void {
    const groups = this.#outbox
    if (groups.length === 0) return
    this.#outbox = []
    const failure = this.#failure
    if (failure) return process.nextTick(() => groups.forEach((group) => group.abandon(failure)))
    let bytes: Buffer
    try {
      for (const group of groups) group.write(writer)
      bytes = writer.take()
    } catch (error) {
      // The next flush, perhaps from another session, must not contain a part of this one.
      writer.reset()
      return this.#refuse(groups, error as Error)
    }
    this.#sent.push(...groups)
    this.#session.write(bytes)
  }

  /**
   * Fails groups that could not be written. Ends the session, because the record of its prepared
   * statements contains names that were not sent.
   */
  #refuse(groups: readonly StatementGroup[], error: Error): void {
    const ended = new ConnectionEnded()
    this.#failure = ended
    process.nextTick(() => {
      for (const group of groups) group.abandon(error)
      this.#break(ended)
    })
  }

  /** Reads bytes from the server. */
  read(chunk: Buffer): void {
    try {
      this.#reader.read(chunk)
    } catch (error) {
      this.#break(error as Error)
    }
  }

  /** Fails the session's statements with the error that ended the session. */
  end(error: Error): void {
    this.#failure ??= error
    for (const group of this.#sent.splice(0)) group.abandon(error)
  }

  #break(error: Error): void {
    if (this.#isBroken) return
    this.#isBroken = true
    this.end(error)
    this.#session.broken(error)
  }

  #receive(bytes: Buffer, start: number, end: number): void {
    if (this.#failure) return
    const type = bytes[start]!
    if (!this.#isOpen) {
      if (type === messageTypes.ready) {
        this.transactionStatus = readStatus(bytes, start, end)
        this.#isOpen = true
      }
      return this.#session.handOver(bytes.subarray(start, end))
    }
    if (type === messageTypes.error) return this.#receiveError(bytes, start, end)
    if (asides.has(type)) return this.#session.handOver(bytes.subarray(start, end))
    this.#receiveAnswer(bytes, start, end)
  }

  #receiveAnswer(bytes: Buffer, start: number, end: number): void {
    const type = bytes[start]!
    const [group] = this.#sent
    if (!group) throw unexpected(type)
    switch (type) {
      case messageTypes.dataRow:
        return group.current.receiveRow(bytes, start, end)
      case messageTypes.parseComplete:
        return group.current.parsed()
      case messageTypes.bindComplete:
        return group.current.bound()
      case messageTypes.rowDescription:
        return group.current.describedWithRows(readColumns(bytes, start, end))
      case messageTypes.noData:
        return group.current.describedWithoutRows()
      case messageTypes.commandComplete:
        return group.completed(readTag(bytes, start, end))
      case messageTypes.emptyQuery:
        return group.completed(undefined)
      case messageTypes.ready:
        return this.#receiveReady(group, readStatus(bytes, start, end))
      case messageTypes.copyIn:
      case messageTypes.copyOut:
      case messageTypes.copyBoth:
        throw copyRefused()
      default:
        throw unexpected(type)
    }
  }

  #receiveReady(group: StatementGroup, status: string): void {
    group.requireComplete()
    this.transactionStatus = status
    this.#sent.shift()
    group.settle()
  }

  #receiveError(bytes: Buffer, start: number, end: number): void {
    const { error, endsSession } = readError(bytes, start, end)
    const [group] = this.#sent
    if (group) group.receiveError(error)
    // Between two statements, an error can only mean that the session has ended.
    if (!endsSession && group) return
    this.#sent.shift()?.settle()
    this.#break(error)
  }
}

function unexpected(type: number): ProtocolViolation {
  return new ProtocolViolation(`an unexpected message of type ${type}`)
}
