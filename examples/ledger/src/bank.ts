import { HoldfastError } from 'holdfast'
import { z } from 'zod'

/** What a bank is asked to pay. */
export interface Payment {
  /** The same for every attempt: the bank pays once for each. */
  readonly key: string
  readonly iban: string
  readonly amount: number
  readonly currency: string
}

const Reply = z.discriminatedUnion('state', [
  z.object({ state: z.literal('paid'), reference: z.string() }),
  z.object({ state: z.literal('declined') }),
])

/** What the bank says of a payment. What it does not answer, or answers otherwise, throws: then nobody knows, and it is asked again. */
export async function pay(
  bankUrl: string | undefined,
  { key, ...payment }: Payment,
  signal: AbortSignal,
): Promise<z.infer<typeof Reply>> {
  if (bankUrl === undefined)
    throw new HoldfastError('bank-unknown', 'BANK_URL is not set: there is no bank to ask.')
  const response = await fetch(new URL('/payments', bankUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': `"${key}"` },
    body: JSON.stringify(payment),
    signal,
  })
  if (!response.ok) throw new HoldfastError('bank-failed', `The bank answered with ${response.status}.`)
  return Reply.parse(await response.json())
}
