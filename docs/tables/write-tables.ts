import { writeOptionTables } from './option-tables.ts'
import { writeSettingsTable } from './settings-table.ts'

/** Returns a page with the current contents of its generated tables. */
export function writeTables(page: string): string {
  return writeSettingsTable(writeOptionTables(page))
}
