import type { Statement } from '../../postgres/statement.ts'

/** A worker as it is registered. */
export interface RegisteredWorker {
  readonly service: string
  readonly host: string
  readonly pid: number
}

/** Registers a worker, which counts as its first heartbeat. */
export function registerWorker(id: string, { service, host, pid }: RegisteredWorker): Statement {
  return {
    name: 'holdfast_register_worker',
    text: 'insert into holdfast.job_workers (id, service, host, pid) values ($1, $2, $3, $4)',
    values: [id, service, host, pid],
  }
}

/**
 * Inserts a heartbeat of a worker; inserts none if it has been declared dead. Deletes its heartbeats before that.
 *
 * Nothing that others have locked keeps it waiting: it locks no row of the worker, it inserts without a unique index, and
 * it passes over old heartbeats that are locked.
 */
export function beat(id: string): Statement {
  return {
    text: `
      with old as (
        delete from holdfast.job_beats
        where ctid = any (array(
          select ctid from holdfast.job_beats where worker = $1 for update skip locked
        ))
      )
      insert into holdfast.job_beats (worker)
      select id from holdfast.job_workers where id = $1`,
    values: [id],
  }
}

/** Removes a worker that ends. Its heartbeats are deleted by {@link deleteOldBeats}. */
export function forgetWorker(id: string): Statement {
  return {
    name: 'holdfast_forget_worker',
    text: 'delete from holdfast.job_workers where id = $1',
    values: [id],
  }
}

/** Deletes the heartbeats of workers that have ended or are dead. */
export function deleteOldBeats(): Statement {
  return {
    name: 'holdfast_delete_old_beats',
    text: `
      delete from holdfast.job_beats
      where ctid = any (array(
        select ctid from holdfast.job_beats
        where not exists (select from holdfast.job_workers where job_workers.id = job_beats.worker)
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
