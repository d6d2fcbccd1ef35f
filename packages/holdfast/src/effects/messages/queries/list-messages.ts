import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** Filters of messages; `null` means no filter. */
export interface MessageFilters {
  readonly event: string | null
  readonly key: string | null
  readonly since: Date | null
  readonly until: Date | null
  readonly isNew: boolean | null
  readonly after: string | null
  readonly limit: number
}

/** Lists messages, newest first: by id, which begins with the time. */
export function listMessageRows({
  event,
  key,
  since,
  until,
  isNew,
  after,
  limit,
}: MessageFilters): Statement {
  return {
    text: `
      select id, event, key, payload, position, published_at as "publishedAt", traceparent, tenant
      from holdfast.messages
      where ($1::text is null or event = $1)
        and ($2::text is null or key = $2)
        and ($3::timestamptz is null or published_at >= $3)
        and ($4::timestamptz is null or published_at < $4)
        and ($5::boolean is null or (position is null) = $5)
        and ($6::uuid is null or id < $6)
      order by id desc
      limit $7`,
    values: [event, key, since, until, isNew, after, limit],
  }
}
