import { inexactNumber, isExactNumber } from '../exact-number.ts'
import { HoldfastError } from '../holdfast-error.ts'

const escapes = '"\\/bfnrt'
const numberForm = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const unicodeForm = /u[0-9A-Fa-f]{4}/y
const spaceForm = /[\t\n\r ]*/y
const words = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const

/** A syntax error in a JSON text. Its message contains the location, but no part of the text. */
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
  return new JsonReader(text, maxDepth).read()
}

/** Reads one text by recursive descent, with one method per form of value. */
class JsonReader {
  readonly #text: string
  readonly #maxDepth: number
  #at = 0

  constructor(text: string, maxDepth: number) {
    this.#text = text
    this.#maxDepth = maxDepth
  }

  read(): unknown {
    this.#skip(spaceForm)
    const value = this.#readValue(0)
    this.#skip(spaceForm)
    if (this.#at < this.#text.length) throw this.#fault('unexpected text after the value')
    return value
  }

  #readValue(depth: number): unknown {
    const first = this.#text[this.#at]
    if (first === '"') return this.#readString()
    if (first === '{' || first === '[') {
      if (depth === this.#maxDepth) throw this.#fault(`it is nested deeper than ${this.#maxDepth} levels`)
      this.#at += 1
      return first === '{' ? this.#readObject(depth) : this.#readArray(depth)
    }
    const start = this.#at
    if (this.#skip(numberForm)) return this.#toNumber(start)
    for (const [word, value] of words) if (this.#skipText(word)) return value
    throw this.#fault(first === undefined ? 'unexpected end of input, expected a value' : 'expected a value')
  }

  #readObject(depth: number): object {
    const object: Record<string, unknown> = {}
    this.#skip(spaceForm)
    if (this.#skipText('}')) return object
    do {
      this.#skip(spaceForm)
      const name = this.#readName(object)
      this.#skip(spaceForm)
      if (!this.#skipText(':')) throw this.#fault('expected a colon')
      this.#skip(spaceForm)
      object[name] = this.#readValue(depth + 1)
      this.#skip(spaceForm)
    } while (this.#skipText(','))
    if (!this.#skipText('}')) throw this.#fault('expected a comma or the end of the object')
    return object
  }

  #readName(object: object): string {
    const start = this.#at
    if (this.#text[start] !== '"') throw this.#fault('expected a quoted name')
    const name = this.#readString()
    if (name === '__proto__') throw this.#fault('an object must not have a member named "__proto__"', start)
    if (Object.hasOwn(object, name)) throw this.#fault('duplicate name in an object', start)
    return name
  }

  #readArray(depth: number): unknown[] {
    const array: unknown[] = []
    this.#skip(spaceForm)
    if (this.#skipText(']')) return array
    do {
      this.#skip(spaceForm)
      array.push(this.#readValue(depth + 1))
      this.#skip(spaceForm)
    } while (this.#skipText(','))
    if (!this.#skipText(']')) throw this.#fault('expected a comma or the end of the array')
    return array
  }

  #readString(): string {
    const text = this.#text
    const start = this.#at
    this.#at += 1
    for (;;) {
      const character = text[this.#at]
      if (character === undefined) throw this.#fault('unterminated string', start)
      if (character < ' ') throw this.#fault('unescaped control character in a string')
      this.#at += 1
      if (character === '\\') this.#skipEscape()
      else if (character === '"') return JSON.parse(text.slice(start, this.#at)) as string
    }
  }

  #skipEscape(): void {
    if (escapes.includes(this.#text[this.#at] ?? ' ')) this.#at += 1
    else if (!this.#skip(unicodeForm)) throw this.#fault('invalid escape sequence in a string')
  }

  #toNumber(start: number): number {
    const literal = this.#text.slice(start, this.#at)
    const number = Number(literal)
    if (!Number.isFinite(number)) throw this.#fault('the number is too large', start)
    if (!isExactNumber(literal)) throw this.#fault(inexactNumber, start)
    return number
  }

  #skip(form: RegExp): boolean {
    form.lastIndex = this.#at
    const isThere = form.test(this.#text)
    if (isThere) this.#at = form.lastIndex
    return isThere
  }

  #skipText(expected: string): boolean {
    const isThere = this.#text.startsWith(expected, this.#at)
    if (isThere) this.#at += expected.length
    return isThere
  }

  #fault(what: string, where: number = this.#at): JsonFault {
    return new JsonFault(this.#text, where, what)
  }
}
