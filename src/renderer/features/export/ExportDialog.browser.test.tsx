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
        spec: {
          format: 'coco',
          segmentation: 'rle',
          include: 'all',
          images: 'none',
          orientation: 'displayed',
          simplify: 0,
          split: null,
        },
      },
    })
  })

  it('splits, simplifies and turns as chosen, and only where the format can', async () => {
    const subsets = [
      { name: 'train', share: 0.7, images: 8, reached: 0.8 },
      { name: 'val', share: 0.3, images: 2, reached: 0.2 },
    ]
    const fake = await show({
      exportReport: { subsets, simplification: { masks: 1204, meanIou: 0.987, minIou: 0.9 } },
    })
    await dialog().getByText('More: simplify, EXIF, splits').click()
    await dialog().getByLabelText('Fewer corners').selectOptions('Up to 1 px off')
    await dialog().getByLabelText('Pictures turned by their camera').selectOptions('Masks on stored pixels')
    await dialog().getByLabelText('Subsets').selectOptions('By near-duplicates')
    await dialog().getByRole('button', { name: 'home', exact: true }).click()
    await dialog().getByLabelText('Shares').fill('train=0.7')
    await expect.element(run()).toBeDisabled()
    await dialog().getByLabelText('Shares').fill('train=0.7,val=0.3')
    await dialog().getByLabelText('Seed').fill('5')
    await run().click()
    await expect.element(page.getByTestId('export-subsets')).toMatchTextContent(/train: 8 images, 80 % \(70 % wanted\)/)
    await expect.element(page.getByTestId('export-simplified')).toMatchTextContent(/98\.7 % IoU.*90 % at worst/)
    const shares = subsets.map(({ name, share }) => ({ name, share }))
    const chosen = { orientation: 'stored', simplify: 1, split: { by: 'near-duplicate', seed: 5, subsets: shares } }
    expect(fake.calls.at(-1)).toMatchObject({ input: { spec: chosen } })
    await dialog().getByRole('button', { name: 'Export again' }).click()
    await dialog().getByLabelText('Format').selectOptions('Mask images')
    await run().click()
    await expect.element(page.getByTestId('export-identical')).toBeInTheDocument()
    const plain = { orientation: 'displayed', simplify: 0, split: null }
    expect(fake.calls.at(-1)).toMatchObject({ input: { spec: plain } })
  })

  it('says before writing what of this project the format cannot hold', async () => {
    const fake = await show()
    await expect.element(dialog().getByLabelText('Format')).toBeInTheDocument()
    await expect.element(page.getByTestId('export-not-held')).not.toBeInTheDocument()
    expect(fake.calls.map(({ name }) => name)).not.toContain('export.contents')
    await dialog().getByLabelText('Format').selectOptions('Mask images')
    const notHeld = page.getByTestId('export-not-held')
    await expect.element(notHeld).toMatchTextContent(/cannot hold all of this project: 12 boxes, 1 mask over another\./)
    await dialog().getByLabelText('Format').selectOptions('COCO')
    await expect.element(notHeld).not.toBeInTheDocument()
  })

  it('splits YOLO too, and asks nothing else of it that only COCO has', async () => {
    const fake = await show({ exportContents: { boxes: 0, overlaps: 0 } })
    await dialog().getByLabelText('Format').selectOptions('YOLO')
    await expect.element(page.getByTestId('export-not-held')).not.toBeInTheDocument()
    await dialog().getByText('More: splits').click()
    await expect.element(dialog().getByLabelText('Fewer corners')).not.toBeInTheDocument()
    await dialog().getByLabelText('Subsets').selectOptions('By folder')
    await dialog().getByRole('button', { name: 'home', exact: true }).click()
    await run().click()
    await expect.element(page.getByTestId('export-identical')).toBeInTheDocument()
    expect(fake.calls.at(-1)).toMatchObject({ input: { spec: { format: 'yolo', split: { by: 'folder', seed: 1 } } } })
  })

  it('lists every mask that came back different', async () => {
    const problems = [{ name: 'a.jpg', reason: 'The mask of “bolt” differs.' }]
    await show({ exportReport: { identical: 1203, problems, unlisted: 1_999_999 } })
    await dialog().getByLabelText('Format').selectOptions('Mask images')
    await expect.element(dialog().getByLabelText('Segmentation')).not.toBeInTheDocument()
    await dialog().getByRole('button', { name: 'home', exact: true }).click()
    await run().click()
    await expect.element(page.getByTestId('export-identical')).toMatchTextContent(/1,203 of 1,204 masks identical/)
    await expect
      .element(page.getByTestId('problems'))
      .toMatchTextContent(/The mask of “bolt” differs\.1,999,999 more, not listed\./)
    await expect.element(page.getByText('2,000,000 problems')).toBeVisible()
  })

  it('says what a reader would change, and changes the export so that it does not', async () => {
    const fake = await show()
    await dialog().getByLabelText('Segmentation').selectOptions('RLE, compressed')
    await dialog().getByLabelText('What will read the file?').selectOptions('Ultralytics')
    await dialog().getByRole('button', { name: 'Check' }).click()
    const check = page.getByTestId('reader-check')
    await expect
      .element(check)
      .toMatchTextContent(/7 of 9 annotations arrive as they are stored\. Mean IoU 0\.950, worst 0\.875\./)
    await dialog().getByRole('button', { name: 'Write polygons instead' }).click()
    // What was found is about the export as it was.
    await expect.element(check).not.toMatchTextContent(/arrive as they are stored/)
    await dialog().getByRole('button', { name: 'Check' }).click()
    await expect.element(check).toMatchTextContent(/9 of 9 annotations arrive/)
    expect(fake.calls.filter(({ name }) => name === 'export.preflight').map(({ input }) => input)).toEqual([
      { projectId: 'p1', reader: 'ultralytics', spec: expect.objectContaining({ segmentation: 'rle' }) as unknown },
      { projectId: 'p1', reader: 'ultralytics', spec: expect.objectContaining({ segmentation: 'polygon' }) as unknown },
    ])
  })

  it('goes over to YOLO with outlines through pixel centres where that keeps more', async () => {
    const exportReport = { filledAs: 'ultralytics' } as const
    const fake = await show({ exportContents: { boxes: 0, overlaps: 0 }, exportReport })
    await dialog().getByLabelText('Segmentation').selectOptions('RLE, compressed')
    await expect.element(dialog().getByLabelText('Outlines')).not.toBeInTheDocument()
    await dialog().getByLabelText('What will read the file?').selectOptions('Ultralytics')
    await dialog().getByRole('button', { name: 'Check' }).click()
    await expect.element(page.getByTestId('reader-check')).toMatchTextContent(/through pixel centres\s*Mean IoU 0\.990/)
    await dialog().getByRole('button', { name: 'Export YOLO through pixel centres' }).click()
    await expect.element(dialog().getByLabelText('Outlines')).toHaveValue('centres')
    await dialog().getByRole('button', { name: 'home', exact: true }).click()
    await run().click()
    await expect.element(page.getByTestId('export-report')).toMatchTextContent(/read back as Ultralytics fills it/)
    expect(fake.calls.at(-1)).toMatchObject({ input: { spec: { format: 'yolo', outline: 'centres' } } })
  })

  it('says so when there was nothing to export', async () => {
    await show({ exportReport: { annotations: 0, identical: 0 } })
    await dialog().getByRole('button', { name: 'home', exact: true }).click()
    await run().click()
    await expect.element(page.getByTestId('export-identical')).toMatchTextContent(/There was nothing to export\./)
  })
})
