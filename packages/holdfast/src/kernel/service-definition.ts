import type { BackgroundDefinition } from './background-of.ts'
import type { Checks, HealthDefinition } from './check.ts'
import type { Database } from './database.ts'
import type { ModuleExports } from './module-exports.ts'
import type { Operation } from './operation.ts'
import type { SecuritySchemes } from './security-scheme.ts'
import type { Settings } from './settings.ts'
import type { Identify } from './stages/identify.ts'

/** Operations by their names in the service. */
export type Operations = Readonly<Record<string, Operation>>

/** The definition of a service. */
export interface ServiceDefinition<E extends ModuleExports> extends BackgroundDefinition {
  /** In logs and documentation. */
  readonly name: string
  /** The version of its API, for the documentation. Default `'0.0.0'`. */
  readonly version?: string
  /** What it is for, in Markdown, for the documentation. */
  readonly description?: string
  /**
   * Every operation under its name: `{ ...accounts, ...transfers }`, the exports of the modules that define them. Schemas, problems and
   * events among the exports are left out.
   */
  readonly operations: E
  /** What it needs beside its database, which is checked by itself: `{ 'payments-api': { run: … } }`. */
  readonly checks?: Checks
  /** What it says of its health, and to whom. */
  readonly health?: HealthDefinition
  /**
   * Names of fields whose values are never shown in logs and traces, at any depth, without regard to case and separators; beside
   * those that everybody wants hidden (`password`, `token`, …) and those whose schema has `redact: true` in its metadata.
   */
  readonly redact?: readonly string[]
  /**
   * Where the problems are documented: what stands before the code in a problem's `type`, ending in a slash.
   * Default `/problems/`, where the service documents them itself.
   */
  readonly problemBase?: string
}

/** What the service shares with all others of its application. */
export interface ServiceParts {
  /** Where the service is defined. */
  readonly place: string
  readonly database: Database<unknown, unknown> | undefined
  readonly identify: Identify | undefined
  readonly settings: Settings<unknown> | undefined
  readonly securitySchemes: SecuritySchemes
}
