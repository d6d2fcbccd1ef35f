import type { ModuleGraph } from './module-graph.ts'
import type { Violation } from './violation.ts'

/**
 * Returns one violation for each group of files that import one another, with a shortest cycle of
 * the group. Type-only imports count.
 */
export function findImportCycles(graph: ModuleGraph): readonly Violation[] {
  const reported = new Set<string>()
  return [...graph.keys()].flatMap((file) => {
    if (reported.has(file)) return []
    const cycle = shortestWay(graph, file, file)
    if (cycle === undefined) return []
    for (const other of cycle) reported.add(other)
    const line = graph.get(file)?.find(({ target }) => target === (cycle[1] ?? file))?.line ?? 1
    return [
      {
        file,
        line,
        what: `import cycle: ${[...cycle, file].join(' → ')}`,
        why: 'Files in a cycle can only be loaded, read and changed together. This is true even if they import only types.',
        fix: 'Move the code that both sides need to a separate file, or pass it in.',
      },
    ]
  })
}

/**
 * Returns the files on the shortest path of imports from one file to another, including the first;
 * `undefined` if there is none.
 */
function shortestWay(graph: ModuleGraph, start: string, end: string): readonly string[] | undefined {
  const cameFrom = new Map<string, string>()
  const queue = [start]
  for (const file of queue) {
    for (const { target } of graph.get(file) ?? []) {
      if (target === end) return wayBack(cameFrom, start, file)
      if (target === undefined || cameFrom.has(target)) continue
      cameFrom.set(target, file)
      queue.push(target)
    }
  }
  return undefined
}

function wayBack(cameFrom: ReadonlyMap<string, string>, start: string, last: string): readonly string[] {
  const way = [last]
  for (let file = last; file !== start;) {
    file = cameFrom.get(file) ?? start
    way.unshift(file)
  }
  return way
}
