import { configurationInvalid } from '../kernel/configuration-invalid.ts'
import { fieldReader } from '../kernel/field-reader.ts'
import { type JsonSchema, typesOf } from '../kernel/json-schema.ts'
import { toJsonSchema, validate } from '../kernel/schema.ts'
import type { SettingDescription, Settings, SettingsSource } from '../kernel/settings.ts'
import { describeValid } from './describe-valid.ts'
import { nearMiss } from './near-miss.ts'
import { Secret } from './secret.ts'
import type { Setting } from './setting.ts'

/** Declarations of settings under the names of their variables. */
export type SettingDeclarations = Readonly<Record<string, Setting>>

/** The values of declared settings. */
export type SettingValues<D extends SettingDeclarations> = {
  readonly [Name in keyof D]: D[Name] extends Setting<infer Value> ? Value : never
}

/** Declares what a program is configured with from its environment, each under the name of its variable. */
export function settings<D extends SettingDeclarations>(declarations: D): Settings<SettingValues<D>> {
  const readers = Object.entries(declarations).map(([name, declared]) => createReader(name, declared))

  async function readAll(source: SettingsSource): Promise<Reading[]> {
    return Promise.all(readers.map((read) => read.from(source)))
  }

  return {
    descriptions: readers.map(({ description }) => description),

    async check(source) {
      return (await readAll(source)).flatMap(({ issue }) => (issue === undefined ? [] : [issue]))
    },

    async read(source) {
      const readings = await readAll(source)
      const issues = readings.flatMap(({ issue }) => (issue === undefined ? [] : [issue]))
      if (issues.length > 0) throw configurationInvalid(issues)
      return Object.fromEntries(readings.map(({ name, value }) => [name, value])) as SettingValues<D>
    },
  }
}

/** What became of a setting. */
interface Reading {
  readonly name: string
  readonly value?: unknown
  /** What is wrong with it; `undefined` where nothing is. */
  readonly issue?: string
}

interface SettingReader {
  readonly description: SettingDescription
  from(source: SettingsSource): Promise<Reading>
}

// A message is read by a person.
const longestShown = 60

function createReader(name: string, declared: Setting): SettingReader {
  const schema = toJsonSchema(declared.schema, 'input')
  const readText = textReaderOf(schema)
  const valid = describeValid(schema)
  const isSecret = declared.secret === true
  const expectation = `It has to be ${valid}. ${declared.description}`

  function missing({ env }: SettingsSource): string {
    const meant = nearMiss(name, Object.keys(env))
    const hint = meant === undefined ? '' : ` ${meant} is set: is that what was meant?`
    return `${name} is not set. ${expectation}${hint}`
  }

  function wrong(text: string, { originOf }: SettingsSource, message: string): string {
    const origin = originOf?.(name)
    const from = origin === undefined ? '' : ` (from ${origin})`
    // What a schema says may repeat what it was given.
    if (isSecret) return `${name}${from} is not valid, and not shown since it is a secret. ${expectation}`
    return `${name}${from} is ${show(text)}. ${expectation}${messageBeside(message, valid)}`
  }

  return {
    description: {
      name,
      description: declared.description,
      valid,
      default: declared.defaultDescription ?? declared.default ?? (declared.optional ? 'none' : undefined),
      isSecret,
    },

    async from(source) {
      const given = source.env[name]
      const text = given === undefined || given === '' ? declared.default : given
      if (text === undefined) {
        const isOptional =
          declared.optional === true || (declared.optional !== undefined && source.mode !== 'production')
        return isOptional ? { name, value: undefined } : { name, issue: missing(source) }
      }
      const result = await validate(declared.schema, readText(text))
      if (result.issues) return { name, issue: wrong(text, source, result.issues[0]?.message ?? '') }
      return { name, value: isSecret ? new Secret(result.value) : result.value }
    },
  }
}

/** A list comes as one text with commas. */
function textReaderOf(schema: JsonSchema): (text: string) => unknown {
  const read = fieldReader(schema, schema)
  if (!typesOf(schema).includes('array')) return (text) => read([text])
  return (text) => read(text.split(',').map((item) => item.trim()))
}

function show(text: string): string {
  return JSON.stringify(text.length > longestShown ? `${text.slice(0, longestShown)}…` : text)
}

/** What the schema says, where it says more than is said already. */
function messageBeside(message: string, valid: string): string {
  return message === '' || message.includes(valid) ? '' : ` (${message})`
}
