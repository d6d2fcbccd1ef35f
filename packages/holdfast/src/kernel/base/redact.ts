import { toLogFields, type LogFields } from './log.ts'

/** Replaces a hidden value. */
export const redacted = '[redacted]'

/**
 * Names whose values are always hidden. Case and separators of names are ignored: `API-Key` equals
 * `apikey`.
 */
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
  'dbpass',
  'idtoken',
  'jwt',
  'otp',
  'pass',
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

/** Suffixes of names whose values are always hidden: `newPassword`, `STRIPE_SECRET_KEY`. */
const alwaysSensitiveEndings: readonly string[] = [
  'accesskey',
  'apikey',
  'connectionstring',
  'credential',
  'credentials',
  'dsn',
  'encryptionkey',
  'passphrase',
  'passwd',
  'password',
  'privatekey',
  'secret',
  'secretkey',
  'secrets',
  'sessionid',
  'signingkey',
  'token',
]

/** Page tokens are not secrets. */
const neverSensitive: ReadonlySet<string> = new Set(['pagetoken', 'nextpagetoken', 'previouspagetoken'])

/** Hides sensitive values in logs and traces. */
export interface Redactor {
  /** Returns true if the value of a field with this name is hidden. */
  isSensitive(name: string): boolean
  /** Returns the fields of a log line as plain JSON, without sensitive values at any depth. */
  fields(fields: LogFields): LogFields
  /**
   * Returns a text without the passwords in its URLs and the tokens in its `Authorization` headers.
   */
  text(text: string): string
}

// Limits the size of a log line: deeper values, and values beyond the max number, are left out.
const maxDepth = 8
const maxValues = 2_000
const leftOut = '[omitted]'
// Max number of cached names. Most programs use few names, but a program may log any number of
// them.
const maxNames = 10_000

// Each pattern starts with characters that are rare in texts, so matching is fast. It takes linear
// time for any text.
const urlPassword = /(:\/\/[^\s:/?#@]*):[^\s/?#]*@/g
const assignedSecret =
  /\b((?:ssl)?password|passwd|pwd|secret|api[-_]?key|(?:access_|refresh_|id_)?token)=[^\s&;,"'[][^\s&;,"']*/gi
const authorizationToken = /\b(Bearer|Basic) +[A-Za-z0-9._~+/=-]{6,}/gi

/**
 * Returns a redactor that hides values by name: the built-in sensitive names and the declared
 * names.
 *
 * @example
 * ```ts
 * const redactor = createRedactor(['iban'])
 * const fields = redactor.fields({ iban: 'DE02', amount: 5 }) // { iban: '[redacted]', amount: 5 }
 * ```
 */
export function createRedactor(declared: Iterable<string> = []): Redactor {
  const sensitive = new Set([...alwaysSensitive, ...[...declared].map(toPlainName)])
  const known = new Map<string, boolean>()

  function isSensitive(name: string): boolean {
    const answer = known.get(name)
    if (answer !== undefined) return answer
    const found = check(name)
    if (known.size >= maxNames) known.clear()
    known.set(name, found)
    return found
  }

  function check(name: string): boolean {
    const plain = toPlainName(name)
    if (sensitive.has(plain)) return true
    if (neverSensitive.has(plain)) return false
    if (alwaysSensitiveEndings.some((ending) => plain.endsWith(ending))) return true
    // Non-standard headers have a prefix before the name: `X-Auth`.
    return /^x[-_]/i.test(name) && sensitive.has(plain.slice(1))
  }

  return { isSensitive, text: redactText, fields: (fields) => new RedactedCopy(isSensitive).ofLine(fields) }
}

/** Copies the fields of one line. Never throws, even if the fields are broken objects. */
class RedactedCopy {
  readonly #isSensitive: (name: string) => boolean
  /** The objects being copied, each nested in the previous one. */
  readonly #path: object[] = []
  #valuesLeft = maxValues

  constructor(isSensitive: (name: string) => boolean) {
    this.#isSensitive = isSensitive
  }

  ofLine(fields: LogFields): LogFields {
    const copied = this.#value(fields)
    if (typeof copied !== 'object' || copied === null) return { fields: copied }
    // As with pino, the user may pass an error instead of fields.
    return fields instanceof Error ? { error: copied } : (copied as LogFields)
  }

  #value(value: unknown): unknown {
    this.#valuesLeft -= 1
    if (typeof value === 'string') return redactText(value)
    if (typeof value === 'bigint') return value.toString()
    if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`
    if (typeof value !== 'object' || value === null) return value
    if (this.#path.includes(value)) return '[circular]'
    if (this.#path.length > maxDepth) return '[nested too deeply]'
    this.#path.push(value)
    try {
      return this.#object(value)
    } catch {
      // The value may have a getter that throws, or be a revoked proxy: values are often logged
      // because they are broken.
      return '[unreadable]'
    } finally {
      this.#path.pop()
    }
  }

  #object(value: object): unknown {
    if (value instanceof Error) return this.#properties(toLogFields(value))
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
    if (value instanceof Map) return this.#items(value, (entry) => this.#entry(entry))
    if (Array.isArray(value) || value instanceof Set) return this.#items(value, (item) => this.#value(item))
    if (!('toJSON' in value) || typeof value.toJSON !== 'function') return this.#properties(value)
    const json: unknown = value.toJSON()
    return json === value ? this.#properties(value) : this.#value(json)
  }

  #properties(fields: object): LogFields {
    const copied: Record<string, unknown> = {}
    for (const name of Object.keys(fields)) {
      if (this.#valuesLeft <= 0) {
        copied['…'] = leftOut
        break
      }
      copied[name] = this.#named(name, read(fields, name))
    }
    return copied
  }

  #items<T>(items: Iterable<T>, copy: (item: T) => unknown): unknown[] {
    const copied: unknown[] = []
    for (const item of items) {
      if (this.#valuesLeft <= 0) {
        copied.push(leftOut)
        break
      }
      copied.push(copy(item))
    }
    return copied
  }

  #entry([key, value]: [unknown, unknown]): [unknown, unknown] {
    return [this.#value(key), typeof key === 'string' ? this.#named(key, value) : this.#value(value)]
  }

  /** Returns the visible form of a value with a name. */
  #named(name: string, value: unknown): unknown {
    // A missing value is not secret, and the log must show that it is missing.
    const isHidden = value !== undefined && value !== null && this.#isSensitive(name)
    if (!isHidden) return this.#value(value)
    this.#valuesLeft -= 1
    return redacted
  }
}

function redactText(text: string): string {
  // Most values contain none of these characters, and searching for a character costs almost
  // nothing.
  let redactedText = text
  if (text.includes('://')) redactedText = redactedText.replaceAll(urlPassword, `$1:${redacted}@`)
  if (text.includes('=')) redactedText = redactedText.replaceAll(assignedSecret, `$1=${redacted}`)
  if (text.includes(' ')) redactedText = redactedText.replaceAll(authorizationToken, `$1 ${redacted}`)
  return redactedText
}

function toPlainName(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
}

/** Reads a property, whose getter may throw. */
function read(fields: object, name: string): unknown {
  try {
    return (fields as LogFields)[name]
  } catch {
    return '[unreadable]'
  }
}
