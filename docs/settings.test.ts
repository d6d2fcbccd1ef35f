import { expect, test } from 'vitest'
import { frameworkSettings, shownSettings } from './settings-table.ts'

test('settings.md has every setting of the framework as it is; `npm run settings` writes them', async () => {
  expect(await shownSettings()).toBe(frameworkSettings())
})
