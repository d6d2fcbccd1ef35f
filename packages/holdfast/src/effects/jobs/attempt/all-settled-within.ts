import { settlesWithin } from '../../../kernel/base/wait.ts'

/** Resolves when all attempts have ended, or after `limitMs`. */
export async function allSettledWithin(
  attempts: Iterable<{ readonly ended: Promise<unknown> }>,
  limitMs: number,
): Promise<void> {
  const all = Promise.all([...attempts].map(({ ended }) => ended))
  await settlesWithin(all, Math.max(0, limitMs))
}
