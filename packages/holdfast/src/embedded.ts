export { startEmbeddedPostgres, type EmbeddedPostgres } from './storage/embedded/embedded.ts'
export type { EmbeddedPostgresOptions } from './storage/embedded/options.ts'
