import type { Statement } from '../../postgres/statement.ts'

/** Notes that a consumer consumes a message with this transaction; changes no row where it has. */
export function consume(consumer: string, message: string): Required<Pick<Statement, 'text' | 'values'>> {
  return {
    text: 'insert into holdfast.inbox (consumer, message_id) values ($1, $2) on conflict do nothing',
    values: [consumer, message],
  }
}
