import type { Statement } from '../../storage/postgres/statement/statement.ts'
import { isUuid } from '../../kernel/base/uuid.ts'
import { runStatement, type StatementClient } from '../../storage/postgres/statement/statement-client.ts'
import { WebhookEndpointUnknown } from './problems.ts'
import type { EndpointRow } from './queries/endpoints.ts'

/**
 * Runs a statement that returns an endpoint's row. Throws `WebhookEndpointUnknown` if it returns no
 * row.
 */
export async function changeEndpoint<Row = EndpointRow>(
  client: StatementClient,
  id: string,
  statement: Statement,
): Promise<Row> {
  const [row] = isUuid(id) ? await runStatement<Row>(client, statement) : []
  if (!row) throw WebhookEndpointUnknown()
  return row
}
