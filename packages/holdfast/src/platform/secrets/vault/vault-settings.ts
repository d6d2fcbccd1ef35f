import type { Settings } from '../../../kernel/host/settings.ts'
import { settings } from '../../settings/create-settings.ts'
import { text, url } from '../../settings/schemas.ts'
import type { Secret } from '../../settings/secret.ts'
import { setting } from '../../settings/setting.ts'

/** The values of {@link vaultSettings}. */
export interface VaultValues {
  readonly VAULT_ADDR: string
  readonly VAULT_NAMESPACE: string | undefined
  readonly VAULT_CACERT: string | undefined
  readonly VAULT_TOKEN: Secret<string> | undefined
  readonly VAULT_ROLE_ID: string | undefined
  readonly VAULT_SECRET_ID: Secret<string> | undefined
  readonly VAULT_KUBERNETES_ROLE: string | undefined
  readonly VAULT_KUBERNETES_TOKEN_PATH: string
  readonly VAULT_AUTH_MOUNT: string | undefined
}

/** The settings of Vault. The names of Vault's own command are used, if it has them. */
export const vaultSettings: Settings<VaultValues> = settings<VaultValues>({
  VAULT_ADDR: setting(url('https', 'http'), {
    description: 'Address of Vault: https://vault.example:8200.',
  }),
  VAULT_NAMESPACE: setting(text(), {
    description: 'Namespace of all paths in Vault Enterprise.',
    optional: true,
  }),
  VAULT_CACERT: setting(text(), {
    description: 'Path of the authority that signed the certificate of Vault, in PEM.',
    optional: true,
    defaultDescription: 'the authorities that Node trusts',
  }),
  VAULT_TOKEN: setting(text(), {
    description: 'Token for Vault. It is renewed. VAULT_TOKEN_FILE is read again before each request.',
    secret: true,
    optional: true,
  }),
  VAULT_ROLE_ID: setting(text(), { description: 'Role id for a sign-in with AppRole.', optional: true }),
  VAULT_SECRET_ID: setting(text(), {
    description: 'Secret id for a sign-in with AppRole.',
    secret: true,
    optional: true,
  }),
  VAULT_KUBERNETES_ROLE: setting(text(), {
    description: 'Role for a sign-in with the service account of a Kubernetes pod.',
    optional: true,
  }),
  VAULT_KUBERNETES_TOKEN_PATH: setting(text(), {
    description: 'Path of the token of the service account. Read again for each sign-in.',
    default: '/var/run/secrets/kubernetes.io/serviceaccount/token',
  }),
  VAULT_AUTH_MOUNT: setting(text(), {
    description: 'Mount path of the sign-in method in Vault.',
    optional: true,
    defaultDescription: 'approle or kubernetes',
  }),
})
