import { event } from 'holdfast'
import { z } from 'zod'

/**
 * Published with every transfer between customers. The key is the id of the account that the money
 * comes from.
 */
export const TransferCreated = event('transfer.created', {
  description: 'Money was transferred between two accounts.',
  payload: z.object({
    id: z.uuid(),
    from: z.uuid(),
    to: z.uuid(),
    currency: z.string(),
    amount: z.int(),
    createdAt: z.iso.datetime(),
  }),
})
