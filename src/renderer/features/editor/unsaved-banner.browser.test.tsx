import { beforeEach, describe, expect, it } from 'vitest'
import { page } from 'vitest/browser'
import { render } from 'vitest-browser-react'
import { AppError } from '../../../shared/errors.ts'
import { createFakeBridge } from '../../app/fake-bridge.test-support.ts'
import { Surroundings } from '../../app/render.test-support.tsx'
import { openProject, resetSession, session } from '../../app/session.ts'
import { commitQueueOf } from './commit-queue.ts'
import { UnsavedBanner } from './UnsavedBanner.tsx'

describe('what the gallery says of unsaved changes', () => {
  beforeEach(() => resetSession())

  it('names the reason, warns before the page is left and leads back to the image', async () => {
    const fake = createFakeBridge({})
    const refuse = () => Promise.reject(new AppError('Io', 'databaseUnwritable', 'The disk is full.'))
    const bridge = { ...fake.bridge, history: { ...fake.bridge.history, commit: refuse } }
    openProject('p1')
    await render(
      <Surroundings fake={{ ...fake, bridge }}>
        <UnsavedBanner />
      </Surroundings>,
    )
    const leave = () => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }))
    expect(page.getByTestId('unsaved').elements()).toEqual([])
    expect(leave()).toBe(false)
    const entry = { id: 'e', labelKey: 'stroke', labelParams: {}, imageIds: ['i3'], operations: [] }
    commitQueueOf<null>(bridge, 'p1').push({ imageId: 'i3', entry, gesture: null })
    await expect.element(page.getByTestId('unsaved')).toMatchTextContent(/The disk is full\./)
    expect(leave()).toBe(true)
    await page.getByRole('button', { name: 'Open that image' }).click()
    expect(session.getState()).toMatchObject({ screen: 'editor', imageId: 'i3' })
  })
})
