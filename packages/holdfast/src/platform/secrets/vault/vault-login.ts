import { readFileSync } from 'node:fs'
import { configurationInvalid } from '../../../kernel/base/configuration-invalid.ts'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { SecretManagerHost } from '../secret-manager.ts'
import type { VaultAuth, VaultClient } from './vault-client.ts'
import type { VaultValues } from './vault-settings.ts'

/** Obtains a token of Vault. */
export interface VaultLogin {
  /** True if the token was created by the sign-in, so that it can be revoked. */
  readonly isOwn: boolean
  /** True if another process keeps the token valid, such as Vault Agent. */
  readonly isManaged: boolean
  signIn(client: VaultClient, signal: AbortSignal): Promise<VaultAuth>
}

/**
 * Chooses the sign-in that the environment configures.
 *
 * @throws HoldfastError `configuration-invalid` unless exactly one is configured.
 */
export function chooseLogin(values: VaultValues, { env }: SecretManagerHost): VaultLogin {
  const { VAULT_TOKEN, VAULT_ROLE_ID, VAULT_SECRET_ID, VAULT_KUBERNETES_ROLE } = values
  const chosen = [
    VAULT_TOKEN && 'VAULT_TOKEN',
    VAULT_ROLE_ID && 'VAULT_ROLE_ID',
    VAULT_KUBERNETES_ROLE && 'VAULT_KUBERNETES_ROLE',
  ].filter((name) => name !== undefined)
  if (chosen.length !== 1) {
    throw configurationInvalid([
      `${chosen.length === 0 ? 'No sign-in for Vault is set' : `${chosen.join(' and ')} are set`}. Set one of VAULT_TOKEN (or VAULT_TOKEN_FILE), VAULT_ROLE_ID with VAULT_SECRET_ID, and VAULT_KUBERNETES_ROLE.`,
    ])
  }
  if (VAULT_TOKEN) {
    const file = env['VAULT_TOKEN_FILE']
    return file ? managedToken(file) : givenToken(() => VAULT_TOKEN.reveal())
  }
  const mount = values.VAULT_AUTH_MOUNT
  if (VAULT_KUBERNETES_ROLE) {
    return login(mount ?? 'kubernetes', () => ({
      role: VAULT_KUBERNETES_ROLE,
      jwt: readFile('VAULT_KUBERNETES_TOKEN_PATH', values.VAULT_KUBERNETES_TOKEN_PATH),
    }))
  }
  if (!VAULT_SECRET_ID) {
    throw configurationInvalid([
      'VAULT_ROLE_ID is set, but VAULT_SECRET_ID is not. Set VAULT_SECRET_ID_FILE to a file with the secret id.',
    ])
  }
  const file = env['VAULT_SECRET_ID_FILE']
  return login(mount ?? 'approle', () => ({
    role_id: VAULT_ROLE_ID,
    secret_id: file ? readFile('VAULT_SECRET_ID_FILE', file) : VAULT_SECRET_ID.reveal(),
  }))
}

function login(mount: string, body: () => unknown): VaultLogin {
  return {
    isOwn: true,
    isManaged: false,
    async signIn(client, signal) {
      const { auth } = await client.send({
        method: 'PUT',
        path: `auth/${mount}/login`,
        body: body(),
        signal,
      })
      if (auth) return auth
      throw new HoldfastError('secret-manager-unavailable', 'Vault answered a sign-in without a token.')
    },
  }
}

function givenToken(token: () => string): VaultLogin {
  return {
    isOwn: false,
    isManaged: false,
    async signIn(client, signal) {
      const { data } = await client.send({
        method: 'GET',
        path: 'auth/token/lookup-self',
        token: token(),
        signal,
      })
      return {
        client_token: token(),
        lease_duration: Number(data?.['ttl'] ?? 0),
        renewable: data?.['renewable'] === true,
      }
    },
  }
}

/** The token in a file, such as the sink of Vault Agent, which also renews the token. */
function managedToken(file: string): VaultLogin {
  return {
    isOwn: false,
    isManaged: true,
    signIn: async () => ({
      client_token: readFile('VAULT_TOKEN_FILE', file),
      lease_duration: 0,
      renewable: false,
    }),
  }
}

function readFile(variable: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new HoldfastError(
      'secret-unreadable',
      `${variable} is ${path}, which cannot be read (${(error as NodeJS.ErrnoException).code}).`,
    )
  }
}
