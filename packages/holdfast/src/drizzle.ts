export type {
  DrizzleCasing,
  DrizzleRead,
  DrizzleSchema,
  DrizzleWrite,
} from './databases/drizzle/bind-drizzle.ts'
export { drizzle, type DrizzleOptions } from './databases/drizzle/drizzle.ts'
export { type DrizzleOwnsOptions, owns } from './databases/drizzle/owns.ts'
export {
  list,
  type ListColumn,
  type ListOptions,
  type ListParts,
  type Positioned,
} from './databases/drizzle/list.ts'
