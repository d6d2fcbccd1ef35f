import type { OutputOf, Schema } from '../kernel/schema.ts'
import type { Secret } from './secret.ts'

/** Options of {@link setting}. */
export interface SettingOptions {
  /** What it is for, in a sentence. */
  readonly description: string
  /** Its text where nobody sets it. Without one it has to be set, unless it is optional or its schema says what it is then. */
  readonly default?: string
  /** What stands for the default in the documentation, where that depends on something. */
  readonly defaultDescription?: string
  /**
   * Whether it may be left out, and its value is then `undefined`: always, or anywhere but in production. Default: it may not, where
   * neither it nor its schema has a default.
   */
  readonly optional?: true | 'outside production'
  /** Whether it is a secret: its value is a {@link Secret}, and no message shows it. Default false. */
  readonly secret?: boolean
}

/** The declaration of a setting. */
export interface Setting<Value = unknown> extends SettingOptions {
  readonly schema: Schema
  /** Never there; carries the type. */
  readonly types?: Value
}

/** The value of a setting whose schema gives `T`, by its options. */
type ValueOf<T, O> =
  | (O extends { readonly secret: true } ? Secret<Exclude<T, undefined>> | Extract<T, undefined> : T)
  | (O extends { readonly optional: true | 'outside production' } ? undefined : never)

/**
 * Declares a setting: `setting(wholeNumber({ min: 1, max: 50 }), { description: 'How many at once.', default: '5' })`. The schema is any
 * Standard Schema; the text of the variable is read as the schema means it, a list by its commas.
 */
export function setting<S extends Schema, const O extends SettingOptions>(
  schema: S,
  options: O,
): Setting<ValueOf<OutputOf<S>, O>> {
  return { ...options, schema }
}
