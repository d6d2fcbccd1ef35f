import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { brokenLinks } from './testing/broken-links.ts'
import { checkTypes } from './testing/check-types.ts'
import { type Page, readPages } from './testing/page.ts'
import { createRunFolder, type RunFolder } from './testing/run-folder.ts'
import { runPage } from './testing/run-page.ts'
import { type PageModule, writeModules } from './testing/write-modules.ts'

const pages = await readPages()
let folder: RunFolder
let modules: ReadonlyMap<Page, PageModule>

beforeAll(async () => {
  folder = await createRunFolder()
  modules = await writeModules(pages, folder.path)
})

afterAll(() => folder.remove())

test('the code of every page compiles', async () => {
  expect(await checkTypes(modules.values(), folder.path)).toEqual([])
})

describe.each(pages.map((page) => [page.name, page] as const))('%s.md', (_, page) => {
  test('does what it shows', () => runPage(page, modules.get(page)!.runPath))

  test('has no broken links', () => {
    expect(brokenLinks(page)).toEqual([])
  })
})
