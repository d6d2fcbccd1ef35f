import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import type { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { Settings } from '../../kernel/host/settings.ts'
import type { ServiceHost } from '../../kernel/host/service-host.ts'
import { keepSecret } from './keep-secret.ts'
import { parseSecretKeys, validSecretKeys } from './secret-key-settings.ts'
import { SecretKeys } from './secret-keys.ts'

/**
 * Returns the secret keys of a service. Call it when the service starts, so that a service without
 * keys does not start.
 *
 * @param neededBy The feature that needs the keys, for the error: `the sealed answers of signIn`.
 *
 * @throws HoldfastError `configuration-invalid` if there are no keys in production.
 */
export type SecretKeySource = (neededBy: string) => SecretKeys

/** The parts of a host that determine its secret keys. */
export interface SecretKeyHost extends Pick<ServiceHost, 'env' | 'mode' | 'notify' | 'secretChanges'> {
  /** The folder of the development key. Default `.holdfast` in the current folder. */
  readonly folder?: string
}

/**
 * Opens the secret keys of a service. They come from `SECRET_KEYS` if it is set; otherwise, in
 * development, from a file, created if missing, and in tests from a fixed key.
 *
 * @throws HoldfastError `configuration-invalid` if `SECRET_KEYS` is invalid.
 */
export function openSecretKeys(host: SecretKeyHost): SecretKeySource {
  const given = host.env['SECRET_KEYS']
  let keys = given ? new SecretKeys(requireKeys(given, 'SECRET_KEYS')) : undefined
  const inUse = keys
  if (inUse) {
    host.secretChanges?.watch('SECRET_KEYS', async (text) =>
      inUse.prepareReplacement(requireKeys(text, 'SECRET_KEYS')),
    )
  }
  return (neededBy) => (keys ??= defaultKeys(host, neededBy))
}

/**
 * Returns settings that report missing secret keys together with all other errors, before anything
 * is opened or migrated.
 */
export function requiredSecretKeys(neededBy: string): Settings<unknown> {
  return {
    descriptions: [],
    check: async ({ env, mode, isUnreadable }) =>
      mode !== 'production' || env['SECRET_KEYS'] || isUnreadable?.('SECRET_KEYS') === true
        ? []
        : [keysMissingText(neededBy)],
    read: async () => ({}),
  }
}

function defaultKeys({ mode, notify, folder = '.holdfast' }: SecretKeyHost, neededBy: string): SecretKeys {
  if (mode === 'production') throw keysMissing(neededBy)
  if (mode === 'test') return new SecretKeys([Buffer.from(testKey)])
  return new SecretKeys(developmentKeys(join(folder, 'secret-keys'), notify))
}

const testKey = 'The secret key of tests, which protects no secrets.'

/** Returns the keys in a file. Creates the file if it is missing, readable only by its owner. */
function developmentKeys(file: string, notify: SecretKeyHost['notify']): readonly Buffer[] {
  const { text, isNew } = keepSecret(file, () => randomBytes(32).toString('base64url'))
  if (isNew) notify(`A secret key for development was created in ${resolve(file)}.`)
  return requireKeys(text, resolve(file))
}

function requireKeys(text: string, source: string): readonly Buffer[] {
  const keys = parseSecretKeys(text)
  if (keys) return keys
  throw configurationInvalid([
    `${source} is invalid (value hidden, because it is a secret). It must contain ${validSecretKeys}. ${howToCreate}`,
  ])
}

function keysMissing(neededBy: string): HoldfastError {
  return configurationInvalid([keysMissingText(neededBy)])
}

function keysMissingText(neededBy: string): string {
  return `SECRET_KEYS is not set, and is needed by ${neededBy}. It must contain ${validSecretKeys}. ${howToCreate}`
}

const howToCreate = 'Create a key: holdfast secrets generate, or openssl rand -base64 32'
