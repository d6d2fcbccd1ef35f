import { exportsOf, readEntryPoints } from '../tables/entry-points.ts'
import { commentBefore, type Declared } from '../tables/source-module.ts'
import { type Block, extractBlocks } from '../testing/extract-blocks.ts'

/** A public function or class, with the examples in its doc comment. */
export interface PublicFunction {
  /** The entry point and the name: `holdfast/jobs listJobs`, `holdfast Application.job`. */
  readonly title: string
  /** The entry point that exports the function. */
  readonly specifier: string
  readonly examples: readonly Block[]
}

/** Constants whose values are functions, or objects with functions. */
const functionsInConstants: ReadonlySet<string> = new Set(['pages', 'serve', 'work'])

/** The interface whose members are the functions that `holdfast()` returns. */
const functionsInMembers = 'Application'

/** Returns the public functions and classes, each with the first entry point that exports it. */
export function readPublicFunctions(): readonly PublicFunction[] {
  const found = new Map<string, PublicFunction>()
  for (const entry of readEntryPoints()) {
    for (const [name, declared] of exportsOf(entry)) {
      for (const [part, comment] of commentsOf(name, declared)) {
        const key = `${declared.module.path} ${declared.name} ${part}`
        if (found.has(key)) continue
        const [, ...examples] = comment.split(/^@example$/m)
        found.set(key, {
          title: `${entry.specifier} ${part}`,
          specifier: entry.specifier,
          examples: examples.flatMap((text) => extractBlocks(text)),
        })
      }
    }
  }
  return [...found.values()]
}

/** Returns the names and the doc comments of the functions in a declaration. */
function commentsOf(
  name: string,
  { node, module, comment }: Declared,
): readonly (readonly [string, string])[] {
  if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') return [[name, comment]]
  if (node.type === 'VariableDeclaration') return functionsInConstants.has(name) ? [[name, comment]] : []
  if (node.type !== 'TSInterfaceDeclaration' || name !== functionsInMembers) return []
  return node.body.body.flatMap((member) =>
    member.type === 'TSPropertySignature' && member.key.type === 'Identifier'
      ? [[`${name}.${member.key.name}`, commentBefore(module, member.start)] as const]
      : [],
  )
}
