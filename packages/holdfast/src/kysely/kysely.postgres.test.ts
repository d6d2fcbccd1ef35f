import { type ColumnType, type Kysely, sql } from 'kysely'
import { kysely } from 'holdfast/kysely'
import { testConformance } from '../../test/query-builders/conformance.ts'
import { localDay } from '../../test/query-builders/local-day.ts'
import type { Sample } from '../../test/query-builders/query-builder.ts'

interface Tables {
  authors: { id: number; name: string }
  samples: {
    id: number
    big: string
    at: Date
    // What is written, and what the driver gives.
    day: ColumnType<Date, string>
    document: ColumnType<Sample['document'], string>
    tags: string[]
    bytes: Buffer
    note: string | null
  }
}

type Db = Kysely<Tables>

await testConformance<Db>({
  database: (options) => kysely<Tables>(options) as never,
  findAuthor: (db, id) => db.selectFrom('authors').selectAll().where('id', '=', id).executeTakeFirst(),
  findAuthors: (db, ids) => db.selectFrom('authors').selectAll().where('id', 'in', ids).execute(),
  insertAuthor: (db, author) => db.insertInto('authors').values(author).execute(),
  nest: (db, run) => db.transaction().execute(run),
  refusesConcurrentNesting: /savepoint-concurrent/,
  run: (db, text) => sql.raw(text).execute(db),
  writeSample: (db, { big, bytes, document, tags, ...others }) =>
    db
      .insertInto('samples')
      .values({
        id: 1,
        ...others,
        big: `${big}`,
        bytes: Buffer.from(bytes),
        document: JSON.stringify(document),
        tags: [...tags],
      })
      .execute(),
  async readSample(db) {
    const {
      id: _,
      big,
      day,
      ...others
    } = await db.selectFrom('samples').selectAll().executeTakeFirstOrThrow()
    return { ...others, big: BigInt(big), day: localDay(day) }
  },
})
