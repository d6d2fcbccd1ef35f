import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** The data of a registered worker. */
export interface RegisteredWorker {
  readonly service: string
  readonly host: string
  readonly pid: number
}

/** Registers a worker. The registration counts as its first heartbeat. */
export function registerWorker(id: string, { service, host, pid }: RegisteredWorker): Statement {
  return {
    name: 'holdfast_register_worker',
    text: 'insert into holdfast.job_workers (id, service, host, pid) values ($1, $2, $3, $4)',
    values: [id, service, host, pid],
  }
}

/**
 * Inserts a heartbeat of a worker, unless it was declared dead, and deletes its earlier heartbeats.
 *
 * The statement never waits for locks of others: it locks no row of the worker, inserts without a
 * unique index, and skips old heartbeats that are locked.
 */
export function sendHeartbeat(id: string): Statement {
  return {
    text: `
      with old as (
        delete from holdfast.job_heartbeats
        where ctid = any (array(
          select ctid from holdfast.job_heartbeats where worker = $1 for update skip locked
        ))
      )
      insert into holdfast.job_heartbeats (worker)
      select id from holdfast.job_workers where id = $1`,
    values: [id],
  }
}

/** Removes a worker that stops. {@link deleteOldHeartbeats} deletes its heartbeats. */
export function forgetWorker(id: string): Statement {
  return {
    name: 'holdfast_forget_worker',
    text: 'delete from holdfast.job_workers where id = $1',
    values: [id],
  }
}

/** Deletes the heartbeats of workers that have stopped or were declared dead. */
export function deleteOldHeartbeats(): Statement {
  return {
    name: 'holdfast_delete_old_beats',
    text: `
      delete from holdfast.job_heartbeats
      where ctid = any (array(
        select ctid from holdfast.job_heartbeats
        where not exists (select from holdfast.job_workers where job_workers.id = job_heartbeats.worker)
        for update skip locked
      ))`,
  }
}

/** Finds the claims of a worker whose jobs have been cancelled. */
export function findCancelled(worker: string): Statement {
  return {
    name: 'holdfast_find_cancelled',
    text: `select id, claim from holdfast.jobs where worker = $1 and is_cancelled`,
    values: [worker],
  }
}
