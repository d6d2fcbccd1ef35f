import { mkdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { exportsOf, readEntryPoints } from '../tables/entry-points.ts'
import type { PageModule } from '../testing/write-modules.ts'
import * as given from './given.ts'
import type { PublicFunction } from './read-examples.ts'

const givenFile = join(import.meta.dirname, 'given.ts')

/**
 * The entry points whose exports an example may use without an import. If several export a name,
 * the first one is used.
 */
const implied = ['holdfast', 'holdfast/postgres', 'holdfast/settings', 'holdfast/node', 'holdfast/testing']

/**
 * Writes the first example of a function as a module below `root`. The module imports the exports
 * of Holdfast and of `given.ts` that the example uses. The example itself imports everything else.
 */
export async function writeExample(example: PublicFunction, root: string): Promise<PageModule> {
  const folder = join(root, example.title.replaceAll(/[ /]/g, '-'))
  const path = join(folder, 'checked.ts')
  await mkdir(folder, { recursive: true })
  const code = example.examples.flatMap(({ lines }) => lines).join('\n')
  await writeFile(path, `${toImports(code, example, folder)}\n${code}\nexport {}\n`)
  return { checkedPath: path, runPath: path }
}

/** Returns the imports of an example, in one line, so that line n + 1 is line n of the example. */
function toImports(code: string, { title, specifier }: PublicFunction, folder: string): string {
  const used = new Set(code.match(/\b[A-Za-z]\w*\b/g))
  const taken = namesIn(code)
  // The access rule `service` hides the `service` of the application only in its own example.
  const own = namesOf(specifier).filter((name) => title === `${specifier} ${name}`)
  const sources: readonly (readonly [string, Iterable<string>])[] = [
    [specifier, own],
    [relative(folder, givenFile), Object.keys(given)],
    [specifier, namesOf(specifier)],
    ...implied.map((other) => [other, namesOf(other)] as const),
  ]
  return sources
    .flatMap(([from, names]) => {
      const imported = [...names].filter((name) => used.has(name) && !taken.has(name))
      for (const name of imported) taken.add(name)
      return imported.length === 0 ? [] : [`import { ${imported.join(', ')} } from '${from}'`]
    })
    .join('; ')
}

/**
 * Returns the names of the values that an entry point exports, including values of other packages.
 */
function namesOf(specifier: string): readonly string[] {
  const entry = readEntryPoints().find((candidate) => candidate.specifier === specifier)!
  const declared = exportsOf(entry)
  return [...entry.module.exports.keys()].filter((name) => !declared.get(name)?.node.type.startsWith('TS'))
}

/** Returns the names that an example declares or imports at its top level. */
function namesIn(code: string): Set<string> {
  const declared = code.matchAll(/^(?:const|import|class|function) (?:\{([^}]*)\}|(\w+))/gm)
  return new Set([...declared].flatMap(([, names, name]) => names?.match(/\w+/g) ?? (name ? [name] : [])))
}
