import { runStatement, type StatementClient } from '../../../storage/postgres/statement/statement-client.ts'
import type { ErasedRows, FoundRow, SubjectSource } from '../../subjects/subject-source.ts'
import { notifyReturned } from '../../wakes/notify.ts'
import { releaseSlot } from '../queries/limits.ts'
import {
  deleteEndedJobs,
  deleteIdleLimits,
  type DeletedJobRow,
  deleteWaitingJobs,
  findSubjectJobs,
  forgetDeletedJobs,
  readSubjectJobs,
} from './queries/subject-jobs.ts'

/**
 * The jobs of a subject, with their steps. Ended jobs are deleted. A waiting job is held unless
 * waiting jobs are cancelled. A running job is always held, since its attempt could write the same
 * data again.
 */
export const jobSource: SubjectSource = {
  kind: 'job',
  async find(client, page) {
    const rows = await runStatement<{ id: string; name: string; state: string | null; jobs: number }>(
      client,
      findSubjectJobs(page),
    )
    return rows.map(({ id, name, state, jobs }): FoundRow => ({
      id,
      name,
      held: holdOf(state),
      contents: { jobs },
    }))
  },
  read: (client, _, ids) => runStatement<object>(client, readSubjectJobs(ids)),
  async erase(client, _, rows) {
    const deleted = await deleteJobs(client, rows)
    await runStatement(client, forgetDeletedJobs(rows.ids))
    for (const { service, name, freed_key: key } of deleted) {
      if (key === null) continue
      for (const statement of releaseSlot({ service, name, key })) await runStatement(client, statement)
      await runStatement(client, notifyReturned(service, name))
    }
    await runStatement(client, deleteIdleLimits(deleted))
    return { jobs: deleted.length }
  },
}

/** `state` is the state of the job; `null` if the job has ended. */
function holdOf(state: string | null): FoundRow['held'] {
  if (state === null) return null
  return state === 'running' ? 'running' : 'waiting'
}

async function deleteJobs(
  client: StatementClient,
  { ids, cancelsWaiting }: ErasedRows,
): Promise<readonly DeletedJobRow[]> {
  const waiting = cancelsWaiting ? await runStatement<DeletedJobRow>(client, deleteWaitingJobs(ids)) : []
  return [...waiting, ...(await runStatement<DeletedJobRow>(client, deleteEndedJobs(ids)))]
}
