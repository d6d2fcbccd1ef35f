/**
 * An error that a job throws to fail permanently, without further attempts. The job is dead, and
 * can be inspected and redriven.
 */
export class GiveUp extends Error {
  override readonly name = 'GiveUp'
}
