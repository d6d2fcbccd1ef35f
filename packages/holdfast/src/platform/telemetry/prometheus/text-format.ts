/** A text format of Prometheus. */
export interface TextFormat {
  readonly contentType: string
  /** True for OpenMetrics, which supports units, exemplars and an end marker. */
  readonly isOpenMetrics: boolean
}

const prometheusText: TextFormat = {
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  isOpenMetrics: false,
}

const openMetrics: TextFormat = {
  contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  isOpenMetrics: true,
}

/**
 * Returns the format that an `Accept` header prefers. Browsers, and requests without the header,
 * get the older format.
 */
export function chooseFormat(accept: string | undefined): TextFormat {
  let quality = 0
  let qualityOfOpenMetrics = 0
  for (const range of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const q = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1) || 0
    const version = parameters.find((parameter) => parameter.startsWith('version='))
    if (type === 'application/openmetrics-text' && (version ?? 'version=1.0.0') === 'version=1.0.0') {
      qualityOfOpenMetrics = Math.max(qualityOfOpenMetrics, q)
    } else if (type === 'text/plain') quality = Math.max(quality, q)
  }
  return qualityOfOpenMetrics > 0 && qualityOfOpenMetrics >= quality ? openMetrics : prometheusText
}
