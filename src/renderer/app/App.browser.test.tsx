import { beforeEach, expect, it } from 'vitest'
import { page } from 'vitest/browser'
import { render } from 'vitest-browser-react'
import { startTranslation } from '../i18n/index.ts'
import '../ui/styles.css'
import { App } from './App.tsx'
import { createFakeBridge } from './fake-bridge.test-support.ts'
import { createQueryClient } from './queries.ts'
import { resetSession, session } from './session.ts'

startTranslation()
beforeEach(() => resetSession())

it('shows a project that was opened from outside the page', async () => {
  const fake = createFakeBridge()
  await render(<App bridge={fake.bridge} client={createQueryClient()} />)
  await expect.element(page.getByTestId('welcome')).toBeVisible()
  fake.emitProjectOpened('p1')
  await expect.poll(() => session.getState()).toMatchObject({ projectId: 'p1', screen: 'gallery' })
  await expect.element(page.getByTestId('welcome')).not.toBeInTheDocument()
})
