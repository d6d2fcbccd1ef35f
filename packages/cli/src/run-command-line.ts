import { readFileSync } from 'node:fs'
import type { Command, Result } from './command.ts'
import { commands } from './commands.ts'
import { findDatabase } from './find-database.ts'
import { explainFailure } from './explain-failure.ts'
import { helpOf, helpOfCommand } from './help.ts'
import { checkArguments, findCommand, parseRest } from './parse-command-line.ts'
import { printableJson } from './printable.ts'
import { openScreen } from './screen.ts'
import { isUsageInvalid } from './usage-invalid.ts'

/**
 * Runs a command line and returns the exit code: 0 on success, 1 on failure, 2 if the line is
 * invalid. `db psql` returns psql's exit code.
 */
export async function runCommandLine(line: readonly string[]): Promise<number> {
  const [first] = line
  if (first === undefined) {
    complain(helpOf(commands))
    return 2
  }
  if (isHelp(first)) return print(helpOf(commands))
  if (first === '--version') return print(readVersion())
  const group = commands.filter(({ name }) => name.startsWith(`${first} `))
  if (group.length > 0 && isHelp(line[1])) return print(helpOf(group))
  let command: Command | undefined
  try {
    const found = findCommand(commands, line)
    command = found.command
    return await runCommand(command, found.rest)
  } catch (error) {
    if (!isUsageInvalid(error)) {
      complain(`holdfast: ${explainFailure(error)}`)
      return 1
    }
    const name = command === undefined ? 'holdfast' : `holdfast ${command.name}`
    complain(`${name}: ${(error as Error).message}\nRun "${name} --help" for its usage.`)
    return 2
  }
}

function isHelp(word: string | undefined): boolean {
  return word === '--help' || word === '-h' || word === 'help'
}

async function runCommand(command: Command, rest: readonly string[]): Promise<number> {
  const given = parseRest(command, rest)
  const { json, help, directory, 'database-url': url } = given.options
  if (help !== undefined) return print(helpOfCommand(command))
  checkArguments(command, given.arguments)
  const work = command.prepare(given)
  const database = command.isOffline ? undefined : await findDatabase({ url, directory })
  let result: Result
  try {
    result = await work(database)
  } finally {
    await database?.release()
  }
  const text =
    json === undefined || result.data === undefined ? result.text(openScreen()) : printableJson(result.data)
  if (text !== '') print(text)
  if (result.note !== undefined) complain(result.note)
  return result.exitCode ?? 0
}

function print(text: string): 0 {
  process.stdout.write(`${text}\n`)
  return 0
}

function complain(text: string): void {
  process.stderr.write(`${text}\n`)
}

function readVersion(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { readonly version: string }).version
}
