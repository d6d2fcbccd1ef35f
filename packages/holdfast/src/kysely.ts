export type { KyselyRead, KyselyWrite } from './kysely/bind-kysely.ts'
export { kysely, type KyselyOptions } from './kysely/kysely.ts'
export { list, type ListOptions, type ListStatement } from './kysely/list.ts'
