export { startEmbeddedPostgres, type EmbeddedPostgres } from './postgres/embedded/embedded.ts'
export type { EmbeddedPostgresOptions } from './postgres/embedded/options.ts'
