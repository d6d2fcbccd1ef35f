import { readFileSync, statSync } from 'node:fs'
import { decodeText } from '../../../kernel/base/decode-text.ts'

/**
 * The text of a file, or the reason why it could not be read, as a clause that follows the file's
 * name.
 */
export type TextFile =
  | { readonly text: string; readonly problem?: undefined }
  | { readonly problem: string; readonly isMissing: boolean }

// Max size of a file. It is more than any key or URL needs.
const maxBytes = 65_536

/**
 * Reads a file that contains one or more variables. Removes the final line feed, which editors add.
 */
export function readTextFile(path: string): TextFile {
  try {
    const stat = statSync(path)
    // Only a regular file is read: reading a pipe would block the start until its writer has
    // finished.
    if (!stat.isFile()) return wrong('which is not a file.')
    if (stat.size > maxBytes) return wrong(`which is ${stat.size} bytes long; the max is ${maxBytes}.`)
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
