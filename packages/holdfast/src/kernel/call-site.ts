// The framework's own files, as they stand in a stack: sources in a workspace, and the installed package.
const own = import.meta.url.replace(/\/kernel\/[^/]*$/, '/')

/**
 * The file and line of the innermost frame outside of the framework: where the program called it. `'an unknown place'` on a
 * runtime whose stacks cannot be read.
 */
export function callSite(): string {
  const carrier: { stack?: string } = {}
  if ('captureStackTrace' in Error) Error.captureStackTrace(carrier, callSite)
  for (const line of carrier.stack?.split('\n').slice(1) ?? []) {
    const place = /(?:\(|at )([^()]+:\d+:\d+)\)?$/.exec(line.trim())?.[1]
    if (place === undefined || place.startsWith('node:')) continue
    if (place.startsWith(own) || place.includes('/node_modules/')) continue
    return place.replace(/^file:\/\//, '').replace(/:\d+$/, '')
  }
  return 'an unknown place'
}
