import { fieldReader } from '../../kernel/operation/field-reader.ts'
import { alternatives, type JsonSchema, resolveReference, typesOf } from '../../kernel/schema/json-schema.ts'
import { createRedactor } from '../../kernel/base/redact.ts'
import { type Schema, toJsonSchema, validate } from '../../kernel/schema/schema.ts'
import type { AcceptChange } from '../../kernel/host/secret-changes.ts'
import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import type { SettingDescription, SettingsSource } from '../../kernel/host/settings.ts'
import { describeValid } from './describe-valid.ts'
import { nearMiss } from './near-miss.ts'
import { replaceSecret, Secret } from './secret.ts'
import type { Setting } from './setting.ts'

/** The result of reading a setting. */
export interface Reading {
  readonly name: string
  readonly value?: unknown
  /** The error; `undefined` if the setting is valid. */
  readonly issue?: string
}

/** Reads one setting. */
export interface SettingReader {
  readonly description: SettingDescription
  read(source: SettingsSource): Promise<Reading>
}

// Max length of a value in a message, because people read the messages.
const maxShownLength = 60
const redactor = createRedactor()
// Matches names of settings that are probably secret. Hiding a value unnecessarily is harmless.
const soundsSecret = /(?:^|_)(?:KEY|TOKEN|SECRET|PASS|PASSWORD|DSN|CREDENTIALS?)S?(?:_|$)/i

/** Creates the reader of a setting. `names` are the names of all settings declared with it. */
export function createSettingReader(
  name: string,
  declared: Setting,
  names: readonly string[],
): SettingReader {
  const schema = describe(declared.schema)
  const readText = textReaderOf(schema)
  const valid = describeValid(schema)
  const absent = readAbsent(declared.schema, schema)
  const isSecret = declared.secret === true
  const isHidden = isSecret || soundsSecret.test(name) || redactor.isSensitive(name)
  const expectation = `It must be ${valid}. ${declared.description}`

  function mayBeAbsent({ mode }: SettingsSource): boolean {
    if (declared.optional === undefined) return absent !== undefined
    return declared.optional === true || mode !== 'production'
  }

  function wrong(text: string, { env, originOf }: SettingsSource, message: string): string {
    const origin = originOf?.(name)
    const from = origin === undefined ? '' : ` (from ${origin})`
    const what = env[name] ? `${name}${from}` : `The default of ${name}`
    // The message of the schema is left out, because it may repeat the value.
    if (isHidden) return `${what} is invalid (value hidden, because it is a secret). ${expectation}`
    return `${what} is ${show(text)}. ${expectation}${messageBeside(message, valid)}`
  }

  function parse(text: string, source: SettingsSource): Promise<Parsed> {
    const report = (message: string): string => wrong(text, source, message)
    return parseText(declared.schema, () => readText(text), report)
  }

  return {
    description: {
      name,
      description: declared.description,
      valid,
      default: declared.defaultDescription ?? describeDefault(declared, schema, absent !== undefined),
      isSecret,
    },

    async read(source) {
      if (source.isUnreadable?.(name) === true) return { name }
      const text = source.env[name] || declared.default
      if (text === undefined) {
        if (!mayBeAbsent(source))
          return { name, issue: `${name} is not set. ${expectation}${hintAt(name, names, source)}` }
        return { name, value: hide(absent?.value) }
      }
      const { value, issue } = await parse(text, source)
      if (issue !== undefined) return { name, issue }
      const hidden = hide(value)
      if (hidden instanceof Secret)
        source.secretChanges?.watch(
          name,
          acceptChange(hidden, (changed) => parse(changed, source)),
        )
      return { name, value: hidden }
    },
  }

  function hide(value: unknown): unknown {
    return isSecret && value !== undefined ? new Secret(value) : value
  }
}

/**
 * Returns the JSON Schema of a setting; an empty schema if JSON Schema cannot express it, such as a
 * `Date`.
 */
function describe(schema: Schema): JsonSchema {
  try {
    return toJsonSchema(schema, 'input')
  } catch {
    return {}
  }
}

/**
 * Returns the schema's value for an unset variable: `undefined`, or the default of the schema.
 * Returns no value if the schema does not allow a missing variable.
 */
function readAbsent(schema: Schema, { default: own }: JsonSchema): { readonly value: unknown } | undefined {
  try {
    const result = validate(schema, undefined)
    if (result instanceof Promise) {
      // An asynchronous schema cannot show synchronously whether the setting is optional, so the
      // setting is required.
      result.catch(() => {})
      return undefined
    }
    // A converting schema, such as `z.coerce.string()`, would turn `undefined` into a text.
    return !result.issues && (result.value === undefined || own !== undefined) ? result : undefined
  } catch {
    return undefined
  }
}

/** A list is one comma-separated text. */
function textReaderOf(schema: JsonSchema): (text: string) => unknown {
  const read = fieldReader(schema, schema)
  const isList = alternatives(resolveReference(schema, schema)).some((branch) =>
    typesOf(branch).includes('array'),
  )
  return isList ? (text) => read(text.split(',').map((item) => item.trim())) : (text) => read([text])
}

function describeDefault(declared: Setting, schema: JsonSchema, mayBeAbsent: boolean): string | undefined {
  const own = declared.default ?? schema.default
  if (own !== undefined) {
    if (declared.secret === true) return 'a secret of the program'
    return typeof own === 'string' ? own : JSON.stringify(own)
  }
  return declared.optional !== undefined || mayBeAbsent ? 'none' : undefined
}

function show(text: string): string {
  const shown = redactor.text(text)
  return JSON.stringify(shown.length > maxShownLength ? `${shown.slice(0, maxShownLength)}…` : shown)
}

/** Returns the schema's message, unless it only repeats the description of valid values. */
function messageBeside(message: string, valid: string): string {
  return message === '' || message.includes(valid) ? '' : ` (${message})`
}

/** Returns a question about an undeclared variable with a similar name that is set. */
function hintAt(name: string, names: readonly string[], { env }: SettingsSource): string {
  const known = new Set(names.flatMap((one) => [one, `${one}_FILE`, `${one}_FROM`]))
  const others = Object.keys(env).filter((other) => env[other] && !known.has(other))
  const meant = nearMiss(name, others) ?? nearMiss(`${name}_FILE`, others) ?? nearMiss(`${name}_FROM`, others)
  return meant === undefined ? '' : ` Did you mean ${meant}, which is set?`
}

interface Parsed {
  readonly value?: unknown
  readonly issue?: string
}

/** Parses the text of a setting. `wrong` returns the issue for a message of the schema. */
async function parseText(
  schema: Schema,
  given: () => unknown,
  wrong: (message: string) => string,
): Promise<Parsed> {
  try {
    const result = await validate(schema, given())
    if (result.issues) return { issue: wrong(result.issues[0]?.message ?? '') }
    return { value: result.value }
  } catch (error) {
    return { issue: wrong(`Its schema threw: ${String(error)}`) }
  }
}

/** Returns the receiver that replaces the value of a secret with each valid changed value. */
function acceptChange(secret: Secret<unknown>, parse: (text: string) => Promise<Parsed>): AcceptChange {
  return async (text) => {
    const { value, issue } = await parse(text)
    if (issue !== undefined) throw configurationInvalid([issue])
    return () => replaceSecret(secret, value)
  }
}
