import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pagesFolder, readPages } from '../testing/page.ts'
import { writeTables } from './write-tables.ts'

// Writes the generated tables of all pages: `npm run tables`.

for (const { name, text } of await readPages()) {
  const written = writeTables(text)
  if (written !== (await readFile(join(pagesFolder, `${name}.md`), 'utf8')))
    await writeFile(join(pagesFolder, `${name}.md`), written)
}
