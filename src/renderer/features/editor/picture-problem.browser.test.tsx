import { QueryClientProvider } from '@tanstack/react-query'
import { beforeEach, expect, it } from 'vitest'
import { page } from 'vitest/browser'
import { render } from 'vitest-browser-react'
import { AppError } from '../../../shared/errors.ts'
import { BridgeProvider } from '../../app/bridge-context.tsx'
import { createQueryClient } from '../../app/queries.ts'
import '../../app/render.test-support.tsx'
import { resetSession, session } from '../../app/session.ts'
import { TooltipProvider } from '../../ui/Tooltip.tsx'
import { EditorScreen } from './EditorScreen.tsx'
import { MemoryProject } from './memory-project.test-support.ts'

beforeEach(() => resetSession())

it('stands in for a picture that is gone, says where it belongs, and lets it in again', async () => {
  const project = new MemoryProject()
  let isGone = true
  const bridge = {
    ...project.bridge,
    media: (...parameters: Parameters<typeof project.bridge.media>) =>
      isGone && parameters[0].includes('/tile/')
        ? Promise.reject(
            new AppError('Io', 'imageGone', 'gone', { params: { file: 'a.jpg', path: '/home/me/photos/a.jpg' } }),
          )
        : project.bridge.media(...parameters),
  }
  session.setState({ screen: 'editor', projectId: project.projectId, imageId: 'image' })
  await render(
    <QueryClientProvider client={createQueryClient()}>
      <BridgeProvider bridge={bridge}>
        <TooltipProvider>
          <div style={{ position: 'fixed', inset: 0, display: 'flex' }}>
            <EditorScreen />
          </div>
        </TooltipProvider>
      </BridgeProvider>
    </QueryClientProvider>,
  )
  const problem = page.getByTestId('picture-problem')
  await expect
    .element(problem)
    .toMatchTextContent(
      /a\.jpg was moved or deleted: \/home\/me\/photos\/a\.jpg is not there any more; put it back there, then try again\./,
    )
  await problem.getByRole('button', { name: 'Try again' }).click()
  await expect.element(problem).toBeVisible()
  isGone = false
  await problem.getByRole('button', { name: 'Try again' }).click()
  await expect.element(problem).not.toBeInTheDocument()
  await expect.poll(() => page.getByTestId('editor').element().getAttribute('data-ready')).toBe('true')
})
