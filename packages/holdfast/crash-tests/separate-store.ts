import type pg from 'pg'
import type { Answer, Database, OpenDatabase } from 'holdfast'
import { openDriverPool } from '../src/storage/postgres/session/driver-client.ts'
import type { WireMessage } from '../test/cutting-proxy.ts'

/**
 * Stores idempotency keys in the conventional way: in a separate store outside the transaction of
 * the effects. A key is looked up before the transaction, and written after it. This is the
 * negative control of the crash tests, which must detect the faults of this store.
 */
export function withSeparateStore<Read, Write>(database: Database<Read, Write>): Database<Read, Write> {
  return {
    name: 'separate store',
    problems: database.problems,
    async open(host) {
      const open = await database.open(host)
      const store = openDriverPool({ connectionString: host.env['DATABASE_URL']!, max: 5 })
      store.on('error', () => {})
      await store.query(
        'create table if not exists separate_store (key text primary key, status int, headers jsonb, body text)',
      )
      return {
        ...open,
        stageFor: separately(open, store),
        close: () => Promise.all([open.close(), store.end()]).then(() => {}),
      }
    },
  }
}

/**
 * Returns true if a client's message stores a key in the separate store, after the commit of the
 * effects.
 */
export function storesRecord({ bytes }: WireMessage): boolean {
  return bytes.includes(storing)
}

const storing = 'insert into separate_store'

function separately(open: OpenDatabase, store: pg.Pool): OpenDatabase['stageFor'] {
  return (operation, settings) => {
    const inner = open.stageFor(operation, settings)
    if (operation.kind === 'query') return inner
    return async (call, next) => {
      const key = call.header('idempotency-key')
      const known = await store.query<Answer>(
        'select status, headers, body from separate_store where key = $1',
        [key],
      )
      if (known.rows[0]) return known.rows[0]
      // The effects commit under a key that no retry uses, as if there were no key.
      const own = crypto.randomUUID()
      const header = (name: string): string | undefined =>
        name === 'idempotency-key' ? own : call.header(name)
      const answer = await inner({ ...call, header }, next)
      const { status, headers, body } = answer
      await store.query(`${storing} values ($1, $2, $3, $4) on conflict do nothing`, [
        key,
        status,
        headers,
        body,
      ])
      return answer
    }
  }
}
