export type { DrizzleCasing, DrizzleRead, DrizzleSchema, DrizzleWrite } from './drizzle/bind-drizzle.ts'
export { drizzle, type DrizzleOptions } from './drizzle/drizzle.ts'
