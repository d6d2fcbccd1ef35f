import type { ModuleGraph } from './module-graph.ts'
import type { Violation } from './violation.ts'

const hubNames: ReadonlySet<string> = new Set([
  'common',
  'helpers',
  'interfaces',
  'lib',
  'misc',
  'types',
  'utils',
])

/**
 * Returns the files that are hubs or may become hubs: files that are not named after a concept, and
 * files that re-export all names of another module.
 */
export function findHubViolations(graph: ModuleGraph): readonly Violation[] {
  return [...graph].flatMap(([file, imports]) => [
    ...nameViolation(file),
    ...imports
      .filter((found) => found.exportsAll)
      .map(({ line, specifier }) => ({
        file,
        line,
        what: `re-exports every name of ${specifier} (export *)`,
        why: 'Then another file decides by accident which names are public.',
        fix: 'Name each export.',
      })),
  ])
}

function nameViolation(file: string): readonly Violation[] {
  const name = file.split('/').at(-1)?.split('.')[0] ?? ''
  if (!hubNames.has(name)) return []
  return [
    {
      file,
      line: 1,
      what: `is named ${name}`,
      why: 'Such a name fits any code, so the file grows without end, and every other file comes to import it.',
      fix: 'Name each file after the one concept that it contains.',
    },
  ]
}
