/** A part of a value that JSON cannot represent. */
export interface NonJson {
  /** The position as a JSON Pointer (RFC 6901); empty for the value itself. */
  readonly pointer: string
  /** The kind of value: `NaN`, `a Map`. */
  readonly what: string
}

// The max depth of a value. JSON.stringify and JSON.parse would exhaust the stack with much deeper
// values.
const maxDepth = 500

/**
 * Returns the first part of a value that JSON would lose, change or reject; `undefined` if there is
 * no such part. If the result is `undefined`, the value survives a round trip through JSON, except
 * that undefined members are dropped and -0 becomes 0.
 */
export function findNonJson(value: unknown): NonJson | undefined {
  return findBelow(value, { path: [], open: new Set() })
}

interface Branch {
  readonly path: readonly (string | number)[]
  /** The enclosing objects. */
  readonly open: Set<object>
}

function findBelow(value: unknown, branch: Branch): NonJson | undefined {
  const what = nameNonJson(value)
  if (what !== undefined) return { pointer: toText(branch.path), what }
  if (typeof value !== 'object' || value === null) return undefined
  if (branch.open.has(value)) return { pointer: toText(branch.path), what: 'a circular value' }
  if (branch.path.length >= maxDepth)
    return { pointer: toText(branch.path), what: `a value nested more than ${maxDepth} levels deep` }
  branch.open.add(value)
  const found = findInParts(value, branch)
  branch.open.delete(value)
  return found
}

function findInParts(value: object, { path, open }: Branch): NonJson | undefined {
  // Array#entries includes holes; Object.entries would skip them.
  const parts: Iterable<readonly [string | number, unknown]> = Array.isArray(value)
    ? value.entries()
    : Object.entries(value).filter(([, part]) => part !== undefined)
  for (const [key, part] of parts) {
    const found = findBelow(part, { path: [...path, key], open })
    if (found) return found
  }
  return undefined
}

function nameNonJson(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : String(value)
    case 'object':
      return value === null || isPlain(value) ? undefined : nameInstance(value)
    case 'undefined':
      return 'undefined'
    default:
      return `a ${typeof value}`
  }
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  // Objects from another realm, such as a test runner's VM, have a different Object.prototype.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function nameInstance(value: object): string {
  const { name } = (value as { readonly constructor?: { readonly name?: unknown } }).constructor ?? {}
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'an object with a prototype'
}

function toText(path: readonly (string | number)[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
