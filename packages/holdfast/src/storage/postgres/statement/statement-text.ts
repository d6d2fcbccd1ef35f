import { SqlLexer } from './sql-lexer.ts'
import { shapeOf } from './statement-shape.ts'

/** The names of a statement in traces, metrics and logs. */
export interface StatementNames {
  /** The first word of the statement in capitals: `SELECT`. */
  readonly operation: string
  /** The operation and the first relation that the statement names, if any: `SELECT accounts`. */
  readonly summary: string
  /** The text of the statement, without values. */
  readonly text: string
}

// A partition of one of the framework's tables. Its number is dropped, because it has no meaning
// and would create a separate name per partition.
const ringLeaf = /^(holdfast\.\w+?)_\d+$/

// Longer statements are truncated. They are generated, and their beginning is enough to identify
// them.
const maxText = 4_096

/**
 * Returns the names of a statement. If the statement has no parameters, its text contains the
 * values. These are replaced with `?`, because they may be personal data.
 */
export function describeStatement(text: string, hasValues: boolean): StatementNames {
  const operation = shapeOf(text).verb.toUpperCase() || 'UNKNOWN'
  const target = findRelation(text)
  const redactedText = hasValues ? text : withoutValues(text)
  return {
    operation,
    summary: target === undefined ? operation : `${operation} ${target.replace(ringLeaf, '$1')}`,
    text: redactedText.length > maxText ? `${redactedText.slice(0, maxText)}…` : redactedText,
  }
}

const beforeRelation = new Set(['from', 'into', 'update', 'join', 'table'])
const beforeName = new Set(['only', 'if', 'not', 'exists'])

/** Returns the first relation that a statement names, with its name as written in the statement. */
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

/** Reads `table` or `schema.table`. The current token is the first name. */
function readRelation(lexer: SqlLexer): string {
  const first = lexer.token
  return lexer.next() && lexer.isOperator('.') && lexer.next() && isName(lexer)
    ? `${first}.${lexer.token}`
    : first
}

function withoutValues(text: string): string {
  const lexer = new SqlLexer(text)
  let redactedText = ''
  let copied = 0
  while (redactedText.length <= maxText && lexer.next()) {
    const { kind, start, end } = lexer
    if (kind !== 'string' && kind !== 'number' && kind !== 'unterminated') continue
    redactedText += `${text.slice(copied, start)}?`
    copied = end
  }
  return redactedText + text.slice(copied, copied + maxText + 1)
}
