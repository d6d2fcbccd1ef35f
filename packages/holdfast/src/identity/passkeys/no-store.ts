/** Options with a challenge must not be cached: each of them is accepted once. */
export const noStore = {
  headers: { 'Cache-Control': 'The options must not be cached.' },
  values: { headers: { 'Cache-Control': 'no-store' } },
} as const
