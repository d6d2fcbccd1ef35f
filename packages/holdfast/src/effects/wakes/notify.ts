import type { Statement } from '../../storage/postgres/statement/statement.ts'
import { encodeWake, type Wake } from './wake.ts'

/** The notification channel, shared by all services on a database. */
export const wakeChannel = 'holdfast_wake'

/** Sends notifications when the transaction commits. */
export function notify(wakes: readonly Wake[]): Statement {
  const calls = wakes.map((_, index) => `pg_notify('${wakeChannel}', $${index + 1})`)
  return {
    name: `holdfast_notify_${wakes.length}`,
    text: `select ${calls.join(', ')}`,
    values: wakes.map(encodeWake),
  }
}

/**
 * Notifies the workers and the leader of a service that jobs with the given name may be runnable
 * again.
 */
export function notifyReturned(service: string, name: string): Statement {
  const names = new Set([name])
  return notify([
    { kind: 'returned', service, names },
    { kind: 'limited', service, names },
  ])
}
