import type { SubjectKind } from './insert-subjects.ts'

/**
 * Returns SQL for a page of a subject's rows: $1 is the subject, $2 the service, $3 the id that the
 * page starts after, $4 its size. It reads only the index entries of the page.
 */
export function subjectRows(kind: SubjectKind): string {
  return `
        select id from holdfast.subjects
        where subject = $1 and service = $2 and kind = '${kind}' and id > $3
        order by id
        limit $4`
}

/** The values of {@link subjectRows}. */
export function pageValues({
  subject,
  service,
  after,
  limit,
}: {
  readonly subject: string
  readonly service: string
  readonly after: string
  readonly limit: number
}): unknown[] {
  return [subject, service, after, limit]
}

/**
 * An SQL array of the ids in $1. The planner does not know the length of an array that comes from a
 * subquery, so it always uses the primary key.
 */
export const theseIds = 'any (array(select unnest($1::uuid[])))'
