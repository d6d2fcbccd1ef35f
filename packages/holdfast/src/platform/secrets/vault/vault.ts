import { configurationInvalid } from '../../../kernel/base/configuration-invalid.ts'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { OpenSecretManager, ReadSecretOptions, SecretManager, StoredSecret } from '../secret-manager.ts'
import { VaultClient, type VaultAnswer, VaultRefusal, type VaultRequest } from './vault-client.ts'
import { type VaultLease, VaultLeases } from './vault-leases.ts'
import { chooseLogin } from './vault-login.ts'
import { vaultSettings } from './vault-settings.ts'
import { VaultToken } from './vault-token.ts'

/*
 * A read of a path of Vault:
 *
 *   token: sign in │ still valid │ renew │ sign in again (max age)
 *     │
 *     ├─▶ leased path: still valid │ renew │ read again (max age, other token, refused value)
 *     └─▶ other path: read
 *
 * A 403 may come from a token that was revoked: the process signs in again and repeats the read
 * once.
 */

/**
 * Reads secrets from HashiCorp Vault or OpenBao: `vault:secret/data/shop#bank-key`. The path is
 * that of Vault's HTTP API without `/v1/`. Variables such as `VAULT_ADDR` configure the access.
 *
 * @example
 * ```ts no-run
 * await serve(shop, { secrets: [vault()] })
 * ```
 */
export function vault(): SecretManager {
  return {
    scheme: 'vault',
    settings: vaultSettings,
    async open(host) {
      const values = await vaultSettings.read(host)
      requireEncryption(values.VAULT_ADDR, host.mode)
      const client = new VaultClient({
        address: values.VAULT_ADDR,
        namespace: values.VAULT_NAMESPACE,
        caFile: values.VAULT_CACERT,
      })
      return new Vault(client, new VaultToken(client, chooseLogin(values, host)))
    },
  }
}

function requireEncryption(address: string, mode: string): void {
  const { protocol, hostname } = new URL(address)
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  if (mode !== 'production' || protocol === 'https:' || isLocal) return
  throw configurationInvalid([
    `VAULT_ADDR is ${new URL(address).origin}, another machine, without encryption: an attacker on the network could read all secrets. Use https, and VAULT_CACERT for a private authority.`,
  ])
}

const closeTimeoutMs = 400

class Vault implements OpenSecretManager {
  readonly #client: VaultClient
  readonly #token: VaultToken
  readonly #leases = new VaultLeases()

  constructor(client: VaultClient, token: VaultToken) {
    this.#client = client
    this.#token = token
  }

  async read(path: string, { signal, isRefused }: ReadSecretOptions): Promise<StoredSecret> {
    // Renews the token in time, even if all leases are fresh.
    await this.#token.current(signal)
    const lease = isRefused ? undefined : await this.#currentLease(path, signal)
    if (lease) return this.#leased(lease)
    const answer = await this.#send({ method: 'GET', path, signal })
    const issued = this.#leases.keep(path, answer, this.#token.generation)
    if (issued) return this.#leased(issued)
    const fields = fieldsOf(answer)
    if (fields) return { fields, refreshAfterMs: this.#token.renewAfterMs }
    throw new HoldfastError('secret-unreadable', `Vault has no data at ${path}, or it was deleted.`)
  }

  async close(): Promise<void> {
    await this.#token.revoke(AbortSignal.timeout(closeTimeoutMs))
  }

  #leased(lease: VaultLease): StoredSecret {
    const { fields } = lease
    const refreshAfterMs = Math.min(this.#leases.renewAfterMs(lease), this.#token.renewAfterMs)
    return { fields, refreshAfterMs }
  }

  /** Returns the lease of a path, renewed if necessary; `undefined` if a new lease is needed. */
  async #currentLease(path: string, signal: AbortSignal): Promise<VaultLease | undefined> {
    const lease = this.#leases.find(path)
    if (!lease || lease.generation !== this.#token.generation) return undefined
    if (this.#leases.isFresh(lease)) return lease
    if (!lease.isRenewable) return undefined
    try {
      const body = { lease_id: lease.id, increment: lease.seconds }
      const renewed = await this.#send({ method: 'PUT', path: 'sys/leases/renew', body, signal })
      return this.#leases.extend(path, lease, renewed)
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof VaultRefusal && error.code === 'secret-unreadable') return undefined
      throw error
    }
  }

  async #send(request: Omit<VaultRequest, 'token'>): Promise<VaultAnswer> {
    const token = await this.#token.current(request.signal)
    try {
      return await this.#client.send({ ...request, token })
    } catch (error) {
      if (!(error instanceof VaultRefusal) || error.status !== 403) throw error
      const next = await this.#token.replace(token, request.signal)
      if (next === token) throw error
      return this.#client.send({ ...request, token: next })
    }
  }
}

/**
 * Returns the fields of a secret. The KV engine, version 2, wraps them with metadata; a deleted
 * version has `null` instead.
 */
function fieldsOf({ data }: VaultAnswer): Readonly<Record<string, unknown>> | undefined {
  if (!data) return undefined
  const isVersioned = 'metadata' in data && 'data' in data
  const fields = isVersioned ? data['data'] : data
  return typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>) : undefined
}
