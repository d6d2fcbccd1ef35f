/** Thrown by a job that need not be tried again: it is dead at once, and can be looked at and redriven. */
export class GiveUp extends Error {
  override readonly name = 'GiveUp'
}
