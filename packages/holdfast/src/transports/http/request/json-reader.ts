import { inexactNumber, isExactNumber } from '../../../kernel/base/exact-number.ts'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'

const escapes = '"\\/bfnrt'
const numberForm = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const unicodeForm = /u[0-9A-Fa-f]{4}/y
const spaceForm = /[\t\n\r ]*/y
const words = { true: true, false: false, null: null } as const

/**
 * A syntax error in a JSON text. Its message gives the location and repeats nothing of the text.
 */
export class JsonFault extends HoldfastError {
  constructor(text: string, at: number, what: string) {
    const before = text.slice(0, at).split('\n')
    super('json-invalid', `${what} (line ${before.length}, column ${before.at(-1)!.length + 1})`)
  }
}

/**
 * Parses JSON (RFC 8259), slowly and strictly. Rejects a duplicate name in an object, the name
 * `__proto__`, a number that a double cannot represent exactly, and nesting deeper than `maxDepth`.
 *
 * @throws JsonFault
 */
export function readJson(text: string, maxDepth: number): unknown {
  let at = 0

  function fault(what: string, where: number = at): JsonFault {
    return new JsonFault(text, where, what)
  }

  function readValue(depth: number): unknown {
    const first = text[at]
    if (first === '"') return readString()
    if (first === '{' || first === '[') {
      if (depth === maxDepth) throw fault(`it is nested deeper than ${maxDepth} levels`)
      at += 1
      return first === '{' ? readObject(depth) : readArray(depth)
    }
    const start = at
    if (skip(numberForm)) return toNumber(start)
    for (const [word, value] of Object.entries(words)) if (skipText(word)) return value
    throw fault(first === undefined ? 'unexpected end of input, expected a value' : 'expected a value')
  }

  function toNumber(start: number): number {
    const literal = text.slice(start, at)
    const number = Number(literal)
    if (!Number.isFinite(number)) throw fault('the number is too large', start)
    if (!isExactNumber(literal)) throw fault(inexactNumber, start)
    return number
  }

  function readObject(depth: number): object {
    const object: Record<string, unknown> = {}
    skip(spaceForm)
    if (skipText('}')) return object
    do {
      skip(spaceForm)
      const start = at
      if (text[at] !== '"') throw fault('expected a quoted name')
      const name = readString()
      if (name === '__proto__') throw fault('an object must not have a member named "__proto__"', start)
      if (Object.hasOwn(object, name)) throw fault('duplicate name in an object', start)
      skip(spaceForm)
      if (!skipText(':')) throw fault('expected a colon')
      skip(spaceForm)
      object[name] = readValue(depth + 1)
      skip(spaceForm)
    } while (skipText(','))
    if (!skipText('}')) throw fault('expected a comma or the end of the object')
    return object
  }

  function readArray(depth: number): unknown[] {
    const array: unknown[] = []
    skip(spaceForm)
    if (skipText(']')) return array
    do {
      skip(spaceForm)
      array.push(readValue(depth + 1))
      skip(spaceForm)
    } while (skipText(','))
    if (!skipText(']')) throw fault('expected a comma or the end of the array')
    return array
  }

  function readString(): string {
    const start = at
    at += 1
    for (;;) {
      const character = text[at]
      if (character === undefined) throw fault('unterminated string', start)
      if (character < ' ') throw fault('unescaped control character in a string')
      at += 1
      if (character === '\\') skipEscape()
      else if (character === '"') return JSON.parse(text.slice(start, at)) as string
    }
  }

  function skipEscape(): void {
    if (escapes.includes(text[at] ?? ' ')) at += 1
    else if (!skip(unicodeForm)) throw fault('invalid escape sequence in a string')
  }

  function skip(form: RegExp): boolean {
    form.lastIndex = at
    const isThere = form.test(text)
    if (isThere) at = form.lastIndex
    return isThere
  }

  function skipText(expected: string): boolean {
    const isThere = text.startsWith(expected, at)
    if (isThere) at += expected.length
    return isThere
  }

  skip(spaceForm)
  const value = readValue(0)
  skip(spaceForm)
  if (at < text.length) throw fault('unexpected text after the value')
  return value
}
