import { fieldReader } from '../../kernel/operation/field-reader.ts'
import { alternatives, type JsonSchema, resolveReference, typesOf } from '../../kernel/schema/json-schema.ts'
import { createRedactor } from '../../kernel/base/redact.ts'
import { type Schema, toJsonSchema, validate } from '../../kernel/schema/schema.ts'
import type { SettingDescription, SettingsSource } from '../../kernel/host/settings.ts'
import { describeValid } from './describe-valid.ts'
import { nearMiss } from './near-miss.ts'
import { Secret } from './secret.ts'
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

  function missing({ env }: SettingsSource): string {
    const known = new Set(names.flatMap((one) => [one, `${one}_FILE`]))
    const others = Object.keys(env).filter((other) => env[other] && !known.has(other))
    const meant = nearMiss(name, others) ?? nearMiss(`${name}_FILE`, others)
    const hint = meant === undefined ? '' : ` Did you mean ${meant}, which is set?`
    return `${name} is not set. ${expectation}${hint}`
  }

  function wrong(text: string, { env, originOf }: SettingsSource, message: string): string {
    const origin = originOf?.(name)
    const from = origin === undefined ? '' : ` (from ${origin})`
    const what = env[name] ? `${name}${from}` : `The default of ${name}`
    // The message of the schema is left out, because it may repeat the value.
    if (isHidden) return `${what} is invalid (value hidden, because it is a secret). ${expectation}`
    return `${what} is ${show(text)}. ${expectation}${messageBeside(message, valid)}`
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
      const text = source.env[name] || declared.default
      if (text === undefined) {
        if (!mayBeAbsent(source)) return { name, issue: missing(source) }
        return { name, value: hide(absent?.value) }
      }
      try {
        const result = await validate(declared.schema, readText(text))
        if (result.issues) return { name, issue: wrong(text, source, result.issues[0]?.message ?? '') }
        return { name, value: hide(result.value) }
      } catch (error) {
        return { name, issue: wrong(text, source, `Its schema threw: ${String(error)}`) }
      }
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
