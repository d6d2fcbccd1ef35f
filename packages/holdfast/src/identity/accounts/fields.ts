import type { JsonSchema } from '../../kernel/schema/json-schema.ts'
import type { Schema } from '../../kernel/schema/schema.ts'

/** A text field of an input. */
interface TextField {
  readonly schema: JsonSchema
  /** Returns the value that the handler sees, or the issue of an invalid value. */
  readonly read: (text: string) => { readonly value: string } | { readonly message: string }
}

const maxEmailLength = 254
// Longer passwords are rejected by the rules for passwords; this bounds the work before.
const maxPasswordLength = 4_096

/** An address, without spaces around it. */
export const email: TextField = {
  schema: { type: 'string', format: 'email', maxLength: maxEmailLength },
  read(text) {
    const address = text.trim().normalize('NFC')
    const isValid = address.length <= maxEmailLength && /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(address)
    return isValid ? { value: address } : { message: 'must be an email address' }
  },
}

/** A password. */
export const password: TextField = {
  schema: { type: 'string', maxLength: maxPasswordLength, format: 'password' },
  read: (text) =>
    text.length <= maxPasswordLength && text.isWellFormed()
      ? { value: text }
      : { message: `must be a text of at most ${maxPasswordLength} characters` },
}

/** The token in a link. */
export const token: TextField = {
  schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' },
  read: (text) =>
    /^[A-Za-z0-9_-]{43}$/.test(text) ? { value: text } : { message: 'must be the token of a link' },
}

/** A code of an authenticator app, or a recovery code. */
export const code: TextField = {
  schema: { type: 'string', minLength: 1, maxLength: 40 },
  read: (text) => (text.length >= 1 && text.length <= 40 ? { value: text } : { message: 'must be a code' }),
}

/** The id of a row. */
export const uuid: TextField = {
  schema: { type: 'string', format: 'uuid' },
  read: (text) =>
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
      ? { value: text }
      : { message: 'must be a UUID' },
}

/** An input whose fields are texts. */
export type TextInput<Name extends string> = Readonly<Record<Name, string>>

/** Returns the schema of an input whose fields are texts, all required. */
export function textInput<Name extends string>(
  fields: Readonly<Record<Name, TextField>>,
): Schema<TextInput<Name>, TextInput<Name>> {
  const entries = Object.entries(fields) as [Name, TextField][]
  const json: JsonSchema = {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, { schema }]) => [name, schema])),
    required: entries.map(([name]) => name),
    additionalProperties: false,
  }
  return {
    '~standard': {
      version: 1,
      vendor: 'holdfast',
      validate: (given) => readFields(entries, given),
      jsonSchema: { input: () => json, output: () => json },
    },
  }
}

type Read<Name extends string> =
  | { readonly value: Readonly<Record<Name, string>> }
  | { readonly issues: readonly { readonly message: string; readonly path: readonly string[] }[] }

function readFields<Name extends string>(entries: readonly [Name, TextField][], given: unknown): Read<Name> {
  if (typeof given !== 'object' || given === null)
    return { issues: [{ message: 'must be an object', path: [] }] }
  const values: Partial<Record<Name, string>> = {}
  const issues: { message: string; path: readonly string[] }[] = []
  for (const [name, { read }] of entries) {
    const text: unknown = (given as Readonly<Record<string, unknown>>)[name]
    const result = typeof text === 'string' ? read(text) : { message: 'must be a text' }
    if ('value' in result) values[name] = result.value
    else issues.push({ message: result.message, path: [name] })
  }
  const unknown = Object.keys(given).filter((name) => !entries.some(([known]) => known === name))
  issues.push(...unknown.map((name) => ({ message: 'is unknown', path: [name] })))
  return issues.length > 0 ? { issues } : { value: values as Readonly<Record<Name, string>> }
}

/** Returns an address in the form by which accounts are found. */
export function emailKeyOf(address: string): string {
  return address.toLowerCase()
}
