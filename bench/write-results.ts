import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const readme = join(import.meta.dirname, 'README.md')

/** Replaces the results of a benchmark in README.md. */
export function writeResults(name: string, results: string): void {
  const [begin, end] = [`<!-- results of ${name} -->`, `<!-- /results of ${name} -->`]
  const page = readFileSync(readme, 'utf8')
  const [before, rest] = split(page, begin)
  const [, after] = split(rest, end)
  writeFileSync(readme, `${before}${begin}\n\n${results}\n\n${end}${after}`)
  // The tables are formatted, because the repository's checks would otherwise fail.
  execFileSync(join(import.meta.dirname, '../node_modules/.bin/oxfmt'), [readme], { stdio: 'inherit' })
}

function split(page: string, mark: string): readonly [before: string, after: string] {
  const at = page.indexOf(mark)
  if (at === -1) throw new Error(`${readme} has no line ${mark}.`)
  return [page.slice(0, at), page.slice(at + mark.length)]
}
