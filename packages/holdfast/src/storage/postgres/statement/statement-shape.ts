import { SqlLexer } from './sql-lexer.ts'

/** A savepoint command, with the savepoint's name as Postgres folds it. */
export interface SavepointCommand {
  readonly kind: 'savepoint' | 'release' | 'rollback'
  readonly name: string
}

/**
 * A command that does more than read and write rows:
 *
 * - `transaction` begins or ends a transaction.
 * - `session` changes the session for other calls' statements.
 * - `copy` streams rows.
 * - `procedure` runs code that may begin and end transactions: `CALL` and `DO`.
 * - `unclear` is a savepoint command of an unsupported form or with an unsupported name.
 */
export type ControlCommand =
  | { readonly kind: 'transaction' | 'session' | 'copy' | 'procedure' | 'unclear' }
  | SavepointCommand

/** Returns whether a command is a savepoint command. */
export function isSavepointCommand(control: ControlCommand | undefined): control is SavepointCommand {
  return control !== undefined && 'name' in control
}

const plannable = new Set(['select', 'insert', 'update', 'delete', 'merge', 'with', 'values'])
const settingVerbs = new Set(['set', 'do', 'call'])
const reading = new Set(['select', 'values', 'table'])
const writing = new Set(['insert', 'update', 'delete', 'merge'])

/** The properties of a statement that can be derived from its text. */
export class StatementShape {
  readonly text: string
  /**
   * The first word of the statement in lower case, after opening parentheses; empty if the
   * statement begins with something else.
   */
  readonly verb: string
  /** The control command; `undefined` if the statement only reads and writes rows. */
  readonly control: ControlCommand | undefined
  #isSingle: boolean | undefined
  #isRead: boolean | undefined
  #mayChangeRole: boolean | undefined

  constructor(text: string) {
    const lexer = new SqlLexer(text)
    this.text = text
    this.verb = readVerb(lexer)
    this.control = readControl(this.verb, lexer)
  }

  /** True if the statement only reads. A function that writes is not detected. */
  get isRead(): boolean {
    return (this.#isRead ??= reading.has(this.verb) || (this.verb === 'with' && !hasWrite(this.text)))
  }

  /**
   * True if the statement may change its transaction's role: it is a SET or names a role or
   * `set_config`. A role change by any other function is not detected.
   */
  get mayChangeRole(): boolean {
    return (this.#mayChangeRole ??=
      settingVerbs.has(this.verb) || /role|session_authorization|set_config/i.test(this.text))
  }

  /**
   * True if Postgres would keep a plan for the statement: a single statement that reads or writes
   * rows.
   */
  get isPlannable(): boolean {
    return plannable.has(this.verb) && (this.#isSingle ??= isSingle(this.text))
  }
}

// The number of texts that contain values is unlimited, so the cache is limited: when its newer
// half is full, the older half is dropped.
const maxKept = 1_000
// Longer texts are not cached: they are generated, and reading their first word is fast.
const maxKeptLength = 10_000

let newer = new Map<string, StatementShape>()
let older = new Map<string, StatementShape>()

/** Returns the shape of a statement. Shapes of repeated texts are cached. */
export function shapeOf(text: string): StatementShape {
  const known = newer.get(text)
  if (known !== undefined) return known
  const shape = older.get(text) ?? new StatementShape(text)
  if (text.length <= maxKeptLength) {
    if (newer.size >= maxKept) {
      older = newer
      newer = new Map()
    }
    newer.set(text, shape)
  }
  return shape
}

/** Moves to the first word and returns it. Postgres skips empty statements before that word. */
function readVerb(lexer: SqlLexer): string {
  while (lexer.next()) {
    if (lexer.kind === 'word') return lexer.token.toLowerCase()
    if (lexer.kind !== 'semicolon' && !lexer.isOperator('(')) return ''
  }
  return ''
}

function readControl(verb: string, lexer: SqlLexer): ControlCommand | undefined {
  switch (verb) {
    case 'begin':
    case 'start':
    case 'commit':
    case 'end':
    case 'abort':
      return { kind: 'transaction' }
    case 'prepare':
      return { kind: lexer.next() && lexer.isWord('transaction') ? 'transaction' : 'session' }
    case 'rollback':
    case 'savepoint':
    case 'release':
      return readSavepointCommand(verb, lexer)
    case 'set':
      return isTransactionSetting(lexer) ? undefined : { kind: 'session' }
    case 'reset':
    case 'listen':
    case 'unlisten':
    case 'discard':
    case 'deallocate':
    case 'execute':
    case 'load':
      return { kind: 'session' }
    case 'copy':
      return { kind: 'copy' }
    case 'call':
    case 'do':
      return { kind: 'procedure' }
    default:
      return undefined
  }
}

/**
 * Returns whether a SET lasts no longer than its transaction. `SET local.a = b` is a session
 * setting.
 */
function isTransactionSetting(lexer: SqlLexer): boolean {
  const isKeyword =
    lexer.next() && (lexer.isWord('local') || lexer.isWord('constraints') || lexer.isWord('transaction'))
  return isKeyword && lexer.next() && lexer.kind !== 'operator' && !lexer.isWord('to')
}

/**
 * Reads `SAVEPOINT a`, `RELEASE [SAVEPOINT] a` or `ROLLBACK [WORK | TRANSACTION] TO [SAVEPOINT] a`.
 */
function readSavepointCommand(verb: SavepointCommand['kind'], lexer: SqlLexer): ControlCommand {
  let hasToken = lexer.next()
  if (verb === 'rollback') {
    if (hasToken && (lexer.isWord('work') || lexer.isWord('transaction'))) hasToken = lexer.next()
    if (!hasToken || !lexer.isWord('to')) return { kind: 'transaction' }
    hasToken = lexer.next()
  }
  if (!hasToken) return { kind: 'unclear' }
  let name = readName(lexer)
  // A savepoint may be named "savepoint".
  const mayBeKeyword = verb !== 'savepoint' && lexer.isWord('savepoint')
  if (goesOn(lexer)) {
    if (!mayBeKeyword) return { kind: 'unclear' }
    name = readName(lexer)
    if (goesOn(lexer)) return { kind: 'unclear' }
  }
  while (lexer.next()) if (lexer.kind !== 'semicolon') return { kind: 'unclear' }
  return name === undefined ? { kind: 'unclear' } : { kind: verb, name }
}

/** Moves to the next token of the same statement. Returns false at its end. */
function goesOn(lexer: SqlLexer): boolean {
  return lexer.next() && lexer.kind !== 'semicolon'
}

// NAMEDATALEN - 1. Postgres truncates longer names.
const maxNameLength = 63
// Beyond ASCII, case folding and the number of bytes per character depend on the encoding.
const ascii = /^[\0-\x7F]+$/

/**
 * Returns a name as Postgres folds it; `undefined` if the result is uncertain or the name is
 * reserved.
 */
function readName({ kind, token }: SqlLexer): string | undefined {
  if (!ascii.test(token) || (kind !== 'word' && kind !== 'quoted')) return undefined
  const name = kind === 'word' ? token.toLowerCase() : token.slice(1, -1).replaceAll('""', '"')
  return name.startsWith('holdfast_') ? undefined : name.slice(0, maxNameLength)
}

/** Returns whether a text is a single statement, followed only by semicolons. */
function isSingle(text: string): boolean {
  const lexer = new SqlLexer(text)
  let hasEnded = false
  for (let hasBegun = false; lexer.next();) {
    const isSemicolon = lexer.kind === 'semicolon'
    if (hasEnded && !isSemicolon) return false
    hasEnded ||= hasBegun && isSemicolon
    hasBegun ||= !isSemicolon
  }
  return true
}

/** Returns whether a statement with common table expressions may write. FOR UPDATE only locks. */
function hasWrite(text: string): boolean {
  const lexer = new SqlLexer(text)
  let before = ''
  while (lexer.next()) {
    const word = lexer.kind === 'word' ? lexer.token.toLowerCase() : ''
    if (writing.has(word) && before !== 'for' && before !== 'key') return true
    before = word
  }
  return false
}
