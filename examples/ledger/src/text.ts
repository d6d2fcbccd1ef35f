import { z } from 'zod'

/** One line of text, without control characters. */
export const Line = z.string().regex(/^\P{Cc}*$/u, 'Expected one line of text, without control characters')
