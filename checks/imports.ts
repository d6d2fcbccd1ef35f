import { type Argument, type Expression, parseSync, Visitor } from 'oxc-parser'
import { HoldfastError } from '../packages/holdfast/src/kernel/base/holdfast-error.ts'

/** A file's import of another module. */
export interface Import {
  /** The specifier as written: `./page.ts`, `holdfast`, `node:fs`. */
  readonly specifier: string
  /** The line, starting at 1. */
  readonly line: number
  /**
   * True if the import is erased at run time: `import type`, `export type … from`, `import('…').T`.
   */
  readonly typeOnly: boolean
  /** True if the import re-exports every name of the imported module: `export * from`. */
  readonly exportsAll: boolean
}

/**
 * Returns the imports of a file in the order of the text: static and dynamic imports, re-exports,
 * `require` and types. A dynamic import of a computed name is left out, because its target is not
 * known.
 * @throws HoldfastError `source-unparsable` if the text is not a valid program.
 */
export function readImports(path: string, text: string): readonly Import[] {
  const { program, errors } = parseSync(path, text)
  const [error] = errors
  if (error !== undefined) {
    throw new HoldfastError(
      'source-unparsable',
      `${path} has a syntax error: ${error.message}. Fix its syntax.`,
    )
  }
  const found: { readonly start: number; readonly import: Import }[] = []
  const add = (
    source: Expression | Argument | null | undefined,
    typeOnly: boolean,
    exportsAll = false,
  ): void => {
    const literal = toLiteral(source)
    if (literal === undefined) return
    const line = text.slice(0, literal.start).split('\n').length
    found.push({ start: literal.start, import: { specifier: literal.value, line, typeOnly, exportsAll } })
  }
  new Visitor({
    ImportDeclaration: (node) => add(node.source, node.importKind === 'type'),
    ExportNamedDeclaration: (node) => add(node.source, node.exportKind === 'type'),
    ExportAllDeclaration: (node) => add(node.source, node.exportKind === 'type', node.exported === null),
    ImportExpression: (node) => add(node.source, false),
    TSImportType: (node) => add(node.source, true),
    TSExternalModuleReference: (node) => add(node.expression, false),
    CallExpression(node) {
      if (node.callee.type === 'Identifier' && node.callee.name === 'require') add(node.arguments[0], false)
    },
  }).visit(program)
  return found.sort((a, b) => a.start - b.start).map((entry) => entry.import)
}

function toLiteral(node: Expression | Argument | null | undefined): Literal | undefined {
  if (node?.type === 'Literal' && typeof node.value === 'string')
    return { value: node.value, start: node.start }
  if (node?.type !== 'TemplateLiteral' || node.expressions.length > 0) return undefined
  return { value: node.quasis[0]?.value.cooked ?? '', start: node.start }
}

interface Literal {
  readonly value: string
  readonly start: number
}
