import type { Command } from '../command.ts'
import { keysList } from './keys-list.ts'
import { keysPrune } from './keys-prune.ts'
import { keysShow } from './keys-show.ts'

/** The commands of idempotency keys, in the order of the help. */
export const keysCommands: readonly Command[] = [keysList, keysShow, keysPrune]
