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
    why: 'A connection whose answers are out of step would go on.',
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
        name: 'a lost connection leaves every outcome open',
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
    name: 'wire: reading goes on after a violation',
    file: `${src}/storage/postgres/wire/socket-wire.ts`,
    text: '    if (this.#failure) return\n',
    replacement: '',
    killedBy: [{ file: `${src}/storage/postgres/wire/socket-wire.test.ts`, name: 'nothing more is read' }],
    why: 'An answer that is out of step would be read as that of a later statement.',
  },
  {
    name: 'wire: a length alone reserves memory',
    file: `${src}/storage/postgres/wire/frame-reader.ts`,
    text: 'this.#reserve(this.#filled + end - at, length)',
    replacement: 'this.#reserve(length, length)',
    killedBy: [
      { file: `${src}/storage/postgres/wire/socket-wire.test.ts`, name: 'a length alone reserves no memory' },
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
]
