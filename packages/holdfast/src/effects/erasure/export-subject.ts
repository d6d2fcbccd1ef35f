import type { StatementClient } from '../../storage/postgres/statement/statement-client.ts'
import { locateSubject, type SubjectOf } from './subject-service.ts'
import { firstId, nextAfter, subjectSources } from './subject-sources.ts'

/** One row of an export: an idempotency key, a message, a job or a webhook. */
export interface SubjectRecord {
  readonly kind: 'idempotency-key' | 'message' | 'job' | 'webhook'
  readonly service: string
  readonly [column: string]: unknown
}

// Answers, payloads and inputs can be up to 256 KiB each.
const pageSize = 50

/**
 * Reads all data stored about a subject: idempotency keys with answers, messages with the consumers
 * that consumed them, jobs with steps, and webhooks with deliveries and attempts. It reads page by
 * page, so its memory use does not depend on the number of rows. Secret values are included.
 *
 * @param subject As `subjectsOf` returns it, such as `customer:42`.
 * @throws HoldfastError `subject-invalid` or `subject-service-ambiguous`.
 *
 * @example
 * ```ts
 * for await (const record of exportSubject(pool, 'customer:42')) console.log(record)
 * ```
 */
export async function* exportSubject(
  client: StatementClient,
  subject: string,
  options: SubjectOf = {},
): AsyncGenerator<SubjectRecord, void, undefined> {
  const { subject: id, service } = await locateSubject(client, subject, options)
  if (service === undefined) return
  const of = { subject: id, service }
  for (const source of subjectSources) {
    for (let after: string | undefined = firstId; after !== undefined;) {
      const rows = await source.find(client, { ...of, after, limit: pageSize })
      const ids = rows.map((row) => row.id)
      if (ids.length > 0) yield* (await source.read(client, of, ids)) as readonly SubjectRecord[]
      after = nextAfter(rows, pageSize)
    }
  }
}
