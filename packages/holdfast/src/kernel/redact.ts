import { toLogFields, type LogFields } from './log.ts'

/** What stands where a value is not shown. */
export const redacted = '[redacted]'

/** Names whose values are never shown, whoever logs them. They are compared without case and separators: `API-Key` is `apikey`. */
const alwaysSensitive: readonly string[] = [
  'accesstoken',
  'apikey',
  'apitoken',
  'authorization',
  'authtoken',
  'bearertoken',
  'clientsecret',
  'connectionstring',
  'cookie',
  'credential',
  'credentials',
  'databaseurl',
  'idtoken',
  'jwt',
  'passphrase',
  'passwd',
  'password',
  'privatekey',
  'proxyauthorization',
  'pwd',
  'refreshtoken',
  'secret',
  'secretkey',
  'sessiontoken',
  'setcookie',
  'token',
]

/** Hides what is not to be read in logs and traces. */
export interface Redactor {
  /** Whether the value under a name is hidden. */
  isSensitive(name: string): boolean
  /** Fields of a log line as JSON can say them: without what is hidden, at any depth. */
  fields(fields: LogFields): LogFields
  /** A text without the passwords of URLs and the tokens of `Authorization` headers in it. */
  text(text: string): string
}

// A line is to be read by somebody; what is nested deeper is not.
const deepest = 8
// Names come from programs, few of them; one that logs names without number must not fill the memory.
const mostNames = 10_000

const urlPassword = /([a-z][a-z0-9+.-]*:\/\/[^\s:/?#@]*):[^\s/?#@]*@/gi
const authorizationToken = /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi

/** Makes a redactor that hides what everybody wants hidden, and what is declared. */
export function createRedactor(declared: Iterable<string> = []): Redactor {
  const sensitive = new Set([...alwaysSensitive, ...[...declared].map(toPlainName)])
  const known = new Map<string, boolean>()

  function isSensitive(name: string): boolean {
    const answer = known.get(name)
    if (answer !== undefined) return answer
    const found = sensitive.has(toPlainName(name))
    if (known.size >= mostNames) known.clear()
    known.set(name, found)
    return found
  }

  function copy(fields: object, path: readonly object[]): LogFields {
    const copied: Record<string, unknown> = {}
    const within = [...path, fields]
    for (const name of Object.keys(fields)) {
      const value = read(fields, name)
      // Its absence is no secret, and tells that nothing was given.
      const isHidden = value !== undefined && value !== null && isSensitive(name)
      copied[name] = isHidden ? redacted : shown(value, within)
    }
    return copied
  }

  function shown(value: unknown, path: readonly object[]): unknown {
    if (typeof value === 'string') return text(value)
    if (typeof value === 'bigint') return value.toString()
    if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`
    if (typeof value !== 'object' || value === null) return value
    if (path.includes(value)) return '[circular]'
    if (path.length > deepest) return '[nested too deeply]'
    if (value instanceof Error) return copy(toLogFields(value), [...path, value])
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
    if (Array.isArray(value)) return value.map((item: unknown) => shown(item, [...path, value]))
    if (value instanceof Map || value instanceof Set) return shown([...value], [...path, value])
    if ('toJSON' in value && typeof value.toJSON === 'function') return shownAsJson(value, path)
    return copy(value, path)
  }

  function shownAsJson(value: object, path: readonly object[]): unknown {
    try {
      const json: unknown = (value as { toJSON(): unknown }).toJSON()
      return json === value ? copy(value, path) : shown(json, [...path, value])
    } catch {
      return '[unreadable]'
    }
  }

  function text(given: string): string {
    // Both patterns need one of these, which hardly any text has.
    if (!given.includes('://') && !given.includes('earer ') && !given.includes('asic ')) return given
    return given.replaceAll(urlPassword, `$1:${redacted}@`).replaceAll(authorizationToken, `$1 ${redacted}`)
  }

  return { isSensitive, text, fields: (fields) => copy(fields, []) }
}

function toPlainName(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
}

/** A property, whose getter may fail. */
function read(fields: object, name: string): unknown {
  try {
    return (fields as Record<string, unknown>)[name]
  } catch {
    return '[unreadable]'
  }
}
