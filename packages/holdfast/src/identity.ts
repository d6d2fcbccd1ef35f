export {
  cachedIdentifier,
  type CachedIdentifierOptions,
  type LookupContext,
} from './identity/cache/cached-identifier.ts'
