import { expect, test } from 'vitest'
import { password, startAccounts } from './accounts.fixture.ts'

const other = 'another long password'

test('each change of an account is in the trail with its target, and no address and no secret', async () => {
  const { tested, signUp, signIn, tokenFor } = await startAccounts()
  const entries = async (): Promise<readonly string[]> => {
    const rows = await tested.sql<{ entry: string }>(
      `select operation || ' ' || status || ' ' || caller_kind || ' ' || coalesce(target, 'nothing') as entry
      from holdfast.trail order by at, id`,
    )
    return rows.map(({ entry }) => entry)
  }
  await signUp('ann@example.com')
  const { answer, headers } = await signIn('ann@example.com')
  const target = `account:${(JSON.parse(answer.body!) as { account: string }).account}`
  await tested.send('changePassword', { currentPassword: other, newPassword: other }, { headers })
  const change = { currentPassword: password, newPassword: other }
  await tested.send('changePassword', change, { headers })
  const { headers: phone } = await signIn('ann@example.com', other)
  const [session] = await tested.call.listSessions({}, { headers: phone })
  await tested.send('endOtherSessions', {}, { headers: phone })
  await tested.call.requestPasswordReset({ email: 'ann@example.com' })
  const token = await tokenFor('ann@example.com', 'reset')
  await tested.call.resetPassword({ token, password })
  const { headers: laptop } = await signIn('ann@example.com')
  await tested.send('signOut', {}, { headers: laptop })
  const { headers: again } = await signIn('ann@example.com')
  await tested.send('endSession', { id: session!.id }, { headers: again })
  await tested.send('signOutEverywhere', {}, { headers: again })
  expect(await entries()).toEqual([
    `signUp 202 anonymous ${target}`,
    `verifyEmail 204 anonymous ${target}`,
    `signIn 200 anonymous ${target}`,
    // The wrong current password.
    'changePassword 401 user nothing',
    `changePassword 204 user ${target}`,
    `signIn 200 anonymous ${target}`,
    `endOtherSessions 204 user ${target}`,
    `resetPassword 204 anonymous ${target}`,
    `signIn 200 anonymous ${target}`,
    `signOut 204 user ${target}`,
    `signIn 200 anonymous ${target}`,
    `endSession 204 user ${target}`,
    `signOutEverywhere 204 user ${target}`,
  ])
  const [stored] = await tested.sql<{ text: string }>(
    `select string_agg(t::text, '') as text from holdfast.trail t`,
  )
  for (const secret of ['example.com', password, other, token, again.cookie.split('=')[1]!])
    expect(stored!.text).not.toContain(secret)
})

test('callers without credentials cannot fill the trail', async () => {
  const { tested, signIn, codeOf } = await startAccounts()
  await tested.call.signUp({ email: 'ann@example.com', password })
  expect(codeOf((await signIn('ann@example.com', other)).answer)).toBe('401 credentials-invalid')
  expect(codeOf((await signIn('ben@example.com')).answer)).toBe('401 credentials-invalid')
  expect(codeOf((await signIn('ann@example.com')).answer)).toBe('403 email-unverified')
  await tested.call.requestPasswordReset({ email: 'ann@example.com' })
  await tested.call.signOut({})
  const rows = await tested.sql<{ operation: string }>('select operation from holdfast.trail')
  expect(rows.map(({ operation }) => operation)).toEqual(['signUp'])
})
