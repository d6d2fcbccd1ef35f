/** The day of a date that the driver has made of one: midnight of the machine's own time zone. */
export function localDay(date: Date): string {
  const pad = (part: number): string => `${part}`.padStart(2, '0')
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`
}
