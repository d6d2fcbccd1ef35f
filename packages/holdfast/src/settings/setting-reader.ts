import { fieldReader } from '../kernel/field-reader.ts'
import { alternatives, type JsonSchema, resolveReference, typesOf } from '../kernel/json-schema.ts'
import { createRedactor } from '../kernel/redact.ts'
import { type Schema, toJsonSchema, validate } from '../kernel/schema.ts'
import type { SettingDescription, SettingsSource } from '../kernel/settings.ts'
import { describeValid } from './describe-valid.ts'
import { nearMiss } from './near-miss.ts'
import { Secret } from './secret.ts'
import type { Setting } from './setting.ts'

/** What became of a setting. */
export interface Reading {
  readonly name: string
  readonly value?: unknown
  /** What is wrong with it; `undefined` where nothing is. */
  readonly issue?: string
}

/** Reads one setting. */
export interface SettingReader {
  readonly description: SettingDescription
  read(source: SettingsSource): Promise<Reading>
}

// A message is read by a person.
const longestShown = 60
const redactor = createRedactor()
// The names of settings are the program's own: better one too many that is not shown.
const soundsSecret = /(?:^|_)(?:KEY|TOKEN|SECRET|PASS|PASSWORD|DSN|CREDENTIALS?)S?(?:_|$)/i

/** Makes the reader of a setting; `names` are those of all that are declared with it. */
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
  const expectation = `It has to be ${valid}. ${declared.description}`

  function mayBeAbsent({ mode }: SettingsSource): boolean {
    if (declared.optional === undefined) return absent !== undefined
    return declared.optional === true || mode !== 'production'
  }

  function missing({ env }: SettingsSource): string {
    const known = new Set(names.flatMap((one) => [one, `${one}_FILE`]))
    const others = Object.keys(env).filter((other) => env[other] && !known.has(other))
    const meant = nearMiss(name, others) ?? nearMiss(`${name}_FILE`, others)
    const hint = meant === undefined ? '' : ` ${meant} is set: is that what was meant?`
    return `${name} is not set. ${expectation}${hint}`
  }

  function wrong(text: string, { env, originOf }: SettingsSource, message: string): string {
    const origin = originOf?.(name)
    const from = origin === undefined ? '' : ` (from ${origin})`
    const what = env[name] ? `${name}${from}` : `The default of ${name}`
    // What a schema says may repeat what it was given.
    if (isHidden) return `${what} is not valid, and not shown since it is a secret. ${expectation}`
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
        return { name, issue: wrong(text, source, `Its schema fails: ${String(error)}`) }
      }
    },
  }

  function hide(value: unknown): unknown {
    return isSecret && value !== undefined ? new Secret(value) : value
  }
}

/** The JSON Schema of a setting; one that says nothing where JSON Schema cannot say it, as for a `Date`. */
function describe(schema: Schema): JsonSchema {
  try {
    return toJsonSchema(schema, 'input')
  } catch {
    return {}
  }
}

/** What a schema makes of a variable that is not set, where it says that this may be: `undefined`, or its own default. */
function readAbsent(schema: Schema, { default: own }: JsonSchema): { readonly value: unknown } | undefined {
  try {
    const result = validate(schema, undefined)
    if (result instanceof Promise) {
      // Whether it may be left out is known when it is declared, or not at all.
      result.catch(() => {})
      return undefined
    }
    // What converts, such as `z.coerce.string()`, would make a text of nothing.
    return !result.issues && (result.value === undefined || own !== undefined) ? result : undefined
  } catch {
    return undefined
  }
}

/** A list comes as one text with commas. */
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
  return JSON.stringify(shown.length > longestShown ? `${shown.slice(0, longestShown)}…` : shown)
}

/** What the schema says, where it says more than is said already. */
function messageBeside(message: string, valid: string): string {
  return message === '' || message.includes(valid) ? '' : ` (${message})`
}
