import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { SigningKey, SigningKeys } from '../../kernel/pages/signing-keys.ts'
import { limitedWork } from '../../kernel/host/work.ts'
import type { CapabilityHost, DatabaseCapability } from '../capability/database-capability.ts'
import type { Pool } from '../postgres/pool/pool.ts'
import type { Statement } from '../postgres/statement/statement.ts'
import { withConnection } from '../postgres/pool/with-connection.ts'
import { signingKeyMigrations } from './migrations.ts'

interface KeyRow {
  readonly id: number
  readonly value: Buffer
}

const timeoutMs = 30_000
/** Max number of keys, including the current key: bookmarked cursors should expire eventually. */
const keptKeys = 8

/** The keys that sign the cursors of pages. */
export const signingKeysCapability: DatabaseCapability<CapabilityHost> = {
  migrations: signingKeyMigrations,
  open: async ({ pools }) => ({ signingKeys: await openSigningKeys(pools.write) }),
}

/**
 * Opens the signing keys, which are stored in the database and shared by all processes that use the
 * database.
 *
 * @throws HoldfastError `secret-missing`.
 */
async function openSigningKeys(pool: Pool): Promise<SigningKeys> {
  let keys = await readKeys(pool)
  return {
    get keys() {
      return keys
    },
    async refresh() {
      keys = await readKeys(pool)
      return keys
    },
  }
}

async function readKeys(pool: Pool): Promise<readonly SigningKey[]> {
  const { rows } = await withConnection(pool, limitedWork(timeoutMs), (connection) =>
    connection.run<KeyRow>(selectKeys),
  )
  if (rows.length > 0) return rows.map(({ id, value }) => ({ id, secret: value }))
  throw new HoldfastError(
    'secret-missing',
    "The database has no secret to sign cursors with: the row 'cursor' of holdfast.secrets was deleted. Insert a row with 32 random bytes.",
  )
}

const selectKeys: Statement = {
  text: `select id, value from holdfast.secrets where name = 'cursor' order by created_at desc, id desc`,
}

/** A client that runs a statement: a pool or client of `pg`. */
export interface KeyClient {
  query(text: string): Promise<{ readonly rows: readonly unknown[] }>
}

/**
 * Creates a new cursor signing key for all services on a database and returns its id. A cursor that
 * was signed with an earlier key stays valid until that key has been deleted from
 * `holdfast.secrets`, or until eight newer keys have been created. A process picks up the new key
 * when it receives a cursor that another process signed with it, or when it restarts.
 *
 * @example
 * ```ts
 * const id = await rotateCursorKey(pool)
 * ```
 */
export async function rotateCursorKey(client: KeyClient): Promise<number> {
  const { rows } = await client.query(`
    with keys as (
      select id, row_number() over (order by created_at desc, id desc) as age
      from holdfast.secrets where name = 'cursor'
    ), forgotten as (
      delete from holdfast.secrets
      where name = 'cursor' and id in (select id from keys where age >= ${keptKeys})
    )
    insert into holdfast.secrets (name, id, value)
    select 'cursor', (select (coalesce(max(id), 0) + 1) % 256 from (
        select id from keys where age = 1
      ) as newest),
      decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
    returning id`)
  return (rows[0] as { readonly id: number }).id
}
