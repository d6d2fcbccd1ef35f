import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/**
 * Records that a consumer has consumed a message. Affects no row if the consumer had already
 * consumed it.
 */
export function consume(
  service: string,
  consumer: string,
  message: string,
): Required<Pick<Statement, 'text' | 'values'>> {
  return {
    text: `
      insert into holdfast.inbox (service, consumer, message_id) values ($1, $2, $3)
      on conflict do nothing`,
    values: [service, consumer, message],
  }
}
