import { leafName } from '../../queries/answers.ts'

/** A range of a leaf's pages, and the min age of the keys to delete. */
interface OldKeys {
  readonly olderThanMs: number
  /** The first page. */
  readonly from: number
  /** The first page after the range. */
  readonly to: number
}

/** Reads how many pages a leaf has. */
export function countPages(leaf: number): { readonly text: string; readonly values: unknown[] } {
  return {
    text: `
      select (pg_relation_size($1::regclass) / current_setting('block_size')::bigint)::double precision as pages`,
    values: [leafName(leaf)],
  }
}

/** Deletes the old keys in a range of pages. */
export function deleteOldKeys(
  leaf: number,
  { olderThanMs, from, to }: OldKeys,
): { readonly text: string; readonly values: unknown[] } {
  return {
    text: `
      delete from ${leafName(leaf)}
      where ctid >= $2::text::tid and ctid < $3::text::tid
        and created_at < now() - make_interval(secs => $1::double precision / 1000)`,
    values: [olderThanMs, `(${from},0)`, `(${to},0)`],
  }
}
