/*
 * Redacts request paths for telemetry. A path parameter can be a secret (`/resets/{token}`), and a
 * trace is stored longer and read by more people than the request. Therefore segments that match a
 * parameter with a sensitive name are hidden. If no route matches the request, for example because
 * of an unknown method, such a segment and all segments after it are hidden.
 */
import { redacted } from '../../../kernel/base/redact.ts'
import type { Route } from '../../../kernel/operation/route.ts'
import { canonicalPath } from './target.ts'

/** Returns the redacted path of a request target; `undefined` if it cannot be shown. */
export type ShowPath = (target: string, route: Route | undefined) => string | undefined

// Max length of a path in a span. Clients may send long paths, and spans stay in memory until they
// are exported.
const maxLength = 512

/** Creates the {@link ShowPath} of a service with these routes. */
export function createShowPath(
  routes: readonly Route[],
  isSensitive: (parameter: string) => boolean,
): ShowPath {
  const hidden = new Map<Route, readonly number[]>()
  for (const route of routes) {
    const indexes = segmentsOf(route.path).flatMap((segment, index) => {
      const parameter = parameterOf(segment)
      return parameter !== undefined && isSensitive(parameter) ? [index] : []
    })
    if (indexes.length > 0) hidden.set(route, indexes)
  }
  const prefixes = [...hidden].map(([{ path }, [first]]) => segmentsOf(path).slice(0, first))

  return (target, route) => {
    const path = target.split('?', 1)[0]!
    if (hidden.size === 0) return shortened(path, target)
    if (route) {
      const indexes = hidden.get(route)
      return shortened(indexes ? hideSegments(path, indexes) : path, target)
    }
    try {
      const segments = segmentsOf(canonicalPath(path))
      const prefix = prefixes.find((each) => segments.length > each.length && startsWith(segments, each))
      return shortened(prefix ? [...segments.slice(0, prefix.length), redacted].join('/') : path, target)
    } catch {
      // The percent-encoding is invalid, so the segments cannot be determined.
      return undefined
    }
  }
}

function segmentsOf(path: string): readonly string[] {
  return path.split('/')
}

function parameterOf(segment: string): string | undefined {
  return segment.startsWith('{') ? segment.slice(1, -1) : undefined
}

function hideSegments(path: string, indexes: readonly number[]): string {
  return segmentsOf(path)
    .map((segment, index) => (indexes.includes(index) ? redacted : segment))
    .join('/')
}

function startsWith(segments: readonly string[], template: readonly string[]): boolean {
  return template.every((part, index) => parameterOf(part) !== undefined || part === segments[index])
}

/** Returns a path of bounded length, as a copy that does not keep the whole target in memory. */
function shortened(path: string, target: string): string {
  if (target.length <= maxLength) return path
  return JSON.parse(JSON.stringify(path.slice(0, maxLength))) as string
}
