import { anyone, type Duration, holdfast, problem } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { z } from 'zod'

/** The payload of a payment. */
export const Payment = z.object({
  /** The name under which the effect of the payment is recorded. */
  name: z.string(),
  amount: z.int(),
  /** True if the handler throws a declared problem. */
  isRefused: z.boolean(),
})

export type Payment = z.infer<typeof Payment>

/** A temporary failure of the next run of a handler. */
export type Mishap = 'throws' | 'meets a lock' | 'meets another transaction' | 'exceeds its deadline'

const PaymentRefused = problem('payment-refused', { status: 409, title: 'Payment refused' })

/** Operations of {@link createKeyService}: one for each isolation level. */
export const operationNames = ['pay', 'paySerializable'] as const

/**
 * Creates a service in which each payment has one effect, and each run of its handler has a
 * different response. Each run calls `takeMishap`, which returns the fault to cause.
 */
export function createKeyService(retention: Duration, takeMishap: () => Mishap | undefined) {
  const { mutation, service } = holdfast({
    database: postgres({
      migrations: new URL('../cut-migrations/', import.meta.url),
      retention,
      connections: { reads: 2, writes: 2 },
    }),
  })
  const shape = {
    access: anyone('a test'),
    input: Payment,
    output: z.object({ receipt: z.string() }),
    status: 201,
    problems: [PaymentRefused],
  } as const

  const pay = mutation({ ...shape, route: 'POST /payments', run: (context) => runPayment(context) })
  const paySerializable = mutation({
    ...shape,
    route: 'POST /serializable-payments',
    isolation: 'serializable',
    run: (context) => runPayment(context),
  })

  async function runPayment({
    input,
    db,
  }: {
    readonly input: Payment
    readonly db: { query(statement: ReturnType<typeof sql>): Promise<unknown> }
  }): Promise<{ readonly receipt: string }> {
    await db.query(sql`insert into effects values (${input.name}, 'paid')`)
    await suffer(takeMishap(), db)
    if (input.isRefused) throw PaymentRefused()
    return { receipt: crypto.randomUUID() }
  }

  return service({ name: 'keys', operations: { pay, paySerializable } })
}

async function suffer(
  mishap: Mishap | undefined,
  db: { query(statement: ReturnType<typeof sql>): Promise<unknown> },
): Promise<void> {
  if (mishap === 'throws') throw new Error('the handler fails')
  if (mishap === 'exceeds its deadline') await db.query(sql`select pg_sleep(60)`)
  if (mishap === 'meets another transaction')
    await db.query(sql`do $$ begin raise exception 'met' using errcode = '40001'; end $$`)
  if (mishap === 'meets a lock') {
    try {
      await db.query(sql`do $$ begin raise exception 'locked' using errcode = '55P03'; end $$`)
    } catch {
      // A careless handler may throw a problem here. The temporary failure must still not become a
      // final response.
      throw PaymentRefused()
    }
  }
}
