import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readOptionText, splitSentences } from './doc-comment.ts'
import { membersOf } from './option-members.ts'
import { findExport, readModule } from './source-module.ts'
import { writeTables } from './write-tables.ts'

describe('a doc comment', () => {
  test('is split into the description and the default', () => {
    expect(readOptionText("The deadline of one attempt. Default `'5m'`. Raise it\nfor slow jobs.")).toEqual({
      description: 'The deadline of one attempt. Raise it for slow jobs',
      fallback: "`'5m'`",
    })
  })

  test('has a default in prose', () => {
    expect(readOptionText('The logger of {@link serve}. Default: stdout, see `log`.')).toEqual({
      description: 'The logger of `serve`',
      fallback: 'stdout, see `log`',
    })
  })

  test('has no default', () => {
    expect(readOptionText('The name.').fallback).toBeUndefined()
  })

  test('ends its description with its first paragraph, its tags and the max length', () => {
    const long = 'A sentence. '.repeat(40)
    expect(readOptionText('First.\n\nSecond.').description).toBe('First')
    expect(readOptionText('First.\n@throws Error').description).toBe('First')
    expect(readOptionText(long).description.length).toBeLessThan(340)
  })

  test('has sentences that end outside of code and parentheses', () => {
    expect(splitSentences('Use `a. B` (see C. D), e.g. `x`. `E` is f. g')).toEqual([
      'Use `a. B` (see C. D), e.g. `x`.',
      '`E` is f. g',
    ])
  })
})

describe('the options of a type', () => {
  const declared = findExport(readModule(join(import.meta.dirname, 'options.fixture.ts')), 'PlantedOptions')!
  const members = membersOf(declared)

  test('are its own, then the inherited ones', () => {
    expect(members.map(({ name, isOwn, isRequired }) => [name, isOwn, isRequired])).toEqual([
      ['style', true, true],
      ['name', true, false],
      ['sizes', true, false],
      ['input', true, false],
      ['run', true, true],
      ['timeout', false, false],
    ])
  })

  test('have short types', () => {
    expect(members.map(({ type }) => type)).toEqual([
      "'plain' | 'fancy'",
      'string',
      '(number | string)[]',
      'object | (size) => object',
      '(context) => string',
      'Duration',
    ])
  })
})

describe('a marker', () => {
  const write = (marker: string): string =>
    writeTables(`${marker}\nstale\n<!-- /${/\w+/.exec(marker)![0]} -->`)

  test('selects options and links them', () => {
    expect(write('<!-- options: WorkerOptions of holdfast\nlink concurrency: #slots\n-->')).toContain(
      '| [`concurrency`](#slots) | `number` |',
    )
    expect(write('<!-- options: WorkerOptions of holdfast -->')).not.toContain('stale')
  })

  test('shows the members of a type without their defaults', () => {
    const table = write('<!-- members: TestService of holdfast/testing\nlink call: #calls\n-->')
    expect(table).toMatch(/\| member +\| description +\|/)
    expect(table).toContain('| [`call`](#calls) |')
  })

  test('shows the functions of an entry point with their parameters', () => {
    const table = write('<!-- functions: holdfast/jobs\nwithout: showJob\n-->')
    expect(table).toContain('| `retryJob(client, id)` ')
    expect(table).not.toContain('showJob(')
  })

  test('shows the settings that begin with a text', () => {
    const table = write('<!-- settings: OTEL_ -->')
    expect(table).toContain('`OTEL_SDK_DISABLED`')
    expect(table).not.toContain('`PORT`')
  })

  test.each([
    ['an unknown type', '<!-- options: NoOptions of holdfast -->'],
    ['an unknown entry point', '<!-- options: WorkerOptions of holdfast/none -->'],
    ['an unknown option', '<!-- options: WorkerOptions of holdfast\nonly: size\n-->'],
    ['an unknown function', '<!-- functions: holdfast/jobs\nonly: doJob\n-->'],
    ['an unknown entry point of functions', '<!-- functions: holdfast/none -->'],
    ['an unknown line', '<!-- options: WorkerOptions of holdfast\nexcept: size\n-->'],
  ])('with %s is refused', (_, marker) => {
    expect(() => write(marker)).toThrow(expect.objectContaining({ code: 'option-table-invalid' }))
  })
})
