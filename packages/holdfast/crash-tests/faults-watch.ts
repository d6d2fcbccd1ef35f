import type { Watch } from '../test/cutting-proxy.ts'

/** Counts the statements that failed in Postgres, by statement and SQLSTATE: `COMMIT 57014`. */
export interface FaultsWatch {
  readonly watch: Watch
  readonly counts: ReadonlyMap<string, number>
}

interface Session {
  /** The texts of prepared statements, by name. */
  readonly prepared: Map<string, string>
  bound: string
  /** Statements that were sent and do not have a complete response yet. */
  readonly pending: string[]
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
    watch({ type, bytes }, sender, connection) {
      const session: Session = sessions.get(connection) ?? { prepared: new Map(), bound: '', pending: [] }
      sessions.set(connection, session)
      const [first = '', second = ''] = bytes.toString('utf8', 5).split('\0', 2)
      if (sender === 'frontend') {
        if (type === 'Q') session.pending.push(first)
        else if (type === 'P') session.prepared.set(first, second)
        else if (type === 'B') session.bound = session.prepared.get(second) ?? ''
        else if (type === 'S') session.pending.push(session.bound)
      } else if (type === 'E') {
        for (const kind of kindsOf(session.pending[0] ?? '', fieldsOf(bytes))) count(kind)
      } else if (type === 'Z') session.pending.shift()
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
