/*
 * The `pattern` of a schema is a JavaScript regular expression. Clients compile it with the engine
 * of their language, and most engines reject some of its syntax: Python's re and JavaScript without
 * the `u` flag reject `\p{…}`, RE2 (as in Go) rejects lookaround, backreferences and `\u00e9`, and
 * Java rejects an unescaped `[` in a class. One such pattern can break a whole client.
 *
 * A pattern is therefore rewritten, token by token, to a form that JavaScript with and without `u`,
 * Java, RE2 and Python's re all compile, close to the subset that JSON Schema recommends (draft
 * 2020-12 core, section 6.4). A class of Unicode properties becomes the ranges of its characters. A
 * pattern that cannot be rewritten has no portable form.
 */
import { type CharacterSet, complement, toCharacterSet } from './character-set.ts'

// One token outside a class. A class is matched as a whole, up to its first unescaped bracket.
const token =
  /\\(?:[pP]\{[^}]*\}|u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|k<[^>]*>|[\s\S])|\[(?:\\[\s\S]|[^\\\]])*\]|\((?:\?(?:<[^=!][^>]*>|<?[=!]|[a-z-]*:)?)?|\{\d+(?:,\d*)?\}|[\s\S]/gu

// The highest repeat count that RE2 accepts.
const maxRepeats = 1_000

// Max number of ranges: a class with more ranges is unreadable.
const maxRanges = 64

/** Returns an equivalent pattern that every engine accepts; `undefined` if there is none. */
export function toPortablePattern(pattern: string): string | undefined {
  // Octal escapes are not portable. JavaScript supports them only without the `u` flag.
  if (/\\0\d/.test(pattern)) return undefined
  const parts: string[] = []
  for (const [text] of pattern.matchAll(token)) {
    const part = rewriteToken(text)
    if (part === undefined) return undefined
    parts.push(part)
  }
  const portable = parts.join('')
  return compiles(portable, 'u') && compiles(portable, '') ? portable : undefined
}

function compiles(pattern: string, flags: string): boolean {
  try {
    new RegExp(pattern, flags)
    return true
  } catch {
    return false
  }
}

function rewriteToken(text: string): string | undefined {
  if (text.startsWith('[')) return rewriteClass(text)
  if (text.startsWith('(')) return rewriteGroup(text)
  if (/^\{\d/.test(text))
    return text.match(/\d+/g)!.every((count) => Number(count) <= maxRepeats) ? text : undefined
  if (/^[{}\]]$/.test(text)) return `\\${text}`
  if (!text.startsWith('\\')) return text
  if (/^\\[pP]\{/.test(text)) return writeSet(toCharacterSet(text))
  // Backreferences, by number or by name, are not portable.
  if (/^\\[1-9k]/.test(text)) return undefined
  return /^\\[dDwWsSbB]$/.test(text) ? text : rewriteEscape(text)
}

/**
 * Replaces a named group with a plain group. The name is not needed, because backreferences are
 * rejected. Returns `undefined` for lookaround.
 */
function rewriteGroup(text: string): string | undefined {
  if (text === '(' || text === '(?:') return text
  return /^\(\?<[^=!]/.test(text) ? '(' : undefined
}

/** Returns an escape of one character in the form that every engine supports. */
function rewriteEscape(text: string): string | undefined {
  return /^\\[\^$\\.*+?()[\]{}|/fnrt]$/.test(text) ? text : writeCharacter(codeOf(text))
}

/** Returns the code point of an escape. */
function codeOf(text: string): number {
  const hex = /^\\(?:u\{([0-9a-fA-F]+)\}|[ux]([0-9a-fA-F]+))$/.exec(text)
  if (hex) return Number.parseInt(hex[1] ?? hex[2]!, 16)
  if (text.startsWith('\\c')) return text.charCodeAt(2) % 32
  return { '\\0': 0, '\\v': 0x0b, '\\b': 0x08 }[text] ?? text.codePointAt(1)!
}

function writeCharacter(code: number): string | undefined {
  // `&` and `-` are written as hex: in Java, `&&` is an operator in a class, and the escape `\-` is
  // valid only in a class.
  if (code <= 0x1f || code === 0x26 || code === 0x2d || (code >= 0x7f && code <= 0xff))
    return `\\x${code.toString(16).padStart(2, '0')}`
  if (code >= 0xd800 && code <= 0xdfff) return undefined
  const character = String.fromCodePoint(code)
  return /[\^$\\.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character
}

function rewriteClass(text: string): string | undefined {
  // A class with Unicode properties or characters beyond U+FFFF is expanded to ranges. In any other
  // class, only single characters are rewritten.
  if (/\\[pP]\{|\\u\{|[\u{10000}-\u{10ffff}]/u.test(text)) return writeSet(toCharacterSet(text))
  if (text === '[]') return '[^\\s\\S]'
  if (text === '[^]') return '[\\s\\S]'
  const parts: string[] = []
  for (const [part] of text
    .slice(1, -1)
    .matchAll(/\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|[\s\S])|[\s\S]/gu)) {
    const written = rewriteMember(part)
    if (written === undefined) return undefined
    parts.push(written)
  }
  return `[${parts.join('')}]`
}

function rewriteMember(part: string): string | undefined {
  // Java reads an unescaped bracket as a nested class.
  if (part === '[') return '\\['
  if (part === '&') return writeCharacter(0x26)
  if (!part.startsWith('\\')) return part
  return /^\\[dDwWsS-]$/.test(part) ? part : rewriteEscape(part)
}

/**
 * Returns a class of these characters; `undefined` if there is no portable form. Without the `u`
 * flag, JavaScript reads a character beyond U+FFFF as two characters. Therefore a class contains
 * either none of the characters beyond U+FFFF, or all of them (a negated class).
 */
function writeSet(set: CharacterSet): string | undefined {
  const astral = (ranges: CharacterSet): boolean => ranges.some(([, last]) => last > 0xffff)
  const isNegated = astral(set)
  const ranges = isNegated ? complement(set) : set
  if (astral(ranges) || ranges.length > maxRanges) return undefined
  if (ranges.length === 0) return isNegated ? '[\\s\\S]' : '[^\\s\\S]'
  const parts = ranges.flatMap(([first, last]) => {
    const ends = first === last ? [writeCharacter(first)] : [writeCharacter(first), '-', writeCharacter(last)]
    return ends
  })
  return parts.includes(undefined) ? undefined : `[${isNegated ? '^' : ''}${parts.join('')}]`
}
