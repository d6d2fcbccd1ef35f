/**
 * Number of operations per resource in the generated programs: create, read, list, rename, delete.
 */
export const operationsPerResource = 5

/** The files of a program to compile, by name. */
export type Program = ReadonlyMap<string, string>

/** Returns the numbers of the resources that together have this number of operations. */
export function resourceNumbers(operations: number): readonly number[] {
  return Array.from({ length: operations / operationsPerResource }, (_, index) => index + 1)
}

/**
 * Returns the file with the Drizzle tables of the operations, which is the same in all programs.
 * Without operations, it has one table.
 */
export function schemaFile(numbers: readonly number[]): string {
  const table = (n: number): string => `
export const things${n} = pgTable('things_${n}', {
  id: uuid().primaryKey(),
  name: text().notNull(),
  kind: text({ enum: ['small', 'large'] }).notNull(),
  amount${n}: bigint({ mode: 'number' }).notNull(),
  memo: text(),
  createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
})
`
  return `import { bigint, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'
${(numbers.length > 0 ? numbers : [1]).map(table).join('')}`
}

/**
 * Returns the Zod schemas of the operations of one resource, which are the same in all programs.
 */
export function shapes(n: number): string {
  return `
const Id = z.object({ id: z.uuid() })
const Create = z.object({
  name: z.string().min(1).max(100),
  kind: z.enum(['small', 'large']),
  amount${n}: z.int().positive(),
  memo: z.string().max(140).optional(),
})
const Rename = z.object({ name: z.string().min(1).max(100) })
const Thing = z.object({
  id: z.uuid(),
  name: z.string(),
  kind: z.enum(['small', 'large']),
  amount${n}: z.int(),
  memo: z.string().nullable(),
  createdAt: z.iso.datetime(),
})

const toThing = (row: typeof things${n}.$inferSelect): z.infer<typeof Thing> => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
})
`
}
