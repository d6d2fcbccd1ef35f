import type { Watch } from '../test/cutting-proxy.ts'

/** Counts the statements that failed in Postgres, by statement and SQLSTATE: `COMMIT 57014`. */
export interface FaultsWatch {
  readonly watch: Watch
  readonly counts: ReadonlyMap<string, number>
}

/** The end of a group of statements, after which the server is ready again. */
const sync = Symbol('sync')

interface Session {
  /** Statements that were sent but have no complete response yet. */
  readonly pending: (string | typeof sync)[]
}

/** Watches sessions through a proxy. */
export function watchFaults(): FaultsWatch {
  const sessions = new WeakMap<object, Session>()
  const counts = new Map<string, number>()

  function count(what: string): void {
    counts.set(what, (counts.get(what) ?? 0) + 1)
  }

  return {
    counts,
    watch({ type, bytes, statement }, sender, connection) {
      const { pending }: Session = sessions.get(connection) ?? { pending: [] }
      sessions.set(connection, { pending })
      if (sender === 'frontend') {
        if (statement !== undefined) pending.push(statement)
        if (type === 'Q' || type === 'S') pending.push(sync)
      } else if (type === 'E') {
        const [failed] = pending
        for (const kind of kindsOf(failed === sync ? '' : (failed ?? ''), fieldsOf(bytes))) count(kind)
      } else if (type === 'C' || type === 'I') {
        // A simple query may contain several statements.
        if (pending[0] !== sync) pending.shift()
      } else if (type === 'Z') pending.splice(0, pending.indexOf(sync) + 1)
    },
  }
}

/** Returns the fields of an error, by their type letters. */
function fieldsOf(bytes: Buffer): ReadonlyMap<string, string> {
  const fields = bytes.toString('utf8', 5).split('\0').filter(Boolean)
  return new Map(fields.map((field) => [field.slice(0, 1), field.slice(1)]))
}

function kindsOf(text: string, fields: ReadonlyMap<string, string>): readonly string[] {
  const statement = /^(?:BEGIN|COMMIT)/.exec(text)?.[0] ?? 'statement'
  const state = fields.get('C') ?? ''
  if (state !== '57014') return [state]
  return fields.get('M')?.includes('statement timeout') === true
    ? ['statement timeout']
    : [`${statement} cancelled`]
}
