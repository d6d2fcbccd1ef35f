import { eq, inArray, sql } from 'drizzle-orm'
import {
  bigint,
  customType,
  date,
  integer,
  jsonb,
  numeric,
  pgTable,
  text,
  timestamp,
} from 'drizzle-orm/pg-core'
import { drizzle, type DrizzleWrite } from 'holdfast/drizzle'
import { testConformance } from '../../../test/query-builders/conformance.ts'
import type { Sample } from '../../../test/query-builders/query-builder.ts'

const bytea = customType<{ data: Uint8Array }>({ dataType: () => 'bytea' })

const authors = pgTable('authors', { id: integer().primaryKey(), name: text().notNull() })
const samples = pgTable('samples', {
  id: integer().primaryKey(),
  big: bigint({ mode: 'bigint' }).notNull(),
  at: timestamp({ withTimezone: true }).notNull(),
  day: date().notNull(),
  document: jsonb().$type<Sample['document']>().notNull(),
  tags: text().array().notNull(),
  amounts: numeric().array().notNull(),
  bytes: bytea().notNull(),
  note: text(),
})
const schema = { authors, samples }

await testConformance<DrizzleWrite<typeof schema>>({
  database: (options) => drizzle(schema, options) as never,
  findAuthor: async (db, id) => (await db.select().from(authors).where(eq(authors.id, id)))[0],
  findAuthors: async (db, ids) =>
    db
      .select()
      .from(authors)
      .where(inArray(authors.id, [...ids])),
  insertAuthor: (db, author) => db.insert(authors).values(author),
  nest: (db, run) => db.transaction(run),
  refusesConcurrentNesting: /savepoint-concurrent/,
  run: (db, statement) => db.execute(sql.raw(statement)),
  writeSample: (db, sample) =>
    db.insert(samples).values({ id: 1, ...sample, tags: [...sample.tags], amounts: [...sample.amounts] }),
  async readSample(db) {
    const [sample] = await db.select().from(samples)
    const { id: _, ...others } = sample!
    return others
  },
})
