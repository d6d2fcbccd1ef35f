import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { findDocStart, findWords, proseOf } from './plain-words.ts'

const root = new URL('..', import.meta.url)

/** Returns CONTRIBUTING.md without the text of its section "Language", which lists the words. */
function withoutWordList(text: string): string {
  return text.replace(/^## Language$[^]*?(?=^## )/m, (section) => section.replaceAll(/[^\n]/g, ''))
}

function faultsOf(path: string, text: string): readonly string[] {
  return proseOf(text).flatMap(({ line, text: prose }) =>
    findWords(prose).map(({ message }) => `${path}:${line}: ${message}`),
  )
}

test('Markdown pages use plain words', () => {
  const pages = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' }).trim().split('\n')
  expect(pages).toContain('README.md')
  const faults = pages.flatMap((page) => {
    const text = readFileSync(new URL(page, root), 'utf8')
    return faultsOf(page, page === 'CONTRIBUTING.md' ? withoutWordList(text) : text)
  })
  expect(faults).toEqual([])
})

test.each([
  ['Mend the cause.', 'mend'],
  ['Run it anew.', 'anew'],
  ['Start afresh.', 'afresh'],
  ['Whoever calls it waits.', 'whoever'],
  ['Nobody reads it.', 'nobody'],
  ['Somebody reads it.', 'somebody'],
  ['It stops. Whatever ran is lost.', 'whatever'],
  ['The caller is told of it.', 'is told of'],
  ['A worker hears it.', 'hears'],
  ['It waits for ever.', 'for ever'],
  ['It waits in vain.', 'in vain'],
  ['A time that is none fails.', 'that is none'],
  ['It waits, however long that takes.', 'however long'],
  ['They cannot be told apart.', 'told apart'],
  ['The process stands still.', 'stands still'],
  ['A text is taken for a number.', 'taken for'],
  ['A locked row is passed over.', 'passed over'],
  ['A job is worked off.', 'worked off'],
  ['The call is answered with 401.', 'is answered with 401'],
  ['It was answered 503.', 'was answered 503'],
  ['It stops at SIGTERM.', 'at SIGTERM'],
  ['It ends within the grace.', 'the grace'],
  ['The files are put in a folder.', 'are put in'],
  ['The log has the cause.', 'log has the'],
  ['A text that is no JSON fails.', 'that is no JSON'],
  ['The URL has a fragment.', 'URL has a'],
  ['```ts\ncall() // Nobody waits.\n```', 'nobody'],
])('the check finds the word in %j', (text, word) => {
  expect(faultsOf('page.md', text).join()).toMatch(new RegExp(`"${word}" is not plain`, 'i'))
})

test('the check finds words on two lines of a comment', () => {
  expect(findWords('*\n * The call is answered\n * with 401.').map(({ word }) => word)).toEqual([
    'is answered with 401',
  ])
})

test.each([
  'The user `nobody` owns the file.',
  'It is not called "mend".',
  'The user nobody owns the file.',
  'There is no postgres or nobody user.',
  'It ends within the grace period, and the log has been written.',
  'The URL has to be absolute.',
  'A table that is no wider than the page is no longer wrapped.',
  'The key is used whatever the mode is.',
  "```ts\ncall('nobody')\n```",
  'An amendment ends.',
  'However, it is mistaken for a retry.',
])('the check accepts %j', (text) => {
  expect(faultsOf('page.md', text)).toEqual([])
})

test.each([
  '* What a key stands for.',
  '* Whether a job runs.',
  '* How long a key is kept.',
  '* Where a row is.',
  '* Gives the key.',
  '* Tells the client.',
  '*\n * Has the job done.',
])('the check finds the start of the doc comment %j', (comment) => {
  expect(findDocStart(comment)).toMatch('A doc comment does not begin with')
})

test.each(['* Whatever it returns.', '* However it ends.', '* Returns how long a key is kept.'])(
  'the check accepts the doc comment %j',
  (comment) => {
    expect(findDocStart(comment)).toBeUndefined()
  },
)
