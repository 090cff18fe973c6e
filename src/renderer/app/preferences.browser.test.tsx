import { beforeEach, describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { render } from 'vitest-browser-react'
import { defaultPreferences } from '../../shared/domain/preferences.ts'
import { SettingsDialog } from '../features/settings/SettingsDialog.tsx'
import { createFakeBridge } from './fake-bridge.test-support.ts'
import type { FakeBridge } from './fake-bridge.test-support.ts'
import { keepPreferences, preferences } from './preferences.ts'
import { Surroundings } from './render.test-support.tsx'

const root = document.documentElement

function backgroundOf(testId: string): string {
  return getComputedStyle(page.getByTestId(testId).element()).backgroundColor
}

describe('preferences', () => {
  let fake: FakeBridge
  beforeEach(() => {
    preferences.setState(defaultPreferences, true)
    fake = createFakeBridge()
    const stop = keepPreferences(fake.bridge, (error) => {
      throw error
    })
    preferences.setState({ theme: 'light', language: 'en' })
    return () => {
      stop()
      preferences.setState(defaultPreferences, true)
    }
  })

  it('change the page at once and are kept by the Node side', async () => {
    await render(
      <Surroundings fake={fake}>
        <SettingsDialog devicePanel={<p>CPU</p>} modelPanel={<p>MSDNet</p>} onClose={() => undefined} />
      </Surroundings>,
    )
    expect(backgroundOf('settings')).toBe('rgb(247, 248, 249)')
    await page.getByText('Dark', { exact: true }).click()
    expect(root.dataset['theme']).toBe('dark')
    expect(backgroundOf('settings')).toBe('rgb(25, 28, 31)')

    await page.getByLabelText('Language').selectOptions('Deutsch')
    await expect.element(page.getByRole('heading', { name: 'Einstellungen' })).toBeVisible()
    expect(root.lang).toBe('de')
    await page.getByText('Ein', { exact: true }).click()
    expect(root.dataset['motion']).toBe('on')
    await expect
      .poll(async () => fake.bridge.preferences.get({}))
      .toEqual({ ...defaultPreferences, theme: 'dark', language: 'de', reducedMotion: 'on' })

    // All sections are reached by keys.
    await page.getByRole('tab', { name: 'Darstellung' }).click()
    await userEvent.keyboard('{ArrowDown}')
    await expect.element(page.getByTestId('settings-model')).toMatchTextContent('MSDNet')
    await userEvent.keyboard('{ArrowDown}')
    await expect.element(page.getByTestId('settings-device')).toMatchTextContent('CPU')
    await userEvent.keyboard('{ArrowDown}')
    await expect.element(page.getByTestId('settings-about')).toMatchTextContent(/Version 0\.1\.0/)
    await expect.element(page.getByTestId('settings-about')).toMatchTextContent(/exemplar-studio/)
  })

  it('are read again when the page has started: they may have changed while it loaded', async () => {
    fake.missPreferences({ ...defaultPreferences, theme: 'dark' })
    const stop = keepPreferences(fake.bridge, () => undefined)
    await expect.poll(() => root.dataset['theme']).toBe('dark')
    stop()
  })

  it('send a slider as often as it can be taken, and the last place always', async () => {
    for (let percent = 10; percent <= 90; percent++) preferences.setState({ maskOpacity: percent / 100 })
    await expect.poll(async () => (await fake.bridge.preferences.get({})).maskOpacity).toBe(0.9)
    expect(fake.calls.filter(({ name }) => name === 'preferences.set').length).toBeLessThan(5)
    expect(preferences.getState().maskOpacity).toBe(0.9)
  })

  it('follow another window, and what was missed while the connection was lost', async () => {
    await expect.poll(async () => (await fake.bridge.preferences.get({})).theme).toBe('light')
    fake.emitPreferences({ ...defaultPreferences, theme: 'dark', language: 'de' })
    expect([root.dataset['theme'], root.lang]).toEqual(['dark', 'de'])
    await fake.bridge.preferences.set({ theme: 'light' })
    preferences.setState({ theme: 'dark' })
    await expect.poll(async () => (await fake.bridge.preferences.get({})).theme).toBe('dark')
    fake.missPreferences({ ...defaultPreferences, theme: 'light' })
    expect(root.dataset['theme']).toBe('dark')
    fake.emitConnection('connected')
    await expect.poll(() => root.dataset['theme']).toBe('light')
  })
})
