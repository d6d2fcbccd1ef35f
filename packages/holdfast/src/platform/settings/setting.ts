import type { OutputOf, Schema } from '../../kernel/schema/schema.ts'
import type { Secret } from './secret.ts'
import type { phantom } from '../../kernel/base/phantom.ts'

/** Options of {@link setting}. */
export interface SettingOptions {
  /** The purpose of the setting, in a sentence. */
  readonly description: string
  /**
   * The text used if the variable is not set. Default: none. Without a default, the setting is
   * required, unless it is optional or its schema has a default.
   */
  readonly default?: string
  /**
   * A description of the default for the documentation. Set it if the default depends on other
   * values. Default: the text of `default`.
   */
  readonly defaultDescription?: string
  /**
   * `true` if the variable may always be missing; `'outside production'` if it may be missing
   * except in production. The value of a missing variable is `undefined`. Default: the variable is
   * required, unless the setting or its schema has a default.
   */
  readonly optional?: true | 'outside production'
  /**
   * True if the setting is a secret: its value is a {@link Secret}, and messages never show it.
   * Default false.
   */
  readonly secret?: boolean
}

/** The declaration of a setting. */
export interface Setting<Value = unknown> extends SettingOptions {
  readonly schema: Schema
  /** Type-only property; never set at run time. */
  readonly [phantom]?: Value
}

/**
 * The type of a setting whose schema returns `Value`. The options may add `undefined`, or wrap the
 * value in a {@link Secret}.
 */
type ValueOf<Value, Options> = Options extends { readonly optional: true | 'outside production' }
  ? Visible<Value, Options> | undefined
  : Visible<Value, Options>

type Visible<Value, Options> = Options extends { readonly secret: true }
  ? Secret<Exclude<Value, undefined>> | Extract<Value, undefined>
  : Value

/**
 * Declares a setting:
 * `setting(wholeNumber({ min: 1, max: 50 }), { description: 'How many at once.', default: '5' })`.
 * Accepts any Standard Schema. The text of the variable is converted to the type the schema
 * expects; a list is split at commas.
 *
 * @example
 * ```ts
 * setting(z.int().min(1), { description: 'Number of rows in a report.', default: '20' })
 * setting(text(), { description: 'The key for the bank.', secret: true })
 * setting(url('https'), { description: 'The URL of the bank.', optional: 'outside production' })
 * ```
 */
export function setting<ValueSchema extends Schema, const Options extends SettingOptions>(
  schema: ValueSchema,
  options: Options,
): Setting<ValueOf<OutputOf<ValueSchema>, Options>> {
  return { ...options, schema }
}
