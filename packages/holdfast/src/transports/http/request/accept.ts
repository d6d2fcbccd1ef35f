// A media range and its weight (RFC 9110 section 12.5.1). Parameters of the media type are ignored.
const rangeForm = /^([^\s/;]+)\/([^\s/;]+)\s*(?:;.*)?$/
const weightForm = /;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*(?:;|$)/i

/**
 * Returns the weight of a media type in an `Accept` header, 0 (not acceptable) to 1. Without the
 * header, every type has weight 1.
 */
export function qualityOf(accept: string | undefined, mediaType: string): number {
  if (accept === undefined || accept.trim() === '' || accept === '*/*' || accept === mediaType) return 1
  const ranges = [mediaType, `${mediaType.slice(0, mediaType.indexOf('/'))}/*`, '*/*']
  let quality = 0
  let closest = ranges.length
  for (const element of accept.split(',')) {
    const range = rangeForm.exec(element.trim().toLowerCase())
    const rank = range ? ranges.indexOf(`${range[1]}/${range[2]}`) : -1
    // The most specific range applies, regardless of its position.
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
