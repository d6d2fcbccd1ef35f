export type { DrizzleCasing, DrizzleRead, DrizzleSchema, DrizzleWrite } from './drizzle/bind-drizzle.ts'
export { drizzle, type DrizzleOptions } from './drizzle/drizzle.ts'
export { list, type ListColumn, type ListOptions, type ListParts, type Placed } from './drizzle/list.ts'
