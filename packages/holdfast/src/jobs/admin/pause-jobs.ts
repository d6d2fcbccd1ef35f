import { runStatement, type StatementClient } from '../../postgres/statement-client.ts'
import { deletePause } from './queries/delete-pause.ts'
import { insertPause } from './queries/insert-pause.ts'
import { listPauseRows } from './queries/list-pauses.ts'

/** A name whose jobs nobody begins for now. */
export interface JobPause {
  readonly name: string
  readonly pausedAt: Date
  /** How many jobs of the name have not ended, those that still run included. */
  readonly jobs: number
}

/**
 * Has no job of a name begun any more, by any worker, until {@link resumeJobs}. Those that run go on; more are enqueued as before. The name need not be
 * known yet. Where it is paused already, it stays so since when it was.
 */
export async function pauseJobs(client: StatementClient, name: string): Promise<JobPause> {
  const [pause] = await runStatement<JobPause>(client, insertPause(name))
  return pause!
}

/** Has the jobs of a name begun again. Gives whether they were paused. */
export async function resumeJobs(client: StatementClient, name: string): Promise<boolean> {
  return (await runStatement(client, deletePause(name))).length > 0
}

/** Lists the names that are paused. */
export async function listPauses(client: StatementClient): Promise<readonly JobPause[]> {
  return runStatement<JobPause>(client, listPauseRows())
}
