import type { Command } from './command.ts'
import { commonOptions } from './common-options.ts'
import type { Options } from './option.ts'

/** Returns the help of all commands. */
export function helpOf(commands: readonly Command[]): string {
  return [
    'Inspect and repair the jobs, messages, idempotency keys and webhooks of a service.',
    section('Usage', ['holdfast <command> [options]']),
    section(
      'Commands',
      aligned(
        commands.map((command) => [[command.name, ...placeholders(command)].join(' '), command.summary]),
      ),
    ),
    section('Global options', optionLines(commonOptions)),
    'Exit codes: 0 success, 1 failure, 2 invalid command line.',
  ].join('\n\n')
}

/** Returns the help of one command. */
export function helpOfCommand(command: Command): string {
  const { name, summary, details, options } = command
  const isPlain = Object.keys(options).length === 0
  return [
    summary,
    ...(details === undefined ? [] : [details]),
    section('Usage', [['holdfast', name, ...placeholders(command), '[options]'].join(' ')]),
    ...(isPlain ? [] : [section('Options', optionLines(options))]),
    section('Global options', optionLines(commonOptions)),
  ].join('\n\n')
}

function placeholders({ arguments: names, rest }: Command): readonly string[] {
  return [...names.map((name) => `<${name}>`), ...(rest === undefined ? [] : [`[-- ${rest}]`])]
}

function optionLines(options: Options): readonly string[] {
  return aligned(
    Object.entries(options).map(([name, { placeholder, description }]) => [
      placeholder === undefined ? `--${name}` : `--${name} <${placeholder}>`,
      description,
    ]),
  )
}

function section(title: string, lines: readonly string[]): string {
  return [`${title}:`, ...lines.map((line) => `  ${line}`)].join('\n')
}

function aligned(lines: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...lines.map(([head]) => head.length))
  return lines.map(([head, rest]) => `${head.padEnd(width)}  ${rest}`)
}
