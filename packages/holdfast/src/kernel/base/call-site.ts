/**
 * Returns the file and line that called `callee`. `callee` must still be running. Used to show
 * where something was defined. Returns `'unknown location'` if the runtime has no readable stacks.
 */
export function callSite(callee: (...inputs: never[]) => unknown): string {
  const carrier: { stack?: string } = {}
  if ('captureStackTrace' in Error) Error.captureStackTrace(carrier, callee)
  const frame = carrier.stack?.split('\n').find((line) => line.trim().startsWith('at '))
  const place = /(?:\(|at )([^()]+:\d+):\d+\)?$/.exec(frame?.trim() ?? '')?.[1]
  return place?.replace(/^(?:async )?(?:file:\/\/)?/, '') ?? 'unknown location'
}
