/** The benchmarks' interface to a job queue on Postgres. */
export interface Engine {
  /** The schema of the engine's tables. */
  readonly schema: string
  /** Creates the tables of the engine in a new database, and does all other one-time setup. */
  install(url: string, settings: string): Promise<void>
  /**
   * Joins as a process that enqueues jobs. With `run`, the process also runs jobs, {@link
   * concurrency} at a time.
   */
  open(url: string, settings: string, run?: Run): Promise<Member>
  /** SQL that inserts `$1` waiting jobs, with all rows that enqueuing creates. */
  readonly fill: string
  /** SQL for the number of unfinished jobs: `count`. */
  readonly countUnfinished: string
  /**
   * SQL that releases the running jobs to other workers, as the engine's maintenance does after a
   * crash.
   */
  readonly rescueJobs: string
  /** SQL that deletes all jobs. */
  readonly clear: string
}

/** Number of jobs that run at once, and of transactions that enqueue at once. */
export const concurrency = 10

/** The work of a job; `write` inserts a row in the way that the engine intends. */
export type Run = (n: number, write: () => Promise<unknown>) => void | Promise<void>

/** A process that takes part in the work. */
export interface Member {
  /**
   * Runs a transaction that inserts a business row and enqueues a job. Resolves when the
   * transaction is committed.
   */
  enqueue(n: number): Promise<void>
  /** Starts no more jobs, and waits for running jobs. */
  stop(): Promise<void>
}

/** The rows that transactions write in addition to the job, and the rows that jobs write. */
export const businessTables = `
  create table orders (id bigint generated always as identity primary key, n int not null);
  create table receipts (id bigint generated always as identity primary key, n int not null)`

/** The SQL that inserts the business row. */
export const insertOrder = 'insert into orders (n) values ($1)'

/** The SQL that inserts the row of a job. */
export const insertReceipt = 'insert into receipts (n) values ($1)'
