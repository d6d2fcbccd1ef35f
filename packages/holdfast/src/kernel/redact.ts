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

/** What a name ends in whose value is never shown: `newPassword`, `STRIPE_SECRET_KEY`. */
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

/** What a page begins at is called a token, too. */
const neverSensitive: ReadonlySet<string> = new Set(['pagetoken', 'nextpagetoken', 'previouspagetoken'])

/** Hides what is not to be read in logs and traces. */
export interface Redactor {
  /** Whether the value under a name is hidden. */
  isSensitive(name: string): boolean
  /** Fields of a log line as JSON can say them: without what is hidden, at any depth. */
  fields(fields: LogFields): LogFields
  /** A text without the passwords of URLs and the tokens of `Authorization` headers in it. */
  text(text: string): string
}

// A line is to be read by somebody; what is nested deeper is not, nor is what comes after so many values.
const deepest = 8
const mostValues = 2_000
const leftOut = '[left out]'
// Names come from programs, few of them; one that logs names without number must not fill the memory.
const mostNames = 10_000

// Each begins with what few texts have, so that none takes longer than it is long, whoever wrote it.
const urlPassword = /(:\/\/[^\s:/?#@]*):[^\s/?#]*@/g
const assignedSecret =
  /\b(password|passwd|pwd|secret|api[-_]?key|(?:access_|refresh_|id_)?token)=[^\s&;,"'[][^\s&;,"']*/gi
const authorizationToken = /\b(Bearer|Basic) +[A-Za-z0-9._~+/=-]{6,}/gi

/** Makes a redactor that hides what everybody wants hidden, and what is declared. */
export function createRedactor(declared: Iterable<string> = []): Redactor {
  const sensitive = new Set([...alwaysSensitive, ...[...declared].map(toPlainName)])
  const known = new Map<string, boolean>()

  function isSensitive(name: string): boolean {
    const answer = known.get(name)
    if (answer !== undefined) return answer
    const found = judge(name)
    if (known.size >= mostNames) known.clear()
    known.set(name, found)
    return found
  }

  function judge(name: string): boolean {
    const plain = toPlainName(name)
    if (sensitive.has(plain)) return true
    if (neverSensitive.has(plain)) return false
    if (alwaysSensitiveEndings.some((ending) => plain.endsWith(ending))) return true
    // Header fields that are no standard have a prefix before their name: `X-Auth`.
    return /^x[-_]/i.test(name) && sensitive.has(plain.slice(1))
  }

  return { isSensitive, text: redactText, fields: (fields) => new RedactedCopy(isSensitive).ofLine(fields) }
}

/** Copies the fields of one line. Whatever they are, it does not throw. */
class RedactedCopy {
  readonly #isSensitive: (name: string) => boolean
  /** The objects that are being copied, each within the one before. */
  readonly #path: object[] = []
  #valuesLeft = mostValues

  constructor(isSensitive: (name: string) => boolean) {
    this.#isSensitive = isSensitive
  }

  ofLine(fields: LogFields): LogFields {
    const copied = this.#value(fields)
    if (typeof copied !== 'object' || copied === null) return { fields: copied }
    // Whoever is used to pino hands it an error in place of the fields.
    return fields instanceof Error ? { error: copied } : (copied as LogFields)
  }

  #value(value: unknown): unknown {
    this.#valuesLeft -= 1
    if (typeof value === 'string') return redactText(value)
    if (typeof value === 'bigint') return value.toString()
    if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`
    if (typeof value !== 'object' || value === null) return value
    if (this.#path.includes(value)) return '[circular]'
    if (this.#path.length > deepest) return '[nested too deeply]'
    this.#path.push(value)
    try {
      return this.#object(value)
    } catch {
      // A getter that throws, a proxy that was revoked: what is logged may be broken, and is logged for that.
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

  /** What may be seen of a value that has a name. */
  #named(name: string, value: unknown): unknown {
    // Its absence is no secret, and tells that nothing was given.
    const isHidden = value !== undefined && value !== null && this.#isSensitive(name)
    if (!isHidden) return this.#value(value)
    this.#valuesLeft -= 1
    return redacted
  }
}

function redactText(text: string): string {
  // Hardly any value of a field has any of these, and to look for one character costs next to nothing.
  let shown = text
  if (text.includes('://')) shown = shown.replaceAll(urlPassword, `$1:${redacted}@`)
  if (text.includes('=')) shown = shown.replaceAll(assignedSecret, `$1=${redacted}`)
  if (text.includes(' ')) shown = shown.replaceAll(authorizationToken, `$1 ${redacted}`)
  return shown
}

function toPlainName(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
}

/** A property, whose getter may fail. */
function read(fields: object, name: string): unknown {
  try {
    return (fields as LogFields)[name]
  } catch {
    return '[unreadable]'
  }
}
