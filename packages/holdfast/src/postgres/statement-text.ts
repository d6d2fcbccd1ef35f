import { SqlLexer } from './sql-lexer.ts'
import { shapeOf } from './statement-shape.ts'

/** The names of a statement in traces, metrics and logs. */
export interface StatementNames {
  /** Its first word in capitals: `SELECT`. */
  readonly operation: string
  /** That and the first relation it names, if it names one: `SELECT accounts`. */
  readonly summary: string
  /** Its text, without values. */
  readonly text: string
}

// One of the framework's tables that stand for one: its number says nothing, and would multiply names.
const ringLeaf = /^(holdfast\.\w+?)_\d+$/

// Longer statements are made by machines. Their beginning says what they are about.
const maxText = 4_096

/**
 * Names a statement. One that has no parameters has its values in its text, where `?` takes their place: what a statement
 * is about is no secret, whom it is about may be.
 */
export function nameStatement(text: string, hasValues: boolean): StatementNames {
  const operation = shapeOf(text).verb.toUpperCase() || 'UNKNOWN'
  const target = findRelation(text)
  const shown = hasValues ? text : withoutValues(text)
  return {
    operation,
    summary: target === undefined ? operation : `${operation} ${target.replace(ringLeaf, '$1')}`,
    text: shown.length > maxText ? `${shown.slice(0, maxText)}…` : shown,
  }
}

const beforeRelation = new Set(['from', 'into', 'update', 'join', 'table'])
const beforeName = new Set(['only', 'if', 'not', 'exists'])

/** Returns the first relation that a statement names, as it names it. */
function findRelation(text: string): string | undefined {
  const lexer = new SqlLexer(text)
  while (lexer.end < maxText && lexer.next()) {
    if (lexer.kind !== 'word' || !beforeRelation.has(lexer.token.toLowerCase())) continue
    let hasNext = lexer.next()
    while (hasNext && lexer.kind === 'word' && beforeName.has(lexer.token.toLowerCase()))
      hasNext = lexer.next()
    if (hasNext && isName(lexer)) return readRelation(lexer)
  }
  return undefined
}

function isName({ kind }: SqlLexer): boolean {
  return kind === 'word' || kind === 'quoted' || kind === 'unicode-quoted'
}

/** Reads `table` or `schema.table`, from its first name on. */
function readRelation(lexer: SqlLexer): string {
  const first = lexer.token
  return lexer.next() && lexer.isOperator('.') && lexer.next() && isName(lexer)
    ? `${first}.${lexer.token}`
    : first
}

function withoutValues(text: string): string {
  const lexer = new SqlLexer(text)
  let shown = ''
  let copied = 0
  while (shown.length <= maxText && lexer.next()) {
    const { kind, start, end } = lexer
    if (kind !== 'string' && kind !== 'number' && kind !== 'unterminated') continue
    shown += `${text.slice(copied, start)}?`
    copied = end
  }
  return shown + text.slice(copied, copied + maxText + 1)
}
