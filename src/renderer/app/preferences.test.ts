import { beforeEach, expect, it, vi } from 'vitest'
import type { Bridge } from '../../shared/contract/contract.ts'
import { defaultPreferences } from '../../shared/domain/preferences.ts'
import type { Preferences } from '../../shared/domain/preferences.ts'
import { startTranslation } from '../i18n/index.ts'
import { createFakeBridge } from './fake-bridge.test-support.ts'
import { changePreferences, keepPreferences, preferences } from './preferences.ts'

/** Two windows at once; what they look like is tested in the browser. */

beforeEach(() => {
  startTranslation()
  preferences.setState(defaultPreferences, true)
  vi.stubGlobal('document', { documentElement: { dataset: {}, lang: 'en' } })
  vi.stubGlobal('getComputedStyle', () => ({ getPropertyValue: () => '' }))
  vi.stubGlobal('requestAnimationFrame', () => 0)
  return () => vi.unstubAllGlobals()
})

it('what another window changes while a change of this one is on its way is not taken back', async () => {
  const { bridge } = createFakeBridge()
  const set = bridge.preferences.set
  const began = Promise.withResolvers<undefined>()
  const goOn = Promise.withResolvers<undefined>()
  const slow: Bridge = {
    ...bridge,
    preferences: {
      ...bridge.preferences,
      set: async (change, options) => {
        began.resolve(undefined)
        await goOn.promise
        return await set(change, options)
      },
    },
  }
  const stop = keepPreferences(slow, (error) => {
    throw error
  })
  changePreferences({ maskOpacity: 0.7 })
  await began.promise
  await set({ language: 'de' })
  changePreferences({ reducedMotion: 'on' })
  goOn.resolve(undefined)

  const wanted: Preferences = { ...defaultPreferences, maskOpacity: 0.7, language: 'de', reducedMotion: 'on' }
  await vi.waitFor(async () => expect(await bridge.preferences.get({})).toEqual(wanted))
  await vi.waitFor(() => expect(preferences.getState()).toEqual(wanted))
  stop()
})
