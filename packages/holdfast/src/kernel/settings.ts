import type { Mode, Surroundings } from './surroundings.ts'

/** A setting, for whoever sets it. */
export interface SettingDescription {
  /** The environment variable. */
  readonly name: string
  readonly description: string
  /** What it may be, in words: `a whole number from 0 to 65535`. */
  readonly valid: string
  /** What it is where nobody sets it; `undefined` where it has to be set. */
  readonly default: string | undefined
  readonly isSecret: boolean
}

/** What settings are read from. */
export interface SettingsSource {
  /** Environment variables. An empty one counts as not set. */
  readonly env: Surroundings['env']
  readonly mode: Mode
  /** Where a variable comes from, where that is not the environment itself: `.env`, or a file. */
  readonly originOf?: (name: string) => string | undefined
}

/** What a program is configured with from its environment: the port that `settings()` implements. */
export interface Settings<Values> {
  readonly descriptions: readonly SettingDescription[]
  /** All that is wrong with them, in a sentence or two each. */
  check(source: SettingsSource): Promise<readonly string[]>
  /**
   * Their values.
   *
   * @throws HoldfastError `configuration-invalid` that lists all of what is wrong.
   */
  read(source: SettingsSource): Promise<Values>
  /** Never there; carries the type. */
  readonly types?: Values
}

/** The settings of a program that has none. */
export type NoSettings = Readonly<Record<never, never>>
