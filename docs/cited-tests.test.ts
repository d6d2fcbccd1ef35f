import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readPages } from './testing/page.ts'

const root = join(import.meta.dirname, '..')
const literals = /'((?:[^'\\\n]|\\.)*)'|`([^`\n]*)`|"((?:[^"\\\n]|\\.)*)"/g
const placeholder = /%[sdifjo]|\$\w+/g
// The text of a title besides its placeholders; a shorter title would fit too many texts.
const minFixedLength = 10

/** Returns the titles of all tests: every text in a test, with its placeholders as patterns. */
function readTitles(): { readonly fixed: ReadonlySet<string>; readonly patterns: readonly RegExp[] } {
  const fixed = new Set<string>()
  const patterns: RegExp[] = []
  for (const file of globSync('packages/holdfast/{src,test}/**/*.test.ts', { cwd: root })) {
    for (const [, single, template, double] of readFileSync(join(root, file), 'utf8').matchAll(literals)) {
      const title = single ?? template ?? double ?? ''
      const parts = title.split(placeholder)
      if (parts.length === 1) fixed.add(title)
      else if (parts.join('').length >= minFixedLength)
        patterns.push(new RegExp(`^${parts.map((part) => RegExp.escape(part)).join('.+')}$`))
    }
  }
  return { fixed, patterns }
}

/** Returns the titles in the column `test` of a page's tables. */
function citedIn(text: string): readonly string[] {
  let isCiting = false
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith('|')) isCiting = false
    if (/\| test +\|$/.test(line)) isCiting = true
    const cell = isCiting ? line.split('|').at(-2)! : ''
    return [...cell.matchAll(/`([^`]+)`/g)].map(([, title]) => title!)
  })
}

test('every test that a page names exists', async () => {
  const { fixed, patterns } = readTitles()
  const exists = (title: string): boolean =>
    fixed.has(title) || patterns.some((pattern) => pattern.test(title))
  const pages = await readPages()
  const cited = pages.flatMap(({ name, text }) => citedIn(text).map((title) => ({ name, title })))
  expect(cited.length).toBeGreaterThan(50)
  expect(cited.filter(({ title }) => !exists(title)).map(({ name, title }) => `${name}: ${title}`)).toEqual(
    [],
  )
})

test('an invented test is found', () => {
  expect(citedIn('| attack | test   |\n| --- | --- |\n| a | `an invented title` |\n\n`other`')).toEqual([
    'an invented title',
  ])
})
