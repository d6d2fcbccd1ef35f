import { expect, test } from 'vitest'
import { frameworkSettings, shownSettings } from './settings-table.ts'

test('settings.md has the current settings of the framework; `npm run settings` writes them', async () => {
  expect(await shownSettings()).toBe(frameworkSettings())
})
