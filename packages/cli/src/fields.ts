import { printable } from './printable.ts'
import type { Screen } from './screen.ts'
import { pad, widthOf } from './text-width.ts'

/** Formats names and values as lines; names without a value are left out. */
export function fields(
  entries: readonly (readonly [name: string, value: string | null | undefined])[],
  screen: Screen,
): string {
  const shown = entries.filter(([, value]) => value !== undefined && value !== null && value !== '')
  const width = Math.max(0, ...shown.map(([name]) => widthOf(name)))
  return shown.map(([name, value]) => `${screen.strong(pad(name, width))}  ${printable(value!)}`).join('\n')
}
