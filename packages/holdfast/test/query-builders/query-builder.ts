import type { Database } from 'holdfast'
import type { ConnectionLimits } from '../../src/databases/assembly/connection-lanes.ts'

/** An author, in the form that each builder must return. */
export interface Author {
  readonly id: number
  readonly name: string
}

/** A value of each type that query builders are known to get wrong. */
export interface Sample {
  readonly big: bigint
  readonly at: Date
  readonly day: string
  readonly document: { readonly list: readonly number[]; readonly text: string }
  readonly tags: readonly string[]
  /** Decimals with more digits than a JavaScript number can hold. */
  readonly amounts: readonly string[]
  readonly bytes: Uint8Array
  readonly note: string | null
}

/** A query builder under test: the same few operations in every builder's API. */
export interface QueryBuilder<Db> {
  database(options: { readonly migrations: string; readonly connections: ConnectionLimits }): Database<Db, Db>
  /** Finds one author by id, in one statement. */
  findAuthor(db: Db, id: number): PromiseLike<Author | undefined | null>
  /** Finds authors by their ids, in one statement. */
  findAuthors(db: Db, ids: readonly number[]): Promise<Author[]>
  insertAuthor(db: Db, author: Author): PromiseLike<unknown>
  /** Starts a nested transaction with the builder's API. */
  nest<T>(db: Db, run: (db: Db) => Promise<T>): Promise<T>
  /** Matches the log message about two nested transactions that start concurrently. */
  readonly refusesConcurrentNesting: RegExp
  /** Runs a statement given as text. */
  run(db: Db, text: string): PromiseLike<unknown>
  /** Writes the only row of the table `samples`. */
  writeSample(db: Db, sample: Sample): PromiseLike<unknown>
  readSample(db: Db): Promise<Sample>
}

/** A sample with a value of each type. */
export const sample: Sample = {
  big: 9_007_199_254_740_993n,
  at: new Date('2026-11-23T12:34:56.789Z'),
  day: '2026-02-28',
  document: { list: [1, 2], text: 'an "ä"' },
  tags: ['one', 'two, three', '', '"four"'],
  amounts: ['12345678901234567890.01', '0.1', '-0.000000000000000000001'],
  bytes: new Uint8Array([0, 1, 127, 128, 255]),
  note: null,
}

/** Returns a sample as JSON represents it. */
export function toJson({ big, at, bytes, ...others }: Sample): Readonly<Record<string, unknown>> {
  return { ...others, big: `${big}`, at: at.toISOString(), bytes: [...bytes] }
}

/** The tables of the service. */
export const migration = `
create table authors (id int primary key, name text not null constraint authors_name_unique unique);
create table samples (
  id int primary key, big bigint, at timestamptz(3), day date, document jsonb, tags text[], amounts numeric[], bytes bytea, note text
);
create sequence runs;
-- Fails with a serialization failure when it is called for the first time.
create function contend() returns int language plpgsql as $$
begin
  if nextval('runs') = 1 then raise exception 'contended' using errcode = '40001'; end if;
  return 1;
end $$;
`
