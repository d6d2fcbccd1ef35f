import { isBuiltin } from 'node:module'
import type { ModuleGraph } from './module-graph.ts'
import { isTestFile } from './source-files.ts'
import type { Violation } from './violation.ts'

const portableFolder = 'packages/holdfast/src/kernel/'
const portableEntry = 'packages/holdfast/src/index.ts'

/**
 * Returns imports of Node modules in the kernel, and in the modules that the main entry loads.
 * These modules must run on other runtimes too.
 */
export function findPortabilityViolations(graph: ModuleGraph): readonly Violation[] {
  const reached = filesAtRunTime(graph, portableEntry)
  const violations: Violation[] = []
  for (const [file, imports] of graph) {
    const way = reached.get(file)
    const isKernel = file.startsWith(portableFolder) && !isTestFile(file)
    for (const { specifier, line, typeOnly } of imports) {
      if (!isBuiltin(specifier)) continue
      if (isKernel || (way !== undefined && !typeOnly)) {
        violations.push({ file, line, ...describe(specifier, isKernel ? [] : (way ?? [])) })
      }
    }
  }
  return violations
}

function describe(specifier: string, way: readonly string[]): Pick<Violation, 'what' | 'why' | 'fix'> {
  const reach = way.length > 1 ? `, reached by ${way.join(' → ')}` : ''
  return {
    what: `imports ${specifier}${reach}`,
    why: `The kernel and the entry ${portableEntry} run on every runtime, so without modules of Node.`,
    fix: 'Use a Web standard instead, or have it passed in by an entry that is for Node.',
  }
}

/**
 * Returns the files that a file loads at run time, including itself, each with the import path to
 * it.
 */
function filesAtRunTime(graph: ModuleGraph, start: string): ReadonlyMap<string, readonly string[]> {
  const ways = new Map<string, readonly string[]>(graph.has(start) ? [[start, [start]]] : [])
  for (const [file, way] of ways) {
    for (const { target, typeOnly } of graph.get(file) ?? []) {
      if (target !== undefined && !typeOnly && !ways.has(target)) ways.set(target, [...way, target])
    }
  }
  return ways
}
