import { toLogFields, type Logger } from '../../kernel/base/log.ts'
import { limitedWork } from '../../kernel/host/work.ts'
import type { Pool } from '../postgres/pool/pool.ts'
import { describeStatement } from '../postgres/statement/statement-text.ts'
import { describeHandler, type GuardedHandler } from './guarded-handler.ts'
import { findUnbounded, type UniqueKeys } from './find-unbounded.ts'
import { readUniqueKeys, type UniqueKeyRow } from './queries/read-unique-keys.ts'
import { withConnection } from '../postgres/pool/with-connection.ts'

const timeoutMs = 10_000
const maxSeen = 5_000

/**
 * Detects statements that may read an unlimited number of rows, and logs each statement once. The
 * checks run in the background.
 */
export class UnboundedReads {
  readonly #pool: Pool
  readonly #seen = new Set<string>()
  readonly #looking = new Set<Promise<void>>()
  #keys: Promise<UniqueKeys> | undefined

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /**
   * Checks a statement in the background, unless it was already checked or its operation sets
   * `maxRows` explicitly.
   */
  look(text: string, handler: GuardedHandler, log: Logger): void {
    if (handler.hasExplicitMaxRows || this.#seen.has(text) || this.#seen.size >= maxSeen) return
    this.#seen.add(text)
    const looking = this.#check(text, handler, log).catch((error: unknown) =>
      log.debug({ error: toLogFields(error) }, 'could not analyze a statement for unbounded reads'),
    )
    this.#looking.add(looking)
    void looking.finally(() => this.#looking.delete(looking))
  }

  async #check(text: string, handler: GuardedHandler, log: Logger): Promise<void> {
    // The parser is loaded on first use: it is 1.5 MB of WebAssembly.
    const { parse } = await import('libpg-query')
    const tables = findUnbounded(await parse(text), await (this.#keys ??= this.#readKeys()))
    if (tables.length === 0) return
    const statement = describeStatement(text, false).text
    log.warn(
      { code: 'query-unbounded', statement, tables: tables.join(', ') },
      `${describeHandler(handler)} may read any number of rows of ${tables.join(' and ')}: ${statement}. Add a LIMIT, return pages, or set maxRows of the operation.`,
    )
  }

  async #readKeys(): Promise<UniqueKeys> {
    const work = limitedWork(timeoutMs)
    const { rows } = await withConnection(this.#pool, work, (connection) =>
      connection.run<UniqueKeyRow>(readUniqueKeys()),
    )
    const keys = new Map<string, (readonly string[])[]>()
    for (const { schema, table, isVisible, columns } of rows) {
      for (const name of isVisible ? [table, `${schema}.${table}`] : [`${schema}.${table}`])
        keys.set(name, [...(keys.get(name) ?? []), columns])
    }
    return keys
  }

  /** Resolves when all running checks have finished. */
  async close(): Promise<void> {
    await Promise.all(this.#looking)
  }
}
