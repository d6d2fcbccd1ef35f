import { event } from 'holdfast'
import { z } from 'zod'

/** The event of a transfer between customers. Its key is the id of the paying account. */
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
