import type { Settings } from '../../kernel/host/settings.ts'
import type { Schema } from '../../kernel/schema/schema.ts'
import { settings } from '../../platform/settings/create-settings.ts'
import type { Secret } from '../../platform/settings/secret.ts'
import { setting } from '../../platform/settings/setting.ts'

/** The environment variable with the development key. */
export const variable = 'HOLDFAST_DEV_KEY'

/** The beginning of a development key, before an underscore. */
export const prefix = 'hf_dev'

/** The valid values of the setting, in words. */
export const validKey: string = `${prefix}_ and 22 to 100 random letters and digits`

// 22 characters of the alphabet have at least 128 bits if they are random.
const keyForm = /^hf_dev_[0-9A-Za-z]{22,100}$/

/** Returns true if a text has the form of a development key. */
export function isDevelopmentKey(given: string): boolean {
  return keyForm.test(given)
}

interface DevelopmentKeyValues {
  readonly HOLDFAST_DEV_KEY: Secret<string> | undefined
}

/** The setting of services with the identifier `developmentKey`. */
export const developmentKeySettings: Settings<DevelopmentKeyValues> = settings<DevelopmentKeyValues>({
  [variable]: setting(developmentKeyText(), {
    description: 'Development key of a service with the identifier `developmentKey`.',
    secret: true,
    optional: true,
    defaultDescription:
      'in development, a key that is created in .holdfast/development-key; must not be set in production',
  }),
})

function developmentKeyText(): Schema<string, string> {
  const jsonSchema = { type: 'string', 'x-valid': validKey }
  return {
    '~standard': {
      version: 1,
      vendor: 'holdfast',
      validate: (given) =>
        typeof given === 'string' && isDevelopmentKey(given)
          ? { value: given }
          : { issues: [{ message: `It must be ${validKey}.` }] },
      jsonSchema: { input: () => ({ ...jsonSchema }), output: () => ({ ...jsonSchema }) },
    },
  }
}
