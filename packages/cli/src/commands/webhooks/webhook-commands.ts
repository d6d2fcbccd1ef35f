import type { Command } from '../../command.ts'
import { webhooksDeliveries } from './webhooks-deliveries.ts'
import { webhooksDisable } from './webhooks-disable.ts'
import { webhooksEnable } from './webhooks-enable.ts'
import { webhooksEndpoints } from './webhooks-endpoints.ts'
import { webhooksReplay } from './webhooks-replay.ts'

/** The commands for outgoing webhooks. */
export const webhookCommands: readonly Command[] = [
  webhooksEndpoints,
  webhooksDeliveries,
  webhooksReplay,
  webhooksDisable,
  webhooksEnable,
]
