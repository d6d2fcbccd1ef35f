import type { Mode, ServiceHost } from './service-host.ts'
import type { SecretChanges } from './secret-changes.ts'
import type { phantom } from '../base/phantom.ts'

/** A setting, as described in documentation and errors. */
export interface SettingDescription {
  /** The name of the environment variable. */
  readonly name: string
  readonly description: string
  /** The valid values, in words: `an integer from 0 to 65535`. */
  readonly valid: string
  /** The default value; `undefined` if the setting is required. */
  readonly default: string | undefined
  readonly isSecret: boolean
}

/** The source that settings are read from. */
export interface SettingsSource {
  /** Environment variables. An empty variable counts as not set. */
  readonly env: ServiceHost['env']
  readonly mode: Mode
  /**
   * Returns the origin of a variable that is not set in the environment itself: `.env`, or a
   * different file.
   */
  readonly originOf?: (name: string) => string | undefined
  /**
   * Returns whether the value of a variable could not be read. That is reported elsewhere, so the
   * variable is not reported as missing.
   */
  readonly isUnreadable?: (name: string) => boolean
  /** The secrets that may change later. Default: none changes. */
  readonly secretChanges?: SecretChanges
}

/** A program's settings, read from its environment: the port that `settings()` implements. */
export interface Settings<Values> {
  readonly descriptions: readonly SettingDescription[]
  /** Returns all issues of the settings, one or two sentences each. */
  check(source: SettingsSource): Promise<readonly string[]>
  /**
   * Returns the values.
   *
   * @throws HoldfastError `configuration-invalid` that lists all issues.
   */
  read(source: SettingsSource): Promise<Values>
  /** Type-only property; never set at run time. */
  readonly [phantom]?: Values
}

/** The settings of a program without settings. */
export type NoSettings = Readonly<Record<never, never>>
