import { beforeEach, describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { render } from 'vitest-browser-react'
import { CommandButton } from '../../app/CommandButton.tsx'
import { useCommands } from '../../app/commands.ts'
import { createFakeBridge } from '../../app/fake-bridge.test-support.ts'
import { preferences } from '../../app/preferences.ts'
import { Surroundings } from '../../app/render.test-support.tsx'
import { noteExport, openProject, resetSession, setTourStep, startTour } from '../../app/session.ts'
import { Tour } from './Tour.tsx'

/** A project whose first class has been taught and segmented: the tour begins where that ends. */
function Screen() {
  useCommands([{ id: 'export.open', labelKey: 'export.command.open', keys: [], run: () => undefined }])
  return (
    <div className="flex flex-1 flex-col">
      <Tour />
      <CommandButton id="export.open" />
    </div>
  )
}

const strip = () => page.getByTestId('tour')

describe('the guided tour', () => {
  beforeEach(() => resetSession())

  async function show() {
    openProject('p1')
    await render(
      <Surroundings fake={createFakeBridge()}>
        <Screen />
      </Surroundings>,
    )
  }

  it('shows nothing until it is started, then the first step that is still to be done', async () => {
    await show()
    await expect.element(strip()).not.toBeInTheDocument()
    startTour()
    // The project has accepted masks and examples, but no batch has run.
    await expect.element(strip()).toHaveAttribute('data-step', 'segment')
    await expect.element(strip().getByRole('status')).toMatchTextContent(/Step 4 of 6/)
  })

  it('points at the control, goes on by itself and ends', async () => {
    await show()
    setTourStep(5)
    const button = page.getByRole('button', { name: 'Export' })
    await expect.element(button).toHaveAttribute('data-pointed')
    noteExport()
    await expect.element(strip()).toHaveAttribute('data-step', 'done')
    await expect.element(button).not.toHaveAttribute('data-pointed')
    await strip().getByRole('button', { name: 'Close' }).click()
    await expect.element(strip()).not.toBeInTheDocument()
    expect(preferences.getState().tourSeen).toBe(true)
  })

  it('can be skipped through and left with the keyboard alone', async () => {
    await show()
    setTourStep(3)
    await expect.element(strip()).toHaveAttribute('data-step', 'segment')
    await userEvent.tab()
    await userEvent.keyboard('{Enter}')
    // Reviewing is done in this project: exporting is next.
    await expect.element(strip()).toHaveAttribute('data-step', 'export')
    await userEvent.tab()
    await expect.element(strip().getByRole('button', { name: 'Leave the tour' })).toHaveFocus()
    await userEvent.keyboard('{Enter}')
    await expect.element(strip()).not.toBeInTheDocument()
  })
})
