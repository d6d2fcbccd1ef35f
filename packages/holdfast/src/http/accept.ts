// A media range and its weight (RFC 9110 section 12.5.1). Parameters of the type itself make no difference here.
const rangeForm = /^([^\s/;]+)\/([^\s/;]+)\s*(?:;.*)?$/
const weightForm = /;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*(?:;|$)/i

/** How much an `Accept` header wants a media type, from 0 (not at all) to 1. Without the header, everything is wanted. */
export function qualityOf(accept: string | undefined, mediaType: string): number {
  if (accept === undefined || accept.trim() === '' || accept === '*/*' || accept === mediaType) return 1
  const ranges = [mediaType, `${mediaType.slice(0, mediaType.indexOf('/'))}/*`, '*/*']
  let quality = 0
  let closest = ranges.length
  for (const element of accept.split(',')) {
    const range = rangeForm.exec(element.trim().toLowerCase())
    const rank = range ? ranges.indexOf(`${range[1]}/${range[2]}`) : -1
    // The most precise range counts, wherever it stands.
    if (rank === -1 || rank >= closest) continue
    closest = rank
    quality = weightOf(element)
  }
  return quality
}

function weightOf(element: string): number {
  const weight = weightForm.exec(element)
  return weight ? Number(weight[1]) : 1
}
