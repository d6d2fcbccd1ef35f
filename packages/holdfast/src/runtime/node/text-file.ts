import { readFileSync, statSync } from 'node:fs'
import { decodeText } from '../../kernel/decode-text.ts'

/** The text of a file, or what is wrong with it, to be put behind its name. */
export type TextFile =
  | { readonly text: string; readonly problem?: undefined }
  | { readonly problem: string; readonly isMissing: boolean }

// As much as a variable could hold, and more than any key or URL needs.
const maxBytes = 65_536

/** Reads a file as the text of a variable, or of several: without the line feed that an editor ends the last line with. */
export function readTextFile(path: string): TextFile {
  try {
    const stat = statSync(path)
    // A pipe would keep the start waiting for its writer.
    if (!stat.isFile()) return wrong('which is not a file.')
    if (stat.size > maxBytes) return wrong(`which has ${stat.size} bytes; ${maxBytes} are read at most.`)
    const decoded = decodeText(readFileSync(path))
    if (decoded.fault !== undefined) return wrong(`which ${decoded.fault}`)
    return { text: decoded.text.replace(/\r?\n$/, '') }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { problem: 'which does not exist.', isMissing: true }
    return wrong(`which cannot be read (${code}).`)
  }
}

function wrong(problem: string): TextFile {
  return { problem, isMissing: false }
}
