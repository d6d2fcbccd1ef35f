import { toFunctionTable } from './function-tables.ts'
import { toMemberTable, toOptionTable } from './option-tables.ts'
import { writeSettingsTable } from './settings-table.ts'
import { replaceTables, type TableKind, type TableMarker } from './table-marker.ts'

const toTable: Readonly<Record<TableKind, (marker: TableMarker) => string>> = {
  options: toOptionTable,
  members: toMemberTable,
  functions: toFunctionTable,
}

/**
 * Returns a page with the current contents of its generated tables.
 *
 * @throws HoldfastError `option-table-invalid` if a marker names something that does not exist.
 */
export function writeTables(page: string): string {
  return writeSettingsTable(replaceTables(page, (marker) => toTable[marker.kind](marker)))
}
