/**
 * The file and line where a function that is running now was called: the place of a definition. `'an unknown place'` on a
 * runtime whose stacks cannot be read.
 */
export function callSite(callee: (...inputs: never[]) => unknown): string {
  const carrier: { stack?: string } = {}
  if ('captureStackTrace' in Error) Error.captureStackTrace(carrier, callee)
  const frame = carrier.stack?.split('\n').find((line) => line.trim().startsWith('at '))
  const place = /(?:\(|at )([^()]+:\d+):\d+\)?$/.exec(frame?.trim() ?? '')?.[1]
  return place?.replace(/^(?:async )?(?:file:\/\/)?/, '') ?? 'an unknown place'
}
