import type { BackgroundDefinition } from '../background/collect-background.ts'
import type { Checks, HealthDefinition } from './check.ts'
import type { CorsDefinition } from './cors.ts'
import type { Database } from './database.ts'
import type { ModuleExports } from './module-exports.ts'
import type { Mutation, Query } from '../operation/operation.ts'
import type { SecuritySchemes } from '../operation/security-scheme.ts'
import type { NoSettings, Settings } from '../host/settings.ts'
import type { Identifier } from '../operation/identifier.ts'

/** Operations by their names in the service. */
export type Operations = Readonly<Record<string, Query | Mutation>>

/** The definition of a service. `Values` is the type of the settings of its application. */
export interface ServiceDefinition<
  Exports extends ModuleExports,
  Values = NoSettings,
> extends BackgroundDefinition {
  /** The name in logs and documentation. */
  readonly name: string
  /** The API version, for the documentation. Default `'0.0.0'`. */
  readonly version?: string
  /** The purpose of the service, in Markdown, for the documentation. Default: none. */
  readonly description?: string
  /**
   * Every operation by name: `{ ...accounts, ...transfers }`, the exports of the modules that
   * define them. Schemas, problems and events among the exports are ignored.
   */
  readonly operations: Exports
  /**
   * Checks of dependencies other than the database, which has its own check:
   * `{ 'payments-api': { run: … } }`. Default: none.
   */
  readonly checks?: Checks
  /**
   * Access to details in the health endpoints. Default: every caller sees the details in
   * development and tests, and no caller in production.
   */
  readonly health?: HealthDefinition
  /**
   * The other origins whose pages may read responses, such as a web application on a different
   * host. Default: none, so that browsers only let pages of the service itself read them.
   */
  readonly cors?: CorsDefinition<Values>
  /**
   * Names of fields whose values are hidden in logs and traces, at any depth, ignoring case and
   * separators. They are added to the built-in names (`password`, `token`, …) and to the fields
   * whose schema has `redact: true` in its metadata. Default: none.
   */
  readonly redact?: readonly string[]
  /**
   * Base URL of the problem documentation: the part of a problem's `type` before its code, ending
   * in a slash. Default `/problems/`, where the service serves a page for each problem.
   */
  readonly problemTypeBase?: string
}

/** The parts that a service shares with all services of its application. */
export interface ServiceParts {
  /** The file and line of the definition. */
  readonly definedAt: string
  readonly database: Database<unknown, unknown> | undefined
  readonly identifiers: readonly Identifier[]
  readonly settings: Settings<unknown> | undefined
  readonly securitySchemes: SecuritySchemes
  /** True if the application sets `securitySchemes` although its identifiers declare their own. */
  readonly hasUnusedSchemes: boolean
}
