const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** Returns the time since or until a time, in its largest unit: `5m`, `in 2h`. */
export function formatAge(time: Date, now: Date): string {
  const ms = now.getTime() - time.getTime()
  const [unit, unitMs] = units.find(([, one]) => Math.abs(ms) >= one) ?? ['s', 1_000]
  const text = `${Math.trunc(Math.abs(ms) / unitMs)}${unit}`
  return ms > -1_000 ? text : `in ${text}`
}

/** Returns a time with its age. */
export function formatTime(time: Date | null, now: Date): string | null {
  if (time === null) return null
  const age = formatAge(time, now)
  return `${time.toISOString()} (${age.startsWith('in ') ? age : `${age} ago`})`
}
