/** Returns a count with thousands separators: `1,000,000`. */
export function thousands(count: number): string {
  return count.toLocaleString('en')
}
