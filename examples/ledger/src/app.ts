import { holdfast } from 'holdfast'
import { drizzle } from 'holdfast/drizzle'
import * as schema from './schema.ts'

/** The one place that knows the database. */
export const { query, mutation, service } = holdfast({
  database: drizzle(schema, {
    casing: 'snake_case',
    migrations: new URL('../migrations/', import.meta.url),
  }),
})
