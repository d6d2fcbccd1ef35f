import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Argument, parseSync, Visitor } from 'oxc-parser'
import { isTestFile, listSourceFiles } from '../../checks/source-files.ts'
import { pagesFolder } from './page.ts'

const sources = join(pagesFolder, '../packages/holdfast/src')

/** The uses of `HoldfastError` in the sources. */
export interface ErrorCodes {
  /** Each code, once. */
  readonly codes: ReadonlySet<string>
  /** The files and lines where the code is neither a literal nor the code of another error. */
  readonly unknown: readonly string[]
}

/** Finds the code of every `HoldfastError` that the framework creates. */
export async function findErrorCodes(): Promise<ErrorCodes> {
  const codes = new Set<string>()
  const unknown: string[] = []
  for (const path of listSourceFiles(sources).filter((file) => !isTestFile(file))) {
    const text = await readFile(join(sources, path), 'utf8')
    new Visitor({
      NewExpression({ callee, arguments: [code], start }) {
        if (callee.type !== 'Identifier' || callee.name !== 'HoldfastError') return
        if (code?.type === 'Literal') codes.add(String(code.value))
        else if (!isCodeOfAnother(code)) unknown.push(`${path}:${text.slice(0, start).split('\n').length}`)
      },
    }).visit(parseSync(path, text).program)
  }
  return { codes, unknown }
}

/**
 * Returns true if an argument is the code of another error, which is thrown again with more
 * details.
 */
function isCodeOfAnother(argument: Argument | undefined): boolean {
  if (argument?.type !== 'MemberExpression' || argument.property.type !== 'Identifier') return false
  return argument.property.name === 'code'
}
