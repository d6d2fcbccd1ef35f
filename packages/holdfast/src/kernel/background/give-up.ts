/**
 * An error that a job throws to fail permanently, without more attempts. The job is dead, and can
 * be inspected and redriven.
 *
 * @example
 * ```ts
 * job({
 *   name: 'send-mail',
 *   input: z.object({ address: z.string() }),
 *   run({ input }) {
 *     if (!input.address.includes('@')) throw new GiveUp(`${input.address} is not an address`)
 *   },
 * })
 * ```
 */
export class GiveUp extends Error {
  override readonly name = 'GiveUp'
}
