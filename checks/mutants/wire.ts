import type { Mutant } from './mutant.ts'

const src = 'packages/holdfast/src'

/** Mutants of the framework's own wire protocol. */
export const wireMutants: readonly Mutant[] = [
  {
    name: 'wire: an answer is accepted in any order',
    file: `${src}/storage/postgres/wire/statement-exchange.ts`,
    text: '    if (this.#step !== step) throw outOfOrder()\n',
    replacement: '',
    killedBy: [{ file: `${src}/storage/postgres/wire/socket-wire.test.ts`, name: 'breaks the connection' }],
    why: 'The answer of one statement would become that of another.',
  },
  {
    name: 'wire: rows of any width are accepted',
    file: `${src}/storage/postgres/wire/row-reader.ts`,
    text: '|| bytes.readUInt16BE(at - 2) !== count) throw',
    replacement: '|| bytes.readUInt16BE(at - 2) === -1) throw',
    killedBy: [
      { file: `${src}/storage/postgres/wire/socket-wire.test.ts`, name: 'a row that announces more columns' },
    ],
    why: 'A connection with answers out of step would stay in use.',
  },
  {
    name: 'wire: a value may be longer than its row',
    file: `${src}/storage/postgres/wire/row-reader.ts`,
    text: 'if (length < -1 || at + length > end) throw otherColumns()',
    replacement: '',
    killedBy: [{ file: `${src}/storage/postgres/wire/socket-wire.test.ts`, name: 'is longer than its row' }],
    why: 'A value would contain bytes of the next message.',
  },
  {
    name: 'wire: the end of a group is accepted before its answers',
    file: `${src}/storage/postgres/wire/statement-group.ts`,
    text: 'this.#failure || this.#exchanges.every(',
    replacement: 'true || this.#exchanges.every(',
    killedBy: [
      { file: `${src}/storage/postgres/wire/socket-wire.test.ts`, name: 'the end before the answer' },
    ],
    why: 'A statement would succeed that the server has not run.',
  },
  {
    name: 'wire: a lost connection confirms what was answered before',
    file: `${src}/storage/postgres/wire/statement-group.ts`,
    text: '    if (this.#failure) return this.settle()\n',
    replacement: '    return this.settle()\n',
    killedBy: [
      {
        file: `${src}/storage/postgres/wire/socket-wire.test.ts`,
        name: 'a lost connection fails every statement',
      },
    ],
    why: 'A COMMIT without an answer would count as carried out.',
  },
  {
    name: 'wire: a violation leaves the session open',
    file: `${src}/storage/postgres/wire/socket-wire.ts`,
    text: '    this.#session.broken(error)\n',
    replacement: '',
    killedBy: [{ file: `${src}/storage/postgres/wire/socket-wire.test.ts`, name: 'breaks the connection' }],
    why: 'Statements would run on a connection whose answers are out of step.',
  },
  {
    name: 'wire: reading continues after the end of the session',
    file: `${src}/storage/postgres/wire/socket-wire.ts`,
    text: '    if (this.#failure) return\n',
    replacement: '',
    killedBy: [
      { file: `${src}/storage/postgres/wire/socket-wire.test.ts`, name: 'nothing more is read' },
      {
        file: `${src}/storage/postgres/wire/unusual-answers.test.ts`,
        name: 'the rest of a packet is not read',
      },
    ],
    why: 'An answer that is out of step would be read as that of a later statement.',
  },
  {
    name: 'wire: a length alone reserves memory',
    file: `${src}/storage/postgres/wire/frame-reader.ts`,
    text: 'this.#reserve(this.#filled + end - at, length)',
    replacement: 'this.#reserve(length, length)',
    killedBy: [
      {
        file: `${src}/storage/postgres/wire/socket-wire.test.ts`,
        name: 'the length in a header reserves no memory',
      },
    ],
    why: 'Nine bytes of a defective server would take a gigabyte.',
  },
  {
    name: 'wire: short messages may be long',
    file: `${src}/storage/postgres/wire/frame-reader.ts`,
    text: 'longTypes.has(type) ? maxLongLength : maxShortLength',
    replacement: 'type ? maxLongLength : maxShortLength',
    killedBy: [{ file: `${src}/storage/postgres/wire/socket-wire.test.ts`, name: 'breaks the connection' }],
    why: 'A connection that is out of step would read for a long time before it fails.',
  },
  {
    name: 'wire: rows beyond a limit are kept',
    file: `${src}/storage/postgres/wire/outgoing-statement.ts`,
    text: 'if (this.#rows <= this.#maxRows) return',
    replacement: 'if (this.#rows > 0) return',
    killedBy: [
      { file: `${src}/storage/postgres/wire/socket-wire.test.ts`, name: 'rows beyond a limit are dropped' },
    ],
    why: 'A query without a limit would fill the memory.',
  },
  {
    name: 'wire: a column may change the prototype of its row',
    file: `${src}/storage/postgres/wire/row-reader.ts`,
    text: 'const empty = Object.create(null) as Record<string, null>',
    replacement: 'const empty = {} as Record<string, null>',
    killedBy: [{ file: `${src}/storage/postgres/wire/socket-wire.test.ts`, name: '__proto__' }],
    why: 'A value of a row could replace the methods of the row.',
  },
  {
    name: 'wire: a name that was not parsed counts as prepared',
    file: `${src}/storage/postgres/wire/statement-exchange.ts`,
    text: "    if (this.#step === 'parsed') this.#session.prepared.refused(this.statement.name)\n",
    replacement: '',
    killedBy: [{ file: `${src}/storage/postgres/session/flush.postgres.test.ts`, name: 'is not prepared' }],
    why: 'The statement would fail in this session with 26000 until the session ends.',
  },
  {
    name: 'wire: a flush that cannot be written is sent with the next one',
    file: `${src}/storage/postgres/wire/socket-wire.ts`,
    text: '      writer.reset()\n',
    replacement: '',
    killedBy: [
      {
        file: `${src}/storage/postgres/wire/unusual-answers.test.ts`,
        name: 'leaves nothing in the flush of another session',
      },
    ],
    why: 'Values of one call would be sent in the session of another call.',
  },
  {
    name: 'wire: a session continues after a flush that could not be written',
    file: `${src}/storage/postgres/wire/socket-wire.ts`,
    text: '      this.#break(ended)\n',
    replacement: '',
    killedBy: [
      { file: `${src}/storage/postgres/wire/unusual-answers.test.ts`, name: 'sends nothing, and fails all' },
    ],
    why: 'Its prepared statements would fail with 26000 until the session ends.',
  },
  {
    name: 'wire: a message may be longer than the server accepts',
    file: `${src}/storage/postgres/wire/message-writer.ts`,
    text: '    if (length > this.#maxMessageBytes) throw tooLong(length)\n',
    replacement: '',
    killedBy: [
      {
        file: `${src}/storage/postgres/wire/unusual-answers.test.ts`,
        name: 'longer than the server accepts',
      },
    ],
    why: 'The server would end the session, so the call would be retried until its deadline.',
  },
  {
    name: 'wire: parsers that cannot be created break the connection',
    file: `${src}/storage/postgres/wire/statement-exchange.ts`,
    text: '    try {\n      this.#reader ??= new RowReader({',
    replacement:
      "    this.#reader ??= new RowReader({\n        columns: this.#columns,\n        types: statement.types ?? this.#session.types,\n        isArray: statement.rowMode === 'array',\n      })\n    try {\n      this.#reader ??= new RowReader({",
    killedBy: [
      { file: `${src}/storage/postgres/wire/unusual-answers.test.ts`, name: 'fail only their statement' },
    ],
    why: 'A defect in a parser would fail the statements of other calls.',
  },
  {
    name: 'wire: binary columns are read as text',
    file: `${src}/storage/postgres/wire/statement-exchange.ts`,
    text: "    if (columns.some(({ format }) => format !== 'text')) this.statement.failLater(binaryRefused())\n",
    replacement: '',
    killedBy: [
      { file: `${src}/storage/postgres/wire/unusual-answers.test.ts`, name: 'in the binary format' },
    ],
    why: 'Values would be silently wrong.',
  },
  {
    name: 'wire: a simple query returns the rows of an earlier statement',
    file: `${src}/storage/postgres/wire/statement-exchange.ts`,
    text: '      if (this.#isBetween) this.#startResult()\n',
    replacement: '',
    killedBy: [
      {
        file: `${src}/storage/postgres/wire/unusual-answers.test.ts`,
        name: 'has the result of its last statement',
      },
    ],
    why: 'The result would belong to another statement.',
  },
  {
    name: 'wire: rows are accepted between the statements of a simple query',
    file: `${src}/storage/postgres/wire/statement-exchange.ts`,
    text: "(this.#step === 'simple' && !this.#isBetween)",
    replacement: "this.#step === 'simple'",
    killedBy: [{ file: `${src}/storage/postgres/wire/unusual-answers.test.ts`, name: 'a row after the end' }],
    why: 'A connection with answers out of step would stay in use.',
  },
  {
    name: 'wire: a simple query may end before its last statement',
    file: `${src}/storage/postgres/wire/statement-exchange.ts`,
    text: '      this.#isBetween = false\n      this.#hasEnded = false\n',
    replacement: '      this.#isBetween = false\n',
    killedBy: [
      {
        file: `${src}/storage/postgres/wire/unusual-answers.test.ts`,
        name: 'the end before that of the last',
      },
    ],
    why: 'A statement would succeed that the server has not run.',
  },
  {
    name: 'wire: a result can change the columns of a prepared statement',
    file: `${src}/storage/postgres/wire/prepared-columns.ts`,
    text: '  return Object.freeze(columns)\n',
    replacement: '  return columns\n',
    killedBy: [
      {
        file: `${src}/storage/postgres/wire/unusual-answers.test.ts`,
        name: 'cannot be changed through a result',
      },
    ],
    why: 'The rows of later calls would be read with the wrong columns.',
  },
  {
    name: 'wire: pg: COPY returns an empty result',
    file: `${src}/storage/postgres/wire/driver-group.ts`,
    text: '  handleCopyData(): void {\n    this.#statements[this.#at]!.failLater(copyRefused())\n',
    replacement: '  handleCopyData(): void {\n',
    killedBy: [{ file: `${src}/storage/postgres/wire/wire.postgres.test.ts`, name: 'refuses COPY' }],
    why: 'A handler would take the empty result as the answer.',
  },
  {
    name: 'wire: pg: a simple query returns the rows of an earlier statement',
    file: `${src}/storage/postgres/wire/driver-group.ts`,
    text: '    if (this.#isSimple && this.#isBetween) this.#startResult(statement)\n',
    replacement: '',
    killedBy: [
      {
        file: `${src}/storage/postgres/wire/wire.postgres.test.ts`,
        name: 'returns the result of the last one',
      },
    ],
    why: 'The result would belong to another statement.',
  },
  {
    name: 'prepared statements: a FETCH with a name is prepared',
    file: `${src}/storage/postgres/session/prepared-statements.ts`,
    text: '    if (given !== undefined && !isReservedName(given) && !shapeOf(text).isPlannable) return undefined\n',
    replacement: '',
    killedBy: [
      {
        file: `${src}/storage/postgres/wire/wire.postgres.test.ts`,
        name: 'reads the columns of each cursor',
      },
    ],
    why: 'The rows of a cursor would be read with the columns of another cursor.',
  },
  {
    name: 'transaction: a limit of the role stays in effect',
    file: `${src}/storage/postgres/queries/begin-transaction.ts`,
    text: "case when set_config('transaction_timeout', '0', true) = '0' then set_config('transaction_timeout', $3, true) end",
    replacement: "set_config('transaction_timeout', $3, true)",
    killedBy: [
      {
        file: `${src}/storage/postgres/session/silent-clients.postgres.test.ts`,
        name: 'replaces the transaction_timeout',
      },
    ],
    why: 'A client that stops while it sends a statement would hold its locks for as long as the role allows.',
  },
]
