export { setup } from './testing/vitest.ts'
