import { allPromises, engineConformance } from './engine-conformance.fixture.ts'

engineConformance('postgres', {
  promises: allPromises,
  async runAgain({ sql }, id) {
    await sql('update holdfast.jobs set worker = gen_random_uuid() where id = $1', [id])
  },
})
