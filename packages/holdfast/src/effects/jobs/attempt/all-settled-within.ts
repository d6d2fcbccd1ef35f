/** Resolves when all attempts have ended, or after `limitMs`. */
export async function allSettledWithin(
  attempts: Iterable<{ readonly ended: Promise<unknown> }>,
  limitMs: number,
): Promise<void> {
  const all = Promise.all([...attempts].map(({ ended }) => ended))
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, Math.max(0, limitMs))))
  await Promise.race([all, late])
  clearTimeout(timer)
}
