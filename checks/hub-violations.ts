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
 * Returns files that would become a hub: named after no concept, or re-exporting all names of
 * another module.
 */
export function findHubViolations(graph: ModuleGraph): readonly Violation[] {
  return [...graph].flatMap(([file, imports]) => [
    ...nameViolation(file),
    ...imports
      .filter((found) => found.exportsAll)
      .map(({ line, specifier }) => ({
        file,
        line,
        what: `hands on every name of ${specifier} (export *)`,
        why: 'What is public is then decided elsewhere, and by accident.',
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
      why: 'Such a name fits anything, so everything comes to import it and it grows without end.',
      fix: 'Name each file after the one concept that it holds.',
    },
  ]
}
