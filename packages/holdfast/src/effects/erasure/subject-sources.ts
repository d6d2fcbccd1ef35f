import { keySources } from '../idempotency/admin/subject-keys.ts'
import { jobSource } from '../jobs/admin/subject-jobs.ts'
import { messageSource } from '../messages/subject-messages.ts'
import type { FoundRow, SubjectSource } from '../subjects/subject-source.ts'
import { webhookSource } from '../webhooks/subject-webhooks.ts'

/**
 * All rows of a subject, in the order in which one leads to the next: a message that is read
 * becomes jobs and webhooks. So what is written while an erasure runs is found by a later source.
 */
export const subjectSources: readonly SubjectSource[] = [
  ...keySources,
  messageSource,
  jobSource,
  webhookSource,
]

/** The id before every other one. */
export const firstId = '00000000-0000-0000-0000-000000000000'

/** Returns the id of the last row of a page; `undefined` if the page is the last one. */
export function nextAfter(rows: readonly FoundRow[], limit: number): string | undefined {
  return rows.length < limit ? undefined : rows.at(-1)!.id
}
