import type { ServiceHost } from '../../kernel/host/service-host.ts'
import type { Settings } from '../../kernel/host/settings.ts'

/** The part of the environment that a secret manager is opened with. */
export type SecretManagerHost = Pick<ServiceHost, 'env' | 'mode'>

/** Options of a read. */
export interface ReadSecretOptions {
  /** Aborts the read at its timeout, or when the process stops. */
  readonly signal: AbortSignal
  /**
   * True if a system has refused the last value, such as Postgres a password. A manager that keeps
   * values, such as leased credentials, then has to get new ones.
   */
  readonly isRefused: boolean
}

/** A secret, as the manager stores it. */
export interface StoredSecret {
  /** The whole secret; `undefined` if the secret consists only of fields. */
  readonly text?: string | undefined
  /** The fields of the secret, which references name after `#`. Default: none. */
  readonly fields?: Readonly<Record<string, unknown>>
  /**
   * Max time until the secret is read again, in milliseconds, for a value that expires. Default:
   * `SECRETS_REFRESH`.
   */
  readonly refreshAfterMs?: number | undefined
}

/** A secret manager in use. */
export interface OpenSecretManager {
  /**
   * Reads a secret. `path` is the part of a reference between its first colon and its `#`.
   *
   * Throw a HoldfastError `secret-unreadable` if a retry cannot help: the secret does not exist, or
   * access is denied. A read that fails with any other error is retried. Messages are logged, so
   * they must not contain secrets.
   */
  read(path: string, options: ReadSecretOptions): Promise<StoredSecret>
  /** Releases what the manager holds. Called after the service has stopped. */
  close?(): Promise<void>
}

/** A secret manager: the port that `vault()` and `awsSecretsManager()` implement. */
export interface SecretManager {
  /** The part of a reference before its first colon: lower-case letters, digits and hyphens. */
  readonly scheme: string
  /**
   * The settings that the manager reads from the environment. They are checked with all other
   * settings, if a reference names the manager.
   */
  readonly settings?: Settings<unknown>
  /** Opens the manager. Called only if a reference names the manager. */
  open(host: SecretManagerHost): Promise<OpenSecretManager>
}
