import { type VaultAuth, type VaultClient, VaultRefusal } from './vault-client.ts'
import type { VaultLogin } from './vault-login.ts'

/** The part of its lifetime after which a token or a lease is renewed. */
export const renewalFraction: number = 2 / 3

/** The token of this process. It signs in, renews the token, and signs in again at its max age. */
export class VaultToken {
  readonly #client: VaultClient
  readonly #login: VaultLogin
  readonly #nowMs: () => number
  #auth: VaultAuth | undefined
  #grantedSeconds = 0
  #renewAtMs = Infinity
  #generation = 0
  #pending: Promise<string> | undefined

  constructor(client: VaultClient, login: VaultLogin, nowMs: () => number = () => performance.now()) {
    this.#client = client
    this.#login = login
    this.#nowMs = nowMs
  }

  /**
   * A number that changes with each sign-in. Leases belong to the token of their sign-in: Vault
   * revokes them with this token.
   */
  get generation(): number {
    return this.#generation
  }

  /** Time until the token has to be renewed, in milliseconds. */
  get renewAfterMs(): number {
    return Math.max(0, this.#renewAtMs - this.#nowMs())
  }

  /** Returns a valid token. */
  current(signal: AbortSignal): Promise<string> {
    this.#pending ??= this.#obtain(signal).finally(() => (this.#pending = undefined))
    return this.#pending
  }

  /**
   * Returns a valid token after Vault has refused a request: the same token, if Vault still knows
   * it, so that only the path was refused.
   */
  async replace(refused: string, signal: AbortSignal): Promise<string> {
    if (this.#auth?.client_token === refused && !(await this.#isKnown(refused, signal)))
      this.#auth = undefined
    return this.current(signal)
  }

  async #isKnown(token: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#client.send({ method: 'GET', path: 'auth/token/lookup-self', token, signal })
      return true
    } catch (error) {
      if (error instanceof VaultRefusal && error.status === 403) return false
      throw error
    }
  }

  /** Revokes the token, and so its leases, if this process has created it. */
  async revoke(signal: AbortSignal): Promise<void> {
    const token = this.#auth?.client_token
    if (!this.#login.isOwn || token === undefined) return
    this.#auth = undefined
    await this.#client.send({ method: 'PUT', path: 'auth/token/revoke-self', token, signal })
  }

  async #obtain(signal: AbortSignal): Promise<string> {
    const auth = this.#auth
    if (auth && !this.#login.isManaged && this.#nowMs() < this.#renewAtMs) return auth.client_token
    const renewed = auth && !this.#login.isManaged && (await this.#renew(auth, signal))
    if (renewed) return renewed
    return this.#accept(await this.#login.signIn(this.#client, signal), true)
  }

  /** Returns `undefined` if the token cannot be renewed any more. */
  async #renew(auth: VaultAuth, signal: AbortSignal): Promise<string | undefined> {
    if (!auth.renewable) return undefined
    try {
      const path = 'auth/token/renew-self'
      const answer = await this.#client.send({ method: 'PUT', path, token: auth.client_token, signal })
      const renewed = answer.auth
      // Near its max age, each renewal of a token is shorter than the last.
      if (!renewed || renewed.lease_duration < this.#grantedSeconds / 2) return undefined
      return this.#accept({ ...renewed, client_token: auth.client_token }, false)
    } catch (error) {
      signal.throwIfAborted()
      if (this.#login.isOwn) return undefined
      throw error
    }
  }

  #accept(auth: VaultAuth, isNew: boolean): string {
    if (isNew && auth.client_token !== this.#auth?.client_token) {
      this.#generation += 1
      this.#grantedSeconds = auth.lease_duration
    }
    this.#auth = auth
    // A lifetime of 0 is unlimited.
    this.#renewAtMs =
      auth.lease_duration > 0 ? this.#nowMs() + auth.lease_duration * 1_000 * renewalFraction : Infinity
    return auth.client_token
  }
}
