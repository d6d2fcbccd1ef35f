import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const folder = join(import.meta.dirname, '../decisions')
const files = readdirSync(folder)
  .filter((name) => name !== 'README.md')
  .sort()

test('decisions are numbered without gaps, in their file names and their titles', () => {
  const numbers = files.map((_, index) => String(index + 1).padStart(3, '0'))
  expect(files.map((name) => name.slice(0, 3))).toEqual(numbers)
  expect(files.map((name) => titleOf(name).slice(0, 3))).toEqual(numbers)
})

test('the list of decisions names each decision once, in order, with its title', () => {
  const rows = readFileSync(join(folder, 'README.md'), 'utf8').matchAll(
    /^\| \[(\d+)\]\(([^)]+)\) *\| (.+?) *\|$/gm,
  )
  expect([...rows].map(([, number, file, title]) => [file, `${number} ${title}`])).toEqual(
    files.map((name) => [name, titleOf(name)]),
  )
})

function titleOf(name: string): string {
  return /^# (.+)$/m.exec(readFileSync(join(folder, name), 'utf8'))?.[1] ?? ''
}
