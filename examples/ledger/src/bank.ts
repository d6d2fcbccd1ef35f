import { HoldfastError } from 'holdfast'
import { z } from 'zod'

/** A payment that a bank is asked to make. */
export interface Payment {
  /** The key, which is the same in all attempts: the bank pays once per key. */
  readonly key: string
  readonly iban: string
  readonly amount: number
  readonly currency: string
}

const Reply = z.discriminatedUnion('state', [
  z.object({ state: z.literal('paid'), reference: z.string() }),
  z.object({ state: z.literal('declined') }),
])

/**
 * Asks the bank to make a payment. Throws if the bank does not respond, or responds unexpectedly.
 * The outcome is then unknown, and the payment has to be sent again with the same key.
 */
export async function pay(
  bankUrl: string | undefined,
  { key, ...payment }: Payment,
  signal: AbortSignal,
): Promise<z.infer<typeof Reply>> {
  if (bankUrl === undefined)
    throw new HoldfastError('bank-unknown', 'BANK_URL is not set. Set it to the URL of the bank.')
  const response = await fetch(new URL('/payments', bankUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': `"${key}"` },
    body: JSON.stringify(payment),
    signal,
  })
  if (!response.ok) throw new HoldfastError('bank-failed', `The bank returned ${response.status}.`)
  return Reply.parse(await response.json())
}
