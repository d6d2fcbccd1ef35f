/** What a statement is called in traces and metrics. */
export interface StatementNames {
  /** Its first word in capitals: `SELECT`. */
  readonly operation: string
  /** That and the first relation it names, where it names one: `SELECT accounts`. */
  readonly summary: string
  /** Its text, without values. */
  readonly text: string
}

const lead = /^(?:\s|--[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\/)*([A-Za-z]+)/
const relation = /\b(?:from|into|update|join|table)\s+(?:only\s+)?((?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?)/i
// Texts in quotes of any kind, and numbers that are not part of a name or a parameter. A text without
// its end goes to the end of the statement: to look on behind each beginning would take quadratic time.
const literal =
  /\b[eEbBxX]?'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*(?:'|$)|(?<![\w$])\$((?:[^\W\d]\w*)?)\$[\s\S]*?(?:\$\1\$|$)|(?<![\w$.])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b/g

// One of the framework's tables that stand for one: its number says nothing, and would multiply names.
const ringLeaf = /^(holdfast\.\w+?)_\d+$/

// Longer statements are made by machines, and read by nobody.
const longestText = 4_096

/**
 * Names a statement. Where it has no values of its own they stand in its text, and are left out there: what a statement is about is
 * nobody's secret, whom it is about may be.
 */
export function nameStatement(text: string, hasValues: boolean): StatementNames {
  const operation = (lead.exec(text)?.[1] ?? 'UNKNOWN').toUpperCase()
  const target = relation.exec(text)?.[1]
  const shown = hasValues ? text : text.replaceAll(literal, '?')
  return {
    operation,
    summary: target === undefined ? operation : `${operation} ${target.replace(ringLeaf, '$1')}`,
    text: shown.length > longestText ? `${shown.slice(0, longestText)}…` : shown,
  }
}
