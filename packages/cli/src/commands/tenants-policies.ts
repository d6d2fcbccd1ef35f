import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tenantPolicies } from 'holdfast/identity'
import { type Command, offlineCommand } from '../command.ts'
import { flag, text } from '../option.ts'
import { present } from '../present.ts'

/** Writes the policies that limit statements on a table to the rows of the caller's tenant. */
export const tenantsPolicies: Command = offlineCommand({
  name: 'tenants policies',
  summary: 'Print the SQL that limits a table to the rows of the tenant, or write it as a migration.',
  details:
    'The service applies the migration at its next start. The table needs a column with the tenant of each row.',
  arguments: ['table'],
  options: {
    migrations: text('folder', 'Write a migration file to this folder. Default: print the SQL.'),
    column: text('name', 'Column with the tenant. Default: tenant.'),
    type: text('type', 'Type of the column. Default: text.'),
    'at-admission': flag(
      'Let identifiers and access rules read the rows of all tenants, as in a table of sessions.',
    ),
  },
  async run({ arguments: [table = ''], options }) {
    const { migrations, column, type } = options
    const sql = tenantPolicies(table, {
      ...present({ column, type }),
      isReadAtAdmission: options['at-admission'],
    })
    if (migrations === undefined) return { data: { sql }, text: () => sql.trimEnd() }
    const file = join(
      migrations,
      `${await nextNumber(migrations)}-${table.replaceAll(/\W/g, '-')}-tenants.sql`,
    )
    await writeFile(file, sql, { flag: 'wx' })
    return { data: { file, sql }, text: () => `Wrote ${file}.` }
  },
})

/** Returns the number after that of the last migration, with as many digits. */
async function nextNumber(folder: string): Promise<string> {
  const numbers = (await readdir(folder)).flatMap((name) => /^(\d+)\D.*\.sql$/.exec(name)?.[1] ?? [])
  const last = numbers.toSorted().at(-1) ?? '0000'
  return String(BigInt(last) + 1n).padStart(last.length, '0')
}
