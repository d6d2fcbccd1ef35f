import type { Command } from '../../command.ts'
import { dbPsql } from './db-psql.ts'
import { dbUrl } from './db-url.ts'

/** The commands that locate the database. */
export const dbCommands: readonly Command[] = [dbUrl, dbPsql]
