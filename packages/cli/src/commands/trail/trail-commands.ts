import type { Command } from '../../command.ts'
import { trailList } from './trail-list.ts'
import { trailPrune } from './trail-prune.ts'
import { trailVerify } from './trail-verify.ts'

/** The commands for the trail. */
export const trailCommands: readonly Command[] = [trailList, trailVerify, trailPrune]
