import { z } from 'zod'

/** An amount of money in whole minor units: cents of EUR or USD, whole yen of JPY. */
export const Amount = z.int().positive().max(1_000_000_000_000).meta({
  description: 'Whole minor units of the currency: 1250 is 12.50 EUR.',
  example: 1250,
})

/** A currency, by its ISO 4217 code. */
export const Currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'Expected three capital letters, such as EUR')
  .meta({ example: 'EUR' })

/** The largest balance that a JavaScript number can represent exactly. */
export const maxBalance = Number.MAX_SAFE_INTEGER
