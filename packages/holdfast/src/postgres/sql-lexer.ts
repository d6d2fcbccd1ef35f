/**
 * Splits SQL text into tokens by the rules of Postgres (`scan.l`): nested comments, `'…'` with
 * doubled quotes, `E'…'` with backslashes, `U&'…'`, strings that continue on the next line, dollar
 * quotes, quoted identifiers, `U&"…"`, operators that end where a comment begins, and parameters.
 *
 * Invariants:
 * - White space and comments are skipped, and never part of a token.
 * - Where Postgres accepts a text, the tokens begin and end where those of Postgres do.
 * - Where Postgres refuses a text, the tokens are of no consequence, but lexing ends.
 *
 * It assumes `standard_conforming_strings = on`. Where that is off, `'…'` has backslashes too: the end of
 * such a string may be wrong, the first word of a statement never is.
 */

/** The kinds of tokens. */
export type SqlTokenKind =
  /** A keyword, or an identifier without quotes. */
  | 'word'
  /** An identifier in quotes: `"…"`. */
  | 'quoted'
  /** An identifier with Unicode escapes: `U&"…"`. */
  | 'unicode-quoted'
  /** A constant in quotes of any kind: `'…'`, `E'…'`, `B'…'`, `X'…'`, `U&'…'`, `$…$…$…$`. */
  | 'string'
  | 'number'
  /** `$1` */
  | 'parameter'
  /** An operator, a bracket, a comma, or a character that SQL has no use for. */
  | 'operator'
  | 'semicolon'
  /** What begins a comment, string or identifier that does not end. */
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
// What lets an operator of several characters end in a plus or minus.
const isLooseOperatorCode = codesOf('~!@#^&|`?%')

/** A cursor over the tokens of a text. It allocates nothing per token. */
export class SqlLexer {
  readonly text: string
  /** The kind of the current token. */
  kind: SqlTokenKind = 'unterminated'
  /** The offset of the current token, in UTF-16 code units. */
  start = 0
  /** The offset behind the current token. */
  end = 0
  // The characters of operators that the cursor is in, which may be several operators: their end, the last of them
  // that is neither plus nor minus, and the last that lets an operator end in one of these.
  #runEnd = 0
  #lastFirm = 0
  #lastLoose = 0

  constructor(text: string) {
    this.text = text
  }

  /** Moves to the next token. Returns false if there is none. */
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

  /** The current token as it stands in the text. */
  get token(): string {
    return this.text.slice(this.start, this.end)
  }

  /** Whether the current token is this word, which is given in lower case. */
  isWord(word: string): boolean {
    return this.kind === 'word' && this.end - this.start === word.length && this.token.toLowerCase() === word
  }

  /** Whether the current token is this operator. */
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
      // e, b, x. What an n stands before is a string of its own.
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

  /** Reads a string from behind its opening quote on. */
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

  /** Reads a string of bits or hexadecimal digits, in which no quote is doubled. */
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

  /** Reads the characters of operators up to a comment or another character: once, however many operators they are. */
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

/** Returns whether a code is white space: `[ \t\n\v\f\r]`, and nothing beyond ASCII. */
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

/** Returns whether a code can stand within the tag of a dollar quote. */
function isTagPart(code: number): boolean {
  return isIdentifierStart(code) || isDigit(code)
}

function isIdentifierPart(code: number): boolean {
  return isTagPart(code) || code === dollar
}

/** Returns the offset of what is neither white space nor a comment. Stays at a comment that does not end. */
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

/** Returns the offset of the newline behind an offset. A carriage return is one. */
function endOfLine(text: string, from: number): number {
  let at = from
  while (at < text.length && !isNewline(text.charCodeAt(at))) at += 1
  return at
}

/** Returns the offset behind a comment, which may have others within. */
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
 * Returns the offset of the quote with which a string goes on: behind white space that has a newline, and comments
 * that end with their line.
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

/** Returns whether two characters are one token: `::`, `:=` or `..`. */
function isPair(code: number, following: number): boolean {
  if (code === dot) return following === dot
  return code === colon && (following === colon || following === equals)
}

function isCommentAt(text: string, at: number): boolean {
  const [code, following] = [text.charCodeAt(at), text.charCodeAt(at + 1)]
  return (code === minus && following === minus) || (code === slash && following === asterisk)
}
