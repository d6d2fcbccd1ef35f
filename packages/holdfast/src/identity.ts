export type { ApiKey, ApiKeyCaller, NewApiKey } from './identity/api-keys/api-key.ts'
export {
  type ApiKeyDefinition,
  type ApiKeyReference,
  type ApiKeyRotation,
  type ApiKeys,
  apiKeys,
  type ApiKeysOptions,
} from './identity/api-keys/api-keys.ts'
export { developmentKey, readDevelopmentKey } from './identity/api-keys/development-key.ts'
export { ApiKeyEnded, ApiKeyUnknown } from './identity/api-keys/problems.ts'
export {
  cachedIdentifier,
  type CachedIdentifierOptions,
  type LookupContext,
} from './identity/cache/cached-identifier.ts'
export { bearerTokens, type BearerTokensOptions, type DpopOptions } from './identity/tokens/bearer-tokens.ts'
export type { TokenAlgorithm } from './identity/tokens/algorithms.ts'
export type { TokenClaims } from './identity/tokens/compact-token.ts'
export type { TrustedIssuer } from './identity/tokens/trusted-issuer.ts'
export type { JsonWebKeySet } from './identity/tokens/verification-keys.ts'
export { tenantPolicies, type TenantPoliciesOptions } from './identity/tenants/tenant-policies.ts'
export { auth0, type Auth0Options } from './identity/tokens/presets/auth0.ts'
export { clerk, type ClerkOptions } from './identity/tokens/presets/clerk.ts'
export { cognito, type CognitoOptions } from './identity/tokens/presets/cognito.ts'
export { entra, type EntraOptions } from './identity/tokens/presets/entra.ts'
export { keycloak, type KeycloakOptions } from './identity/tokens/presets/keycloak.ts'
export {
  clientCertificates,
  type ClientCertificatesOptions,
} from './identity/certificates/client-certificates.ts'
export { listTrail, type ListedTrailEntry, type ListTrailOptions } from './identity/trail/list-trail.ts'
export { pruneTrail, type PruneTrailOptions, type TrailAnchor } from './identity/trail/prune-trail.ts'
export {
  type TrailBreak,
  type VerifiedTrail,
  verifyTrail,
  type VerifyTrailOptions,
} from './identity/trail/verify-trail.ts'
export type { NewToken } from './identity/token-issuer/new-token.ts'
export {
  type IssuerMetadata,
  type TokenIssuer,
  tokenIssuer,
  type TokenIssuerOperations,
  type TokenIssuerOptions,
} from './identity/token-issuer/token-issuer.ts'
