import type { Schema } from '../../kernel/schema/schema.ts'
import type { JsonSchema } from '../../kernel/schema/json-schema.ts'

/** A response of an authenticator, as `credential.toJSON()` returns it in a browser. */
export interface CredentialJson {
  /** The id of the credential, in base64url. */
  readonly id: string
  readonly rawId: string
  readonly type: string
  readonly response: Readonly<Record<string, unknown>>
  readonly clientExtensionResults?: object
  readonly authenticatorAttachment?: string
}

/** An input with the response of an authenticator. */
export interface CredentialInput {
  readonly credential: CredentialJson
}

/** An input with the response of an authenticator, and the name of the new passkey. */
export interface NamedCredentialInput extends CredentialInput {
  /** The name by which the owner knows the passkey: `Laptop`. */
  readonly name: string
}

// Longer than every response of an authenticator that is known.
const maxTextLength = 16_384
const maxNameLength = 100
// The spec limits ids to 1,023 bytes.
const maxIdLength = 1_400

const credentialSchema: JsonSchema = {
  type: 'object',
  description: 'The response of `navigator.credentials`, as `toJSON()` returns it.',
  required: ['id', 'rawId', 'type', 'response'],
  properties: {
    id: { type: 'string', maxLength: maxIdLength },
    rawId: { type: 'string', maxLength: maxIdLength },
    type: { const: 'public-key' },
    response: { type: 'object' },
    clientExtensionResults: { type: 'object' },
    authenticatorAttachment: { type: 'string' },
  },
}

type Issue = { readonly message: string; readonly path: readonly string[] }

/** The schema of {@link CredentialInput}. */
export const credentialInput: Schema<CredentialInput, CredentialInput> = schemaOf<CredentialInput>(
  { credential: credentialSchema },
  (given) => issuesOf(given['credential']),
)

/** The schema of {@link NamedCredentialInput}. */
export const namedCredentialInput: Schema<NamedCredentialInput, NamedCredentialInput> =
  schemaOf<NamedCredentialInput>(
    { credential: credentialSchema, name: { type: 'string', minLength: 1, maxLength: maxNameLength } },
    (given) => [
      ...issuesOf(given['credential']),
      ...(isName(given['name'])
        ? []
        : [{ message: `must be a text of 1 to ${maxNameLength} characters`, path: ['name'] }]),
    ],
  )

/** Returns true if a value is the name of a passkey. */
export function isName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.trim() !== '' &&
    value.length <= maxNameLength &&
    value.isWellFormed() &&
    !/\p{Cc}/u.test(value)
  )
}

function schemaOf<Input>(
  properties: Readonly<Record<string, JsonSchema>>,
  issuesIn: (given: Readonly<Record<string, unknown>>) => readonly Issue[],
): Schema<Input, Input> {
  const json: JsonSchema = {
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  }
  return {
    '~standard': {
      version: 1,
      vendor: 'holdfast',
      validate(given) {
        if (typeof given !== 'object' || given === null)
          return { issues: [{ message: 'must be an object', path: [] }] }
        const issues = issuesIn(given as Readonly<Record<string, unknown>>)
        return issues.length > 0 ? { issues } : { value: given as Input }
      },
      jsonSchema: { input: () => json, output: () => json },
    },
  }
}

function issuesOf(credential: unknown): readonly Issue[] {
  const issue = (message: string, ...path: string[]): Issue => ({ message, path: ['credential', ...path] })
  if (typeof credential !== 'object' || credential === null) return [issue('must be an object')]
  const { id, rawId, type, response } = credential as Readonly<Record<string, unknown>>
  const isId = (value: unknown): boolean =>
    typeof value === 'string' && value.length <= maxIdLength && /^[A-Za-z0-9_-]+$/.test(value)
  const isResponse =
    typeof response === 'object' &&
    response !== null &&
    Object.values(response).every((value) => typeof value !== 'string' || value.length <= maxTextLength)
  return [
    ...(isId(id) && id === rawId ? [] : [issue('must be the id of a credential', 'id')]),
    ...(type === 'public-key' ? [] : [issue('must be "public-key"', 'type')]),
    ...(isResponse ? [] : [issue('must be the response of an authenticator', 'response')]),
  ]
}
