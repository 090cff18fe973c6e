import { describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { render } from 'vitest-browser-react'
import { registerCommands } from '../../app/commands.ts'
import { createFakeBridge } from '../../app/fake-bridge.test-support.ts'
import { startKeyboard } from '../../app/keyboard.ts'
import { Surroundings } from '../../app/render.test-support.tsx'
import { HelpDialog } from './HelpDialog.tsx'

describe('the shortcut sheet', () => {
  it('lists the registered commands, finds them by name and by key, and keeps their keys from acting', async () => {
    let undone = 0
    const stops = [
      startKeyboard(window),
      registerCommands([
        { id: 'app.undo', labelKey: 'common.undo', keys: ['Ctrl+Z'], run: () => void undone++ },
        { id: 'app.redo', labelKey: 'common.redo', keys: ['Ctrl+Shift+Z', 'Ctrl+Y'], run: () => undefined },
        { id: 'gallery.import', labelKey: 'gallery.command.import', keys: [], run: () => undefined },
      ]),
    ]
    await userEvent.keyboard('{Control>}z{/Control}')
    expect(undone).toBe(1)
    await render(
      <Surroundings fake={createFakeBridge()}>
        <HelpDialog onClose={() => undefined} />
      </Surroundings>,
    )
    const rows = page.getByTestId('help-command')
    expect(rows.elements().map((row) => row.textContent)).toEqual([
      'UndoCtrl+Z',
      'RedoCtrl+Shift+ZCtrl+Y',
      'Import imagesno key',
    ])
    // The search field has the focus.
    await userEvent.keyboard('ctrl+y')
    await expect.poll(() => rows.elements().length).toBe(1)
    await expect.element(rows).toMatchTextContent(/Redo/)
    await page.getByRole('searchbox').fill('import')
    await expect.element(rows).toMatchTextContent(/Import images/)
    await page.getByRole('searchbox').fill('zebra')
    await expect.element(page.getByText('No action matches “zebra”.')).toBeVisible()
    await userEvent.keyboard('{Control>}z{/Control}')
    expect(undone).toBe(1)
    for (const stop of stops) stop()
  })
})
