import { postgres, sql, type SqlDatabase } from 'holdfast/postgres'
import type { Author, QueryBuilder, Sample } from './query-builder.ts'

interface SampleRow extends Omit<Sample, 'big'> {
  readonly big: string
}

/** The `sql` tag as a query builder under test. */
export const sqlBuilder: QueryBuilder<SqlDatabase> = {
  database: (options) => postgres(options),
  findAuthor: async (db, id) =>
    (await db.query<Author>(sql`select id, name from authors where id = ${id}`))[0],
  findAuthors: (db, ids) => db.query<Author>(sql`select id, name from authors where id = any(${ids})`),
  insertAuthor: (db, { id, name }) => db.query(sql`insert into authors (id, name) values (${id}, ${name})`),
  async nest(db, run) {
    await db.query(sql`savepoint part`)
    try {
      const result = await run(db)
      await db.query(sql`release savepoint part`)
      return result
    } catch (error) {
      await db.query(sql`rollback to savepoint part`)
      throw error
    }
  },
  refusesConcurrentNesting: /savepoint-concurrent/,
  run: (db, text) => db.query(sql([text])),
  writeSample: (db, { big, at, day, document, tags, amounts, bytes, note }) =>
    db.query(sql`
      insert into samples (id, big, at, day, document, tags, amounts, bytes, note)
      values (1, ${big}, ${at}, ${day}, ${document}, ${tags}, ${amounts}, ${bytes}, ${note})`),
  async readSample(db) {
    const [row] = await db.query<SampleRow>(
      sql`select big, at, day, document, tags, amounts, bytes, note from samples`,
    )
    const { big, ...others } = row!
    return { ...others, big: BigInt(big) }
  },
}
