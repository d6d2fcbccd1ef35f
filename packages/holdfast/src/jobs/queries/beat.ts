import type { Statement } from '../../postgres/statement.ts'

/** Makes a worker known. */
export function registerWorker(id: string, host: string, pid: number): Statement {
  return {
    name: 'holdfast_register_worker',
    text: 'insert into holdfast.job_workers (id, host, pid) values ($1, $2, $3)',
    values: [id, host, pid],
  }
}

/** Says that a worker lives; changes no row where it has been declared dead. */
export function beat(id: string): Statement {
  return {
    name: 'holdfast_beat',
    text: 'update holdfast.job_workers set beat_at = clock_timestamp() where id = $1',
    values: [id],
  }
}

/** Takes a worker off the list. */
export function forgetWorker(id: string): Statement {
  return {
    name: 'holdfast_forget_worker',
    text: 'delete from holdfast.job_workers where id = $1',
    values: [id],
  }
}

/** Which running jobs of a worker are to end. */
export function findCancelled(worker: string): Statement {
  return {
    name: 'holdfast_find_cancelled',
    text: `select id from holdfast.jobs where worker = $1 and state = 'running' and is_cancelled`,
    values: [worker],
  }
}
