import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { mutantsByArea } from './mutants/all-mutants.ts'
import { applyMutant } from './mutants/mutant.ts'

const root = resolve(import.meta.dirname, '..')
const mutants = Object.values(mutantsByArea).flat()

test('each mutant changes a text that occurs exactly once', () => {
  const stale = mutants.filter((mutant) => {
    const content = readFileSync(join(root, mutant.file), 'utf8')
    return [undefined, content].includes(applyMutant(mutant, content))
  })
  expect(stale.map(({ name }) => name)).toEqual([])
})

test('each mutant names tests of files that exist', () => {
  const lost = mutants.filter(
    ({ killedBy }) => killedBy.length === 0 || killedBy.some(({ file }) => !existsSync(join(root, file))),
  )
  expect(lost.map(({ name }) => name)).toEqual([])
})

test('each mutant names tests by titles that their files contain', () => {
  const lost = mutants.flatMap(({ killedBy }) =>
    killedBy.filter(({ file, name }) => !hasTitle(readFileSync(join(root, file), 'utf8'), name)),
  )
  expect(lost.map(({ file, name }) => `${file}: ${name}`)).toEqual([])
})

test('each mutant that a proof names exists', () => {
  const folder = join(root, 'docs/internals')
  const named = readdirSync(folder).flatMap((page) =>
    mutantsNamedBy(readFileSync(join(folder, page), 'utf8')),
  )
  expect(named.length).toBeGreaterThan(0)
  expect(named.filter((name) => !mutants.some((mutant) => mutant.name === name))).toEqual([])
})

test('no two mutants have the same name', () => {
  const names = mutants.map(({ name }) => name)
  expect(names.toSorted()).toEqual([...new Set(names)].toSorted())
})

test('a text that is missing, or occurs twice, makes a mutant stale', () => {
  const mutant = { name: '', file: '', text: 'for update', replacement: '', killedBy: [], why: '' }
  expect(applyMutant(mutant, 'select 1 for update')).toBe('select 1 ')
  expect(applyMutant(mutant, 'select 1')).toBeUndefined()
  expect(applyMutant(mutant, 'for update for update')).toBeUndefined()
})

/**
 * Returns true if this name is a title in a test file, or a part of a title. A parameter of a title
 * (`%s`) stands for any text.
 */
function hasTitle(content: string, name: string): boolean {
  const literals = [...content.matchAll(/(['`])((?:\\.|(?!\1).)+)\1/g)].map((match) => match[2]!)
  return literals.some((literal) => {
    const parts = literal.replaceAll("\\'", "'").split(/%[a-z]|\$\{[^}]*\}/)
    if (parts.some((part) => part.includes(name))) return true
    if (parts.join('').trim().length < 6) return false
    return new RegExp(parts.map((part) => RegExp.escape(part)).join('.+')).test(name)
  })
}

/**
 * Returns the mutants in the tables of a page. Only tables whose last column is headed "mutants"
 * count.
 */
function mutantsNamedBy(page: string): readonly string[] {
  const tables = page.split(/\n(?!\|)/).filter((block) => /^\|.*\| mutants +\|$/m.test(block))
  const cells = tables.flatMap((table) => table.split('\n').map((row) => row.split('|').at(-2) ?? ''))
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!))
}
