import { exportsOf, readEntryPoints } from '../tables/entry-points.ts'
import type { Declared } from '../tables/source-module.ts'
import { type Block, extractBlocks } from '../testing/extract-blocks.ts'

/** A function or class that programs use, with the examples of its doc comment. */
export interface PublicFunction {
  /** The entry point and the name: `holdfast/jobs listJobs`. */
  readonly title: string
  /** The entry point that exports it. */
  readonly specifier: string
  readonly declared: Declared
  readonly examples: readonly Block[]
}

/** Constants that are functions, or objects of functions. */
const functionsInConstants: ReadonlySet<string> = new Set(['pages', 'serve', 'work'])

/** Returns the public functions and classes, each with the first entry point that exports it. */
export function readPublicFunctions(): readonly PublicFunction[] {
  const found = new Map<string, PublicFunction>()
  for (const entry of readEntryPoints()) {
    for (const [name, declared] of exportsOf(entry)) {
      const key = `${declared.module.path} ${declared.name}`
      if (!isFunction(declared) || found.has(key)) continue
      const [, ...examples] = declared.comment.split(/^@example$/m)
      found.set(key, {
        title: `${entry.specifier} ${name}`,
        specifier: entry.specifier,
        declared,
        examples: examples.flatMap((text) => extractBlocks(text)),
      })
    }
  }
  return [...found.values()]
}

function isFunction({ name, node }: Declared): boolean {
  if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') return true
  return node.type === 'VariableDeclaration' && functionsInConstants.has(name)
}
