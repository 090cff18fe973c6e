import { beforeEach, describe, expect, it } from 'vitest'
import { page } from 'vitest/browser'
import { render } from 'vitest-browser-react'
import { createFakeBridge } from '../../app/fake-bridge.test-support.ts'
import type { FakeOptions } from '../../app/fake-bridge.test-support.ts'
import { Surroundings } from '../../app/render.test-support.tsx'
import { openProject, resetSession } from '../../app/session.ts'
import { ExportDialog } from './ExportDialog.tsx'

async function show(options: FakeOptions = {}) {
  const fake = createFakeBridge(options)
  openProject('p1')
  await render(
    <Surroundings fake={fake}>
      <ExportDialog onClose={() => undefined} />
    </Surroundings>,
  )
  return fake
}

const dialog = () => page.getByTestId('export')
const run = () => dialog().getByRole('button', { name: 'Export', exact: true })

describe('the export dialog', () => {
  beforeEach(() => resetSession())

  it('says before writing that nothing would be in it, and how to change that', async () => {
    await show({ classNames: [] })
    await expect.element(page.getByTestId('export-nothing')).toMatchTextContent(/Nothing is accepted yet/)
    await dialog().getByLabelText('Annotations').selectOptions('Proposals only')
    await expect.element(page.getByTestId('export-nothing')).toMatchTextContent(/no open proposals/)
    await dialog().getByLabelText('Annotations').selectOptions('Accepted and proposals')
    await expect.element(page.getByTestId('export-nothing')).not.toBeInTheDocument()
  })

  it('writes what was chosen to the folder browsed to and states the count', async () => {
    const fake = await show()
    await expect.element(run()).toBeDisabled()
    await dialog().getByLabelText('Segmentation').selectOptions('RLE, compressed')
    await dialog().getByLabelText('Annotations').selectOptions('Accepted and proposals')
    await dialog().getByLabelText('Name of the export folder').fill('for the trainer')
    await dialog().getByRole('button', { name: 'home', exact: true }).click()
    await run().click()
    await expect.element(page.getByTestId('export-identical')).toMatchTextContent(/1,204 of 1,204 masks identical/)
    expect(fake.calls.at(-1)).toEqual({
      name: 'export.run',
      input: {
        projectId: 'p1',
        placeId: 'home',
        name: 'for the trainer',
        spec: { format: 'coco', segmentation: 'rle', include: 'all', images: 'none' },
      },
    })
  })

  it('lists every mask that came back different', async () => {
    const problems = [{ name: 'a.jpg', reason: 'The mask of “bolt” differs.' }]
    await show({ exportReport: { identical: 1203, problems } })
    await dialog()
      .getByRole('radio', { name: /Mask images/ })
      .click()
    await expect.element(dialog().getByLabelText('Segmentation')).not.toBeInTheDocument()
    await dialog().getByRole('button', { name: 'home', exact: true }).click()
    await run().click()
    await expect.element(page.getByTestId('export-identical')).toMatchTextContent(/1,203 of 1,204 masks identical/)
    await expect.element(page.getByTestId('problems')).toMatchTextContent(/The mask of “bolt” differs\./)
  })

  it('says so when there was nothing to export', async () => {
    await show({ exportReport: { annotations: 0, identical: 0 } })
    await dialog().getByRole('button', { name: 'home', exact: true }).click()
    await run().click()
    await expect.element(page.getByTestId('export-identical')).toMatchTextContent(/There was nothing to export\./)
  })
})
