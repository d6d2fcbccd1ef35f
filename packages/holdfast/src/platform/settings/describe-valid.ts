import { alternatives, type JsonSchema, resolveReference, typesOf } from '../../kernel/schema/json-schema.ts'

const formats: Readonly<Record<string, string>> = {
  uri: 'a URL',
  email: 'an email address',
  uuid: 'a UUID',
  date: 'a date such as 2026-01-31',
  'date-time': 'a time such as 2026-01-31T12:00:00Z',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  hostname: 'a host name',
}

/** Returns a phrase for the values that a JSON Schema allows, to complete “it must be”. */
export function describeValid(schema: JsonSchema, root: JsonSchema = schema): string {
  const own = resolveReference(schema, root)
  if (typeof own['x-valid'] === 'string') return own['x-valid']
  // An environment variable cannot be null.
  const branches = alternatives(own).filter((branch) => branch.type !== 'null')
  if (branches.length === 1 && branches[0] !== own) return describeValid(branches[0]!, root)
  if (branches.length > 1) return branches.map((branch) => describeValid(branch, root)).join(', or ')
  if (own.const !== undefined) return JSON.stringify(own.const)
  if (own.enum) return `one of ${own.enum.join(', ')}`
  const [type] = typesOf(own)
  if (type === 'integer' || type === 'number') return describeNumber(own, type)
  if (type === 'boolean') return 'true or false'
  if (type === 'array') {
    const items = typeof own.items === 'object' ? describeValid(own.items, root) : 'a string'
    return `a comma-separated list, each item ${items}`
  }
  return type === 'string' ? describeText(own) : 'a value that matches its schema'
}

function describeNumber(schema: JsonSchema, type: 'integer' | 'number'): string {
  const kind = type === 'integer' ? 'an integer' : 'a number'
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema
  // Zod sets the bounds of a safe integer on every integer. These bounds are not shown, because the
  // author of the schema did not set them.
  const least = isBound(minimum)
    ? `at least ${minimum}`
    : isBound(exclusiveMinimum)
      ? `more than ${exclusiveMinimum}`
      : ''
  const most = isBound(maximum)
    ? `at most ${maximum}`
    : isBound(exclusiveMaximum)
      ? `less than ${exclusiveMaximum}`
      : ''
  if (isBound(minimum) && isBound(maximum)) return `${kind} from ${minimum} to ${maximum}`
  return [kind, [least, most].filter((part) => part !== '').join(' and ')]
    .filter((part) => part !== '')
    .join(' of ')
}

function isBound(bound: unknown): bound is number {
  return typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER
}

function describeText({ format, pattern, minLength, maxLength }: JsonSchema): string {
  const known = typeof format === 'string' ? formats[format] : undefined
  if (known !== undefined) return known
  const least = typeof minLength === 'number' && minLength > 1 ? `at least ${minLength}` : ''
  const most = typeof maxLength === 'number' ? `at most ${maxLength}` : ''
  const length = [least, most].filter((part) => part !== '').join(' and ')
  const parts = [length === '' ? 'a string' : `a string of ${length} characters`]
  if (typeof pattern === 'string') parts.push(`that matches /${pattern}/`)
  return parts.join(' ')
}
