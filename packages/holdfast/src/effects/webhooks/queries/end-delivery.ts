import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** Records the final state of a delivery: there are no more attempts. */
export function endDelivery(id: string, state: 'delivered' | 'failed'): Statement {
  return {
    text: 'update holdfast.webhook_deliveries set state = $2, ended_at = now() where id = $1',
    values: [id, state],
  }
}
