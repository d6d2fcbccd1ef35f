import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const readme = join(import.meta.dirname, 'README.md')

/** Puts the results of a benchmark where README.md has those of its last run. */
export function writeResults(name: string, results: string): void {
  const [begin, end] = [`<!-- results of ${name} -->`, `<!-- /results of ${name} -->`]
  const page = readFileSync(readme, 'utf8')
  const [before, rest] = split(page, begin)
  const [, after] = split(rest, end)
  writeFileSync(readme, `${before}${begin}\n\n${results}\n\n${end}${after}`)
  // Its tables are as the formatter has them, or the checks of the repository fail.
  execFileSync(join(import.meta.dirname, '../node_modules/.bin/oxfmt'), [readme], { stdio: 'inherit' })
}

function split(page: string, mark: string): readonly [before: string, after: string] {
  const at = page.indexOf(mark)
  if (at === -1) throw new Error(`${readme} has no line ${mark}.`)
  return [page.slice(0, at), page.slice(at + mark.length)]
}
