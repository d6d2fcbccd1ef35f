import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Comment, type Declaration, parseSync, type Program } from 'oxc-parser'

/** A source file, with its declarations, imports and exports. */
export interface SourceModule {
  readonly path: string
  readonly text: string
  readonly comments: readonly Comment[]
  /** The declarations at the top level, by name. */
  readonly declarations: ReadonlyMap<string, Declared>
  /** Imports from other files of the package, by local name. */
  readonly imports: ReadonlyMap<string, Source>
  /** The exports by name. The file of a re-export is the file in its `from`. */
  readonly exports: ReadonlyMap<string, Source>
}

/** A declaration at the top level of a file. */
export interface Declared {
  readonly name: string
  readonly node: Declaration
  readonly module: SourceModule
  /** The doc comment, without its delimiters; empty if there is none. */
  readonly comment: string
  /** The line of the declaration, from 1. */
  readonly line: number
}

/** A name in a file. */
interface Source {
  readonly path: string
  readonly name: string
}

const modules = new Map<string, SourceModule>()

/** Returns a parsed file. */
export function readModule(path: string): SourceModule {
  const known = modules.get(path)
  if (known) return known
  const text = readFileSync(path, 'utf8')
  const { program, comments } = parseSync(path, text)
  const declarations = new Map<string, Declared>()
  const imports = new Map<string, Source>()
  const exports = new Map<string, Source>()
  const module: SourceModule = { path, text, comments, declarations, imports, exports }
  modules.set(path, module)
  readStatements(program, module, { declarations, imports, exports })
  return module
}

/**
 * Returns the declaration of a name that a file declares, or imports from another file of the
 * package.
 */
export function findDeclaration(module: SourceModule, name: string): Declared | undefined {
  const own = module.declarations.get(name)
  if (own) return own
  const source = module.imports.get(name)
  return source && findExport(readModule(source.path), source.name)
}

/** Returns the declaration of an exported name, from the file that declares it. */
export function findExport(module: SourceModule, name: string): Declared | undefined {
  const source = module.exports.get(name)
  if (!source) return undefined
  if (source.path !== module.path) return findExport(readModule(source.path), source.name)
  return findDeclaration(module, source.name)
}

/** Returns the doc comment that ends directly before a position; empty if there is none. */
export function commentBefore({ text, comments }: SourceModule, position: number): string {
  const comment = comments.findLast(({ end }) => end <= position)
  if (comment?.type !== 'Block' || !comment.value.startsWith('*')) return ''
  if (text.slice(comment.end, position).trim() !== '') return ''
  return comment.value
    .slice(1)
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim()
}

interface Found {
  readonly declarations: Map<string, Declared>
  readonly imports: Map<string, Source>
  readonly exports: Map<string, Source>
}

function readStatements({ body }: Program, module: SourceModule, found: Found): void {
  const declare = (node: Declaration, start: number): readonly string[] => {
    const names = namesOf(node)
    const line = module.text.slice(0, start).split('\n').length
    const comment = commentBefore(module, start)
    for (const name of names) {
      // The first declaration of an overloaded function has the comment.
      if (!found.declarations.has(name)) found.declarations.set(name, { name, node, module, comment, line })
    }
    return names
  }
  for (const statement of body) {
    if (statement.type === 'ImportDeclaration') {
      const path = resolve(module.path, statement.source.value)
      if (path === undefined) continue
      for (const specifier of statement.specifiers) {
        if (specifier.type !== 'ImportSpecifier') continue
        found.imports.set(specifier.local.name, { path, name: nameOf(specifier.imported) })
      }
    } else if (statement.type === 'ExportNamedDeclaration') {
      const own = statement.declaration ? declare(statement.declaration, statement.start) : []
      for (const name of own) found.exports.set(name, { path: module.path, name })
      const path = statement.source ? resolve(module.path, statement.source.value) : module.path
      if (path === undefined) continue
      for (const { local, exported } of statement.specifiers)
        found.exports.set(nameOf(exported), { path, name: nameOf(local) })
    } else if (statement.type.endsWith('Declaration')) {
      declare(statement as Declaration, statement.start)
    }
  }
}

function namesOf(node: Declaration): readonly string[] {
  if (node.type === 'VariableDeclaration')
    return node.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []))
  return 'id' in node && node.id?.type === 'Identifier' ? [node.id.name] : []
}

function nameOf(name: { readonly name: string } | { readonly value: string }): string {
  return 'name' in name ? name.name : name.value
}

/** Returns the file that a specifier names; `undefined` for another package. */
function resolve(path: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? join(dirname(path), specifier) : undefined
}
