import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeText } from '../../kernel/base/decode-text.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { Migration } from './migration.ts'

// Words are joined by hyphens, or by underscores as in drizzle-kit.
const nameForm = /^\d{4,}(?:[-_][a-z0-9]+)+\.sql$/

/**
 * Reads the migrations in a folder: its `.sql` files, in the order of their names.
 *
 * @throws HoldfastError `migrations-invalid` with all problems in the folder.
 */
export async function readMigrations(folder: URL | string): Promise<readonly Migration[]> {
  const path = folder instanceof URL ? fileURLToPath(folder) : folder
  const names = (await listFolder(path)).filter((name) => name.endsWith('.sql')).sort()
  const files = await Promise.all(
    names.map(async (name) => ({ name, content: decodeText(await readFile(join(path, name))) })),
  )
  const issues = [
    ...misnamed(names),
    ...sharingNumbers(names),
    ...files.flatMap(({ name, content }) =>
      content.fault === undefined ? [] : [`${name} ${content.fault}`],
    ),
  ]
  if (issues.length > 0) {
    throw new HoldfastError(
      'migrations-invalid',
      `Invalid migrations in ${path}:\n${issues.map((issue) => `  - ${issue}`).join('\n')}`,
    )
  }
  return files.flatMap(({ name, content }) =>
    content.fault === undefined ? [{ name: name.slice(0, -'.sql'.length), sql: content.text }] : [],
  )
}

async function listFolder(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path)
  } catch (cause) {
    throw new HoldfastError(
      'migrations-invalid',
      `The migrations folder ${path} cannot be read. Create it, or correct the \`migrations\` option of the database.`,
      { cause },
    )
  }
}

function misnamed(names: readonly string[]): readonly string[] {
  return names
    .filter((name) => !nameForm.test(name))
    .map(
      (name) =>
        `${name}: invalid name; use a number of at least four digits and lower-case words, such as 0001-accounts.sql or 0001_accounts.sql`,
    )
}

function sharingNumbers(names: readonly string[]): readonly string[] {
  const byNumber = Map.groupBy(
    names.filter((name) => nameForm.test(name)),
    (name) => Number.parseInt(name, 10),
  )
  return [...byNumber.values()]
    .filter((sharing) => sharing.length > 1)
    .map((sharing) => `${sharing.join(' and ')} have the same number, so their order is ambiguous`)
}
