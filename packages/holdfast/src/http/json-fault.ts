import { HoldfastError } from '../kernel/holdfast-error.ts'

const escapes = '"\\/bfnrt'
const numberForm = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const unicodeForm = /u[0-9A-Fa-f]{4}/y
const spaceForm = /[\t\n\r ]*/y

/** Unwinds the reader; never leaves this file. */
class Fault extends HoldfastError {
  readonly at: number

  constructor(at: number, what: string) {
    super('json-fault', what)
    this.at = at
  }
}

/**
 * Says where a JSON text that has been refused goes wrong: its syntax, a name that comes twice in an object, the name
 * `__proto__`, or nesting deeper than `maxDepth`. The answer repeats nothing of the text.
 */
export function findJsonFault(text: string, maxDepth: number): string {
  try {
    readText(text, maxDepth)
    return 'it cannot be read'
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault
    const before = text.slice(0, fault.at).split('\n')
    return `${fault.message} (line ${before.length}, column ${before.at(-1)!.length + 1})`
  }
}

/** Reads a JSON text for its faults alone; throws the first. */
function readText(text: string, maxDepth: number): void {
  let at = 0

  function readValue(depth: number): void {
    const first = text[at]
    if (first === '"') readString()
    else if (first === '{' || first === '[') {
      if (depth === maxDepth) throw new Fault(at, `it is nested deeper than ${maxDepth} levels`)
      if (first === '{') readObject(depth)
      else readArray(depth)
    } else if (!skip(numberForm) && !['true', 'false', 'null'].some(skipWord)) {
      throw new Fault(
        at,
        first === undefined ? 'the text ends where a value is expected' : 'a value is expected',
      )
    }
  }

  function readObject(depth: number): void {
    const names = new Set<string>()
    at += 1
    skip(spaceForm)
    if (skipWord('}')) return
    do {
      skip(spaceForm)
      readName(names)
      skip(spaceForm)
      if (!skipWord(':')) throw new Fault(at, 'a colon is expected')
      skip(spaceForm)
      readValue(depth + 1)
      skip(spaceForm)
    } while (skipWord(','))
    if (!skipWord('}')) throw new Fault(at, 'a comma or the end of the object is expected')
  }

  function readName(names: Set<string>): void {
    const start = at
    if (text[at] !== '"') throw new Fault(at, 'a name in quotation marks is expected')
    readString()
    const name = JSON.parse(text.slice(start, at)) as string
    if (name === '__proto__') throw new Fault(start, 'an object may not have the name "__proto__"')
    if (names.has(name)) throw new Fault(start, 'the object has this name already')
    names.add(name)
  }

  function readArray(depth: number): void {
    at += 1
    skip(spaceForm)
    if (skipWord(']')) return
    do {
      skip(spaceForm)
      readValue(depth + 1)
      skip(spaceForm)
    } while (skipWord(','))
    if (!skipWord(']')) throw new Fault(at, 'a comma or the end of the array is expected')
  }

  function readString(): void {
    const start = at
    at += 1
    for (;;) {
      const character = text[at]
      if (character === undefined) throw new Fault(start, 'the string has no end')
      if (character < ' ') throw new Fault(at, 'a string has a control character that is not escaped')
      at += 1
      if (character === '"') return
      if (character === '\\') readEscape()
    }
  }

  function readEscape(): void {
    if (escapes.includes(text[at] ?? ' ')) at += 1
    else if (!skip(unicodeForm)) throw new Fault(at, 'a string has an escape that JSON does not know')
  }

  function skip(form: RegExp): boolean {
    form.lastIndex = at
    const isThere = form.test(text)
    if (isThere) at = form.lastIndex
    return isThere
  }

  function skipWord(word: string): boolean {
    const isThere = text.startsWith(word, at)
    if (isThere) at += word.length
    return isThere
  }

  skip(spaceForm)
  readValue(0)
  skip(spaceForm)
  if (at < text.length) throw new Fault(at, 'the text goes on after its value')
}
