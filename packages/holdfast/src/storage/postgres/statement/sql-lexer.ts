/**
 * Splits SQL text into tokens by the rules of Postgres (`scan.l`): nested comments, `'…'` with
 * doubled quotes, `E'…'` with backslashes, `U&'…'`, strings that continue on the next line, dollar
 * quotes, quoted identifiers, `U&"…"`, operators that end at the start of a comment, and
 * parameters.
 *
 * Invariants:
 * - Whitespace and comments are skipped, and are never part of a token.
 * - If Postgres accepts a text, the tokens begin and end exactly as in Postgres.
 * - If Postgres rejects a text, the tokens do not matter, but lexing terminates.
 *
 * Assumes `standard_conforming_strings = on`. If it is off, `'…'` has backslash escapes too: the
 * end of such a string may be wrong, but the first word of a statement is always right.
 */

/** The kinds of tokens. */
export type SqlTokenKind =
  /** A keyword, or an unquoted identifier. */
  | 'word'
  /** A quoted identifier: `"…"`. */
  | 'quoted'
  /** An identifier with Unicode escapes: `U&"…"`. */
  | 'unicode-quoted'
  /** A quoted constant of any kind: `'…'`, `E'…'`, `B'…'`, `X'…'`, `U&'…'`, `$…$…$…$`. */
  | 'string'
  | 'number'
  /** `$1` */
  | 'parameter'
  /** An operator, a bracket, a comma, or a character without meaning in SQL. */
  | 'operator'
  | 'semicolon'
  /** The start of an unterminated comment, string or identifier. */
  | 'unterminated'

// Character codes.
const lineFeed = 10
const carriageReturn = 13
const space = 32
const doubleQuote = 34
const dollar = 36
const ampersand = 38
const quote = 39
const asterisk = 42
const plus = 43
const minus = 45
const dot = 46
const slash = 47
const colon = 58
const semicolon = 59
const equals = 61
const backslash = 92
const underscore = 95
const firstBeyondAscii = 128

const isOperatorCode = codesOf('~!@#^&|`?+-*/%<>=')
// An operator of several characters may end in plus or minus only if it contains one of these.
const isLooseOperatorCode = codesOf('~!@#^&|`?%')

/** A cursor over the tokens of a text. It allocates nothing per token. */
export class SqlLexer {
  readonly text: string
  /** The kind of the current token. */
  kind: SqlTokenKind = 'unterminated'
  /** The offset of the current token, in UTF-16 code units. */
  start = 0
  /** The offset after the current token. */
  end = 0
  // The current run of operator characters, which may consist of several operators. `#runEnd` is
  // its end. `#lastFirm` is the position of its last character other than plus and minus.
  // `#lastLoose` is the position of its last character that allows an operator to end in plus or
  // minus.
  #runEnd = 0
  #lastFirm = 0
  #lastLoose = 0

  constructor(text: string) {
    this.text = text
  }

  /** Moves to the next token. Returns false if there is no further token. */
  next(): boolean {
    const { text } = this
    const start = skipBlanks(text, this.end)
    this.start = start
    if (start >= text.length) {
      this.end = start
      return false
    }
    const code = text.charCodeAt(start)
    if (isIdentifierStart(code)) this.#readWord(code)
    else if (code === quote) this.#readString(start + 1, false)
    else if (code === doubleQuote) this.#readQuoted('quoted', start + 1)
    else if (isDigit(code) || (code === dot && isDigit(text.charCodeAt(start + 1)))) this.#readNumber()
    else if (code === dollar) this.#readDollar()
    else if (code === semicolon) this.#take('semicolon', start + 1)
    else if (code === slash && text.charCodeAt(start + 1) === asterisk)
      this.#take('unterminated', text.length)
    else if (isOperatorCode[code] === true) this.#readOperator()
    else this.#take('operator', start + (isPair(code, text.charCodeAt(start + 1)) ? 2 : 1))
    return true
  }

  /** The text of the current token. */
  get token(): string {
    return this.text.slice(this.start, this.end)
  }

  /** Returns whether the current token is a word. Ignores case; `word` must be in lower case. */
  isWord(word: string): boolean {
    return this.kind === 'word' && this.end - this.start === word.length && this.token.toLowerCase() === word
  }

  /** Returns whether the current token is this operator. */
  isOperator(operator: string): boolean {
    return this.kind === 'operator' && this.token === operator
  }

  #take(kind: SqlTokenKind, end: number): void {
    this.kind = kind
    this.end = end
  }

  #readWord(code: number): void {
    const { text, start } = this
    const following = text.charCodeAt(start + 1)
    if (following === quote) {
      const letter = code | 32
      // The prefixes of strings are e, b and x. After the letter n, the string is a separate token.
      if (letter === 101) return this.#readString(start + 2, true)
      if (letter === 98 || letter === 120) return this.#readBits(start + 2)
    }
    // u
    if (following === ampersand && (code | 32) === 117) {
      const third = text.charCodeAt(start + 2)
      if (third === quote) return this.#readString(start + 3, false)
      if (third === doubleQuote) return this.#readQuoted('unicode-quoted', start + 3)
    }
    let end = start + 1
    while (isIdentifierPart(text.charCodeAt(end))) end += 1
    this.#take('word', end)
  }

  /** Reads a string, from the offset after its opening quote. */
  #readString(from: number, hasEscapes: boolean): void {
    const { text } = this
    for (let at = from; at < text.length; at += 1) {
      const code = text.charCodeAt(at)
      if (code === backslash && hasEscapes) at += 1
      else if (code === quote) {
        if (text.charCodeAt(at + 1) === quote) at += 1
        else {
          const continuation = continuationOf(text, at + 1)
          if (continuation === undefined) return this.#take('string', at + 1)
          at = continuation
        }
      }
    }
    this.#take('unterminated', text.length)
  }

  /** Reads a bit or hexadecimal string, in which quotes are not doubled. */
  #readBits(from: number): void {
    const { text } = this
    let at = text.indexOf("'", from)
    while (at !== -1) {
      const continuation = continuationOf(text, at + 1)
      if (continuation === undefined) return this.#take('string', at + 1)
      at = text.indexOf("'", continuation + 1)
    }
    this.#take('unterminated', text.length)
  }

  #readQuoted(kind: SqlTokenKind, from: number): void {
    const { text } = this
    let at = text.indexOf('"', from)
    while (at !== -1 && text.charCodeAt(at + 1) === doubleQuote) at = text.indexOf('"', at + 2)
    if (at === -1) this.#take('unterminated', text.length)
    else this.#take(kind, at + 1)
  }

  #readOperator(): void {
    const { start } = this
    if (start >= this.#runEnd) this.#readRun()
    const end = this.#lastLoose >= start ? this.#runEnd : Math.max(start, this.#lastFirm) + 1
    this.#take('operator', end)
  }

  /**
   * Reads a run of operator characters up to a comment or a character of a different kind. Each run
   * is read once, even if it contains several operators.
   */
  #readRun(): void {
    const { text, start } = this
    this.#lastFirm = -1
    this.#lastLoose = -1
    let at = start
    for (; at === start || !isCommentAt(text, at); at += 1) {
      const code = text.charCodeAt(at)
      if (isOperatorCode[code] !== true) break
      if (code !== plus && code !== minus) this.#lastFirm = at
      if (isLooseOperatorCode[code] === true) this.#lastLoose = at
    }
    this.#runEnd = at
  }

  #readNumber(): void {
    const { text, start } = this
    const prefixed = /0(?:[xX](?:_?[0-9a-fA-F])+|[oO](?:_?[0-7])+|[bB](?:_?[01])+)/y
    prefixed.lastIndex = start
    if (prefixed.test(text)) return this.#take('number', prefixed.lastIndex)
    let end = endOfDigits(text, start)
    // 1..2 is a range.
    if (text.charCodeAt(end) === dot && text.charCodeAt(end + 1) !== dot) end = endOfDigits(text, end + 1)
    // e
    if ((text.charCodeAt(end) | 32) === 101) {
      const sign = text.charCodeAt(end + 1)
      const digits = sign === plus || sign === minus ? end + 2 : end + 1
      if (isDigit(text.charCodeAt(digits))) end = endOfDigits(text, digits)
    }
    this.#take('number', end)
  }

  #readDollar(): void {
    const { text, start } = this
    let end = start + 1
    if (isDigit(text.charCodeAt(end))) {
      while (isDigit(text.charCodeAt(end))) end += 1
      return this.#take('parameter', end)
    }
    if (isIdentifierStart(text.charCodeAt(end))) while (isTagPart(text.charCodeAt(end))) end += 1
    if (text.charCodeAt(end) !== dollar) return this.#take('operator', start + 1)
    const delimiter = text.slice(start, end + 1)
    const close = text.indexOf(delimiter, end + 1)
    if (close === -1) this.#take('unterminated', text.length)
    else this.#take('string', close + delimiter.length)
  }
}

function codesOf(characters: string): readonly boolean[] {
  const isOne = Array.from({ length: firstBeyondAscii }, () => false)
  for (const character of characters) isOne[character.charCodeAt(0)] = true
  return isOne
}

/**
 * Returns whether a code is whitespace: `[ \t\n\v\f\r]`. Whitespace beyond ASCII does not count.
 */
function isBlank(code: number): boolean {
  return code === space || (code >= 9 && code <= carriageReturn)
}

function isNewline(code: number): boolean {
  return code === lineFeed || code === carriageReturn
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function isIdentifierStart(code: number): boolean {
  const letter = code | 32
  return (letter >= 97 && letter <= 122) || code === underscore || code >= firstBeyondAscii
}

/** Returns whether a code may be part of a dollar quote's tag. */
function isTagPart(code: number): boolean {
  return isIdentifierStart(code) || isDigit(code)
}

function isIdentifierPart(code: number): boolean {
  return isTagPart(code) || code === dollar
}

/** Returns the offset after whitespace and comments. Stops at an unterminated comment. */
function skipBlanks(text: string, from: number): number {
  let at = from
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (isBlank(code)) at += 1
    else if (code === minus && text.charCodeAt(at + 1) === minus) at = endOfLine(text, at)
    else if (code === slash && text.charCodeAt(at + 1) === asterisk) {
      const end = endOfComment(text, at)
      if (end === undefined) return at
      at = end
    } else return at
  }
  return at
}

/** Returns the offset of the next newline. A carriage return counts as a newline. */
function endOfLine(text: string, from: number): number {
  let at = from
  while (at < text.length && !isNewline(text.charCodeAt(at))) at += 1
  return at
}

/**
 * Returns the offset after a comment, which may contain nested comments; `undefined` if the comment
 * is unterminated.
 */
function endOfComment(text: string, from: number): number | undefined {
  let depth = 0
  for (let at = from; at < text.length; at += 1) {
    const [code, following] = [text.charCodeAt(at), text.charCodeAt(at + 1)]
    if (code === slash && following === asterisk) depth += 1
    else if (code === asterisk && following === slash) depth -= 1
    else continue
    if (depth === 0) return at + 2
    at += 1
  }
  return undefined
}

/**
 * Returns the offset of the quote that continues a string. Between the two parts of the string,
 * there are only whitespace and line comments, with at least one newline. Returns `undefined` if
 * the string does not continue.
 */
function continuationOf(text: string, from: number): number | undefined {
  let hasNewline = false
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (isNewline(code)) hasNewline = true
    else if (code === minus && text.charCodeAt(at + 1) === minus) at = endOfLine(text, at) - 1
    else if (code === quote) return hasNewline ? at : undefined
    else if (!isBlank(code)) return undefined
  }
  return undefined
}

function endOfDigits(text: string, from: number): number {
  let at = from
  while (
    isDigit(text.charCodeAt(at)) ||
    (at > from && text.charCodeAt(at) === underscore && isDigit(text.charCodeAt(at + 1)))
  )
    at += 1
  return at
}

/** Returns whether two characters form one token: `::`, `:=` or `..`. */
function isPair(code: number, following: number): boolean {
  if (code === dot) return following === dot
  return code === colon && (following === colon || following === equals)
}

function isCommentAt(text: string, at: number): boolean {
  const [code, following] = [text.charCodeAt(at), text.charCodeAt(at + 1)]
  return (code === minus && following === minus) || (code === slash && following === asterisk)
}
