import type { Settings } from '../../kernel/host/settings.ts'
import type { Schema } from '../../kernel/schema/schema.ts'
import { settings } from '../settings/create-settings.ts'
import type { Secret } from '../settings/secret.ts'
import { setting } from '../settings/setting.ts'

interface SecretKeyValues {
  readonly SECRET_KEYS: Secret<string> | undefined
}

/** The valid values of the setting, in words. */
export const validSecretKeys =
  'keys of at least 32 random bytes in base64, all different, separated by commas'

/** The environment variable with the secret keys. */
export const secretKeySettings: Settings<SecretKeyValues> = settings<SecretKeyValues>({
  SECRET_KEYS: setting(secretKeyList(), {
    description:
      'Keys that encrypt and sign secrets in the database. The first key is used for new data, and all keys are used to read data.',
    secret: true,
    optional: true,
    defaultDescription:
      'in development, a key that is created in .holdfast/secret-keys; in production, required by features that need it',
  }),
})

const minBytes = 32
/** A random key contains at least this many different bytes, except for one key in 10^20. */
const minDifferentBytes = 16

/** Returns the keys in a value of `SECRET_KEYS`; `undefined` if a key is invalid. */
export function parseSecretKeys(text: string): readonly Buffer[] | undefined {
  const parts = text.split(',').map((part) => part.trim())
  // Both alphabets are accepted: `openssl rand -base64 32` prints standard base64.
  if (!parts.every((part) => /^[A-Za-z0-9+/_-]+={0,2}$/.test(part))) return undefined
  const keys = parts.map((part) => Buffer.from(part, 'base64'))
  const areStrong = keys.every((key) => key.length >= minBytes && new Set(key).size >= minDifferentBytes)
  const areDifferent = new Set(keys.map((key) => key.toString('hex'))).size === keys.length
  return areStrong && areDifferent ? keys : undefined
}

function secretKeyList(): Schema<string, string> {
  const jsonSchema = { type: 'string', 'x-valid': validSecretKeys }
  return {
    '~standard': {
      version: 1,
      vendor: 'holdfast',
      validate: (given) =>
        typeof given === 'string' && parseSecretKeys(given)
          ? { value: given }
          : { issues: [{ message: `It must be ${validSecretKeys}.` }] },
      jsonSchema: { input: () => ({ ...jsonSchema }), output: () => ({ ...jsonSchema }) },
    },
  }
}
