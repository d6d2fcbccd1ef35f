import type { Command } from '../../command.ts'
import { subjectsErase } from './subjects-erase.ts'
import { subjectsErasures } from './subjects-erasures.ts'
import { subjectsExport } from './subjects-export.ts'

/** The commands about a person's data. */
export const subjectCommands: readonly Command[] = [subjectsExport, subjectsErase, subjectsErasures]
