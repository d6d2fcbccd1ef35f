import { type ColumnType, type Kysely, sql } from 'kysely'
import { kysely } from 'holdfast/kysely'
import { testConformance } from '../../../test/query-builders/conformance.ts'
import type { Sample } from '../../../test/query-builders/query-builder.ts'

interface Tables {
  authors: { id: number; name: string }
  samples: {
    id: number
    big: string
    at: Date
    day: string
    document: ColumnType<Sample['document'], string>
    tags: string[]
    amounts: string[]
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
  writeSample: (db, { big, bytes, document, tags, amounts, ...others }) =>
    db
      .insertInto('samples')
      .values({
        id: 1,
        ...others,
        big: `${big}`,
        bytes: Buffer.from(bytes),
        document: JSON.stringify(document),
        tags: [...tags],
        amounts: [...amounts],
      })
      .execute(),
  async readSample(db) {
    const { id: _, big, ...others } = await db.selectFrom('samples').selectAll().executeTakeFirstOrThrow()
    return { ...others, big: BigInt(big) }
  },
})
