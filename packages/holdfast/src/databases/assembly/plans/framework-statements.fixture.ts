import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { StatementCall } from './statement-call.fixture.ts'
import { statementCalls } from './statement-calls.fixture.ts'

/** A statement of the framework, and what it may read. */
export interface PlannedStatement extends Omit<StatementCall, 'with' | 'within'> {
  /** The file and the function that return the statement, and the number of the call. */
  readonly name: string
  readonly text: string
  readonly values: readonly unknown[]
}

const source = join(import.meta.dirname, '../../..')

/** Functions without a call in `statement-calls.fixture.ts`, and calls without a function. */
export interface Uncovered {
  readonly functions: readonly string[]
  readonly calls: readonly string[]
}

/** The statements of all files in folders named `queries`. */
export async function readStatements(): Promise<{
  readonly statements: readonly PlannedStatement[]
  readonly uncovered: Uncovered
}> {
  const statements: PlannedStatement[] = []
  const functions: string[] = []
  const known = new Set(
    Object.entries(statementCalls).flatMap(([file, of]) => Object.keys(of).map((name) => `${file} ${name}`)),
  )
  for await (const file of glob('**/queries/*.ts', { cwd: source })) {
    if (/\.(?:test|fixture)\.ts$/.test(file)) continue
    const module = (await import(pathToFileURL(join(source, file)).href)) as Readonly<Record<string, unknown>>
    for (const [name, exported] of Object.entries(module)) {
      if (typeof exported !== 'function') continue
      const calls = statementCalls[file]?.[name]
      if (!known.delete(`${file} ${name}`) || calls === undefined) functions.push(`${file} ${name}`)
      else if (calls !== 'not planned')
        statements.push(
          ...calls.flatMap((call, n) =>
            toStatements(exported as StatementFunction, call, `${file} ${name} ${n}`),
          ),
        )
    }
  }
  return { statements, uncovered: { functions, calls: [...known] } }
}

type StatementFunction = (...values: readonly unknown[]) => Statement | readonly Statement[]

function toStatements(
  build: StatementFunction,
  { with: given, within, ...allowed }: StatementCall,
  name: string,
): readonly PlannedStatement[] {
  const built = [build(...given)].flat() as readonly Statement[]
  return built.map(({ text, values = [] }) => ({
    name,
    text: within?.replace('$', () => text) ?? text,
    values,
    ...allowed,
  }))
}

/** The files outside of folders named `queries` that read or write tables of the framework. */
export async function filesWithOtherStatements(): Promise<readonly string[]> {
  const found: string[] = []
  for await (const file of glob('**/*.ts', { cwd: source })) {
    if (/\/queries\/|migration|\.(?:test|fixture)\.ts$/.test(file)) continue
    const code = readFileSync(join(source, file), 'utf8').replaceAll(/^ *(?:\*|\/\/|\/\*).*$/gm, '')
    if (/\b(?:from|into|update|join) holdfast\./.test(code)) found.push(file)
  }
  return found.toSorted()
}
