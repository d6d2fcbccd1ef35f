import { startLosingWorker } from './lost-claims.fixture.ts'

await startLosingWorker()
