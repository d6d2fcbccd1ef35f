import type { JsonSchema } from '../../kernel/schema/json-schema.ts'
import type { Schema } from '../../kernel/schema/schema.ts'
import { isToken } from '../sessions/session-token.ts'

/** The input of an operation that begins a sign-in. */
export interface BeginInput {
  /** The name of the provider. */
  readonly provider: string
  /** The path to return to. Default `/`. */
  readonly returnTo?: string | undefined
  /** True if the user has to enter their credentials at the provider again. Default false. */
  readonly reauthenticate?: boolean | undefined
  /** The token in the link of a mail that verifies the address of a new account. */
  readonly emailToken?: string | undefined
}

const maxPathLength = 2_000

const properties: Readonly<Record<string, JsonSchema>> = {
  provider: { type: 'string', pattern: '^[a-z0-9-]{1,40}$' },
  returnTo: { type: 'string', maxLength: maxPathLength, description: 'The path to return to.' },
  reauthenticate: {
    type: 'boolean',
    description: 'True if the user has to enter their credentials at the provider again.',
  },
  emailToken: {
    type: 'string',
    pattern: '^[A-Za-z0-9_-]{43}$',
    description: 'The token in the link of a mail that verifies the address of a new account.',
  },
}

const checks: Readonly<Record<string, (value: unknown) => boolean>> = {
  provider: (value) => typeof value === 'string' && /^[a-z0-9-]{1,40}$/.test(value),
  returnTo: (value) => value === undefined || (typeof value === 'string' && value.length <= maxPathLength),
  reauthenticate: (value) => value === undefined || typeof value === 'boolean',
  emailToken: (value) => value === undefined || (typeof value === 'string' && isToken(value)),
}

/** Returns the schema of an input that begins a sign-in, with some of its members. */
export function beginInput<Name extends keyof BeginInput>(
  ...names: readonly ('provider' | Name)[]
): Schema<Pick<BeginInput, 'provider' | Name>, Pick<BeginInput, 'provider' | Name>> {
  const json: JsonSchema = {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, properties[name]!])),
    required: ['provider'],
    additionalProperties: false,
  }
  return {
    '~standard': {
      version: 1,
      vendor: 'holdfast',
      validate(given) {
        if (typeof given !== 'object' || given === null) return { issues: [{ message: 'must be an object' }] }
        const values = given as Readonly<Record<string, unknown>>
        const wrong = names.filter((name) => !checks[name]!(values[name]))
        const unknown = Object.keys(values).filter((name) => !(names as readonly string[]).includes(name))
        const issues = [
          ...wrong.map((name) => ({ message: 'is invalid', path: [name] })),
          ...unknown.map((name) => ({ message: 'is unknown', path: [name] })),
        ]
        return issues.length > 0 ? { issues } : { value: values as unknown as BeginInput }
      },
      jsonSchema: { input: () => json, output: () => json },
    },
  }
}
