import type { AnyAccess } from '../../kernel/operation/access/access.ts'
import {
  type SecurityRequirement,
  securityRequirementsOf,
  type SecurityScheme,
  type SecuritySchemes,
} from '../../kernel/operation/security-scheme.ts'
import type { SecurityRequirementObject, SecuritySchemeObject } from './open-api-document.ts'

/** The security schemes of a document, collected while it is written. */
export interface Security {
  /**
   * Returns the alternative requirements of an operation with this rule; `[]` for a public
   * operation.
   */
  requirementsOf(access: AnyAccess): readonly SecurityRequirementObject[]
  /** Returns every scheme that an operation requires, sorted by name. */
  all(): Readonly<Record<string, SecuritySchemeObject>>
}

/** Creates the collection for a service with these security schemes. */
export function createSecurity(ofService: SecuritySchemes): Security {
  const named = new Map<string, SecurityScheme>()

  /** Returns a name for a scheme, numbered if another scheme already has the name. */
  function nameOf(wanted: string, scheme: SecurityScheme): string {
    for (let attempt = 1; ; attempt += 1) {
      const name = attempt === 1 ? wanted : `${wanted}${attempt}`
      const known = named.get(name)
      if (known && JSON.stringify(known) !== JSON.stringify(scheme)) continue
      named.set(name, scheme)
      return name
    }
  }

  return {
    requirementsOf(access) {
      const alternatives = securityRequirementsOf(access, ofService, nameOf)
      return alternatives.every(isNothing) ? [] : alternatives.map(toRequirement)
    },
    all() {
      const sorted = [...named].sort(([a], [b]) => (a < b ? -1 : 1))
      return Object.fromEntries(sorted.map(([name, scheme]) => [name, toSchemeObject(scheme)]))
    },
  }
}

/** Returns true if one alternative of a rule admits a caller without credentials. */
export function admitsEveryone(access: AnyAccess): boolean {
  return securityRequirementsOf(access, { any: { scheme: 'any' } }, (name) => name).some(isNothing)
}

function isNothing({ schemes }: SecurityRequirement): boolean {
  return schemes.length === 0
}

// In OpenAPI 3.1, the list of a scheme other than OAuth 2 contains the required roles.
function toRequirement({ schemes, scopes }: SecurityRequirement): SecurityRequirementObject {
  return Object.fromEntries(schemes.map((name) => [name, [...scopes]]))
}

function toSchemeObject(scheme: SecurityScheme): SecuritySchemeObject {
  if ('type' in scheme) return scheme
  return 'scheme' in scheme ? { type: 'http', ...scheme } : { type: 'apiKey', ...scheme }
}
