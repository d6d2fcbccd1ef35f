import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pagesFolder, readPages } from './testing/page.ts'

const course = readFileSync(join(pagesFolder, 'README.md'), 'utf8')

test('every page is in the table of contents once', async () => {
  const pages = (await readPages()).map(({ name }) => `${name}.md`).filter((file) => file !== 'README.md')
  const rows = [...course.matchAll(/^\| \[[^\]]+\]\(([^)]+\.md)\) *\| \S/gm)].map(([, file]) => String(file))
  const own = rows.filter((file) => !file.includes('/'))
  expect(own.toSorted()).toEqual(pages.toSorted())
  expect(new Set(rows).size).toBe(rows.length)
})
