import { keySources } from '../idempotency/admin/subject-keys.ts'
import { jobSource } from '../jobs/admin/subject-jobs.ts'
import { messageSource } from '../messages/subject-messages.ts'
import type { FoundRow, SubjectSource } from '../subjects/subject-source.ts'
import { webhookSource } from '../webhooks/subject-webhooks.ts'

/**
 * The sources of all rows of a subject. Messages become jobs and webhooks, so they come first: rows
 * written while an erasure runs are found by a later source.
 */
export const subjectSources: readonly SubjectSource[] = [
  ...keySources,
  messageSource,
  jobSource,
  webhookSource,
]

/** The lowest UUID. */
export const firstId = '00000000-0000-0000-0000-000000000000'

/** Returns the id of a page's last row; `undefined` for the last page. */
export function nextAfter(rows: readonly FoundRow[], limit: number): string | undefined {
  return rows.length < limit ? undefined : rows.at(-1)!.id
}
