import { parseArgs } from 'node:util'
import type { Command, RawInput } from './command.ts'
import { commonOptions } from './common-options.ts'
import { isGiven } from './option.ts'
import { usageInvalid } from './usage-invalid.ts'

/**
 * Finds the command that a line names, and returns it with the rest of the line.
 *
 * @throws HoldfastError `usage-invalid` if there is no such command.
 */
export function findCommand(
  commands: readonly Command[],
  line: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } {
  for (const command of commands) {
    const words = command.name.split(' ')
    if (words.every((word, n) => line[n] === word)) return { command, rest: line.slice(words.length) }
  }
  const [group = ''] = line
  const inGroup = commands.filter(({ name }) => name.startsWith(`${group} `)).map(({ name }) => name)
  if (inGroup.length > 0) throw usageInvalid(`Missing subcommand; use one of: ${inGroup.join(', ')}.`)
  const groups = [...new Set(commands.map(({ name }) => name.split(' ')[0]))]
  throw usageInvalid(`Unknown command ${JSON.stringify(group)}; use one of: ${groups.join(', ')}.`)
}

/**
 * Parses the options and arguments of a command.
 *
 * @throws HoldfastError `usage-invalid`.
 */
export function parseRest(command: Command, rest: readonly string[]): RawInput {
  const options = Object.entries({ ...command.options, ...commonOptions })
  const { values, positionals } = parse(
    rest,
    Object.fromEntries(
      options.map(([name, { placeholder }]) => [
        name,
        {
          type: placeholder === undefined ? ('boolean' as const) : ('string' as const),
          ...(name === 'help' ? { short: 'h' } : {}),
        },
      ]),
    ),
  )
  const texts = Object.entries(values).map(([name, value]) => [name, value === true ? isGiven : value])
  return { arguments: positionals, options: Object.fromEntries(texts) as RawInput['options'] }
}

type Wanted = Readonly<Record<string, { readonly type: 'boolean' | 'string'; readonly short?: string }>>

function parse(
  rest: readonly string[],
  options: Wanted,
): { values: Record<string, unknown>; positionals: string[] } {
  try {
    return parseArgs({ args: [...rest], options, allowPositionals: true })
  } catch (error) {
    // Node's message is shown to the user, because it names the option. It only lacks a final
    // period.
    throw usageInvalid(`${(error as Error).message.replace(/\.?$/, '.')}`)
  }
}

/**
 * Throws if there are too few or too many arguments.
 *
 * @throws HoldfastError `usage-invalid`.
 */
export function checkArguments(command: Command, given: readonly string[]): void {
  const missing = command.arguments.slice(given.length)
  if (missing.length > 0)
    throw usageInvalid(`Missing argument: ${missing.map((name) => `<${name}>`).join(', ')}.`)
  if (command.rest !== undefined) return
  const [tooMuch] = given.slice(command.arguments.length)
  if (tooMuch !== undefined) throw usageInvalid(`${JSON.stringify(tooMuch)} is an unexpected argument.`)
}
