/** A job queue on Postgres, as the benchmarks use it. */
export interface Engine {
  /** The schema of its tables. */
  readonly schema: string
  /** Makes its tables in a new database, and what else is done once. */
  install(url: string, settings: string): Promise<void>
  /**
   * Takes part: enqueues, and where there is something to run, works on jobs, {@link concurrency}
   * at once.
   */
  open(url: string, settings: string, run?: Run): Promise<Member>
  /** Makes as many jobs that wait as `$1` says, with the rows that enqueuing makes. */
  readonly fill: string
  /** How many jobs have not ended: `count`. */
  readonly countUnfinished: string
  /** Releases the running jobs to other workers, as the engine's maintenance does after a crash. */
  readonly rescueJobs: string
  /** Forgets all jobs. */
  readonly clear: string
}

/** How many jobs run at once, and how many transactions enqueue at once. */
export const concurrency = 10

/** The work of a job; `write` inserts a row in the way that the engine intends. */
export type Run = (n: number, write: () => Promise<unknown>) => void | Promise<void>

/** A process's part in the work. */
export interface Member {
  /** A transaction: a row of the business, and a job. Resolves when it is committed. */
  enqueue(n: number): Promise<void>
  /** Lets what runs end, and takes no more. */
  stop(): Promise<void>
}

/** The rows that transactions write beside the job, and that jobs write. */
export const businessTables = `
  create table orders (id bigint generated always as identity primary key, n int not null);
  create table receipts (id bigint generated always as identity primary key, n int not null)`

/** The row of the business. */
export const insertOrder = 'insert into orders (n) values ($1)'

/** The row of a job that writes. */
export const insertReceipt = 'insert into receipts (n) values ($1)'
