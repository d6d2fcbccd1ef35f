import type { Statement } from '../postgres/statement.ts'
import { WebhookEndpointUnknown } from './problems.ts'
import type { EndpointRow } from './queries/endpoints.ts'
import { isUuid, runStatement, type StatementClient } from './statement-client.ts'

/** Runs a statement that gives the row of an endpoint. Throws `WebhookEndpointUnknown` where it gives none. */
export async function changeEndpoint<Row = EndpointRow>(
  client: StatementClient,
  id: string,
  statement: Statement,
): Promise<Row> {
  const [row] = isUuid(id) ? await runStatement<Row>(client, statement) : []
  if (!row) throw WebhookEndpointUnknown()
  return row
}
