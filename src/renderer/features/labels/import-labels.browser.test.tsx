import { beforeEach, describe, expect, it } from 'vitest'
import { page } from 'vitest/browser'
import { render } from 'vitest-browser-react'
import { createFakeBridge } from '../../app/fake-bridge.test-support.ts'
import type { FakeBridge, FakeOptions } from '../../app/fake-bridge.test-support.ts'
import { Surroundings } from '../../app/render.test-support.tsx'
import { AppError } from '../../../shared/errors.ts'
import { openProject, resetSession } from '../../app/session.ts'
import { ImportLabelsDialog } from './ImportLabelsDialog.tsx'

async function show(options: FakeOptions = {}): Promise<FakeBridge> {
  const fake = createFakeBridge(options)
  await render(
    <Surroundings fake={fake}>
      <ImportLabelsDialog onClose={() => undefined} />
    </Surroundings>,
  )
  return fake
}

const specs = (fake: FakeBridge): unknown[] =>
  fake.calls.filter(({ name }) => name === 'annotations.import').map(({ input }) => input)

describe('importing annotations', () => {
  beforeEach(() => {
    resetSession()
    openProject('p1')
  })

  it('looks first, says what would happen, and imports when told to', async () => {
    const fake = await show()
    const check = page.getByRole('button', { name: 'Look first' })
    await expect.element(check).toBeDisabled()
    await page.getByRole('button', { name: 'home' }).click()
    await page.getByRole('button', { name: 'photos' }).click()
    await page.getByRole('button', { name: 'instances.json' }).click()
    await page.getByLabelText('Where an image has annotations of a class already').selectOptions('replace')
    await check.click()
    const report = page.getByTestId('import-labels-report')
    await expect.element(report).toMatchTextContent(/12 annotations would be imported on 4 images/)
    await expect.element(report).toMatchTextContent(/New classes: nut/)
    await expect.element(report).toMatchTextContent(/2 of mine make room/)
    await expect.element(report).toMatchTextContent(/b\.jpg is not an image of this project/)
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    await expect.element(report).toMatchTextContent(/Imported 12 annotations on 4 images/)
    const spec = {
      ...{ format: 'coco', as: 'accepted', conflicts: 'replace' },
      ...{ empty: 'stated', orientation: 'displayed', outline: 'edges' },
    }
    expect(specs(fake)).toEqual([
      { projectId: 'p1', placeId: 'instances', spec: { ...spec, dryRun: true } },
      { projectId: 'p1', placeId: 'instances', spec: { ...spec, dryRun: false } },
    ])
  })

  it('offers to read the masks the other way, and to fetch missing pictures from a folder', async () => {
    const fake = await show()
    await page.getByRole('button', { name: 'home' }).click()
    await page.getByRole('button', { name: 'photos' }).click()
    await page.getByRole('button', { name: 'instances.json' }).click()
    await page.getByRole('button', { name: 'Look first' }).click()
    const turned = page.getByTestId('import-labels-other-orientation')
    await expect.element(turned).toMatchTextContent(/The masks of 3 images lie on the pixels as their files store them/)
    await turned.getByRole('button', { name: 'Read as stored pixels' }).click()
    const report = page.getByTestId('import-labels-report')
    await expect.element(report).toMatchTextContent(/Masks of 3 images are turned from stored pixels/)
    await expect.element(turned).not.toBeInTheDocument()

    const missing = page.getByTestId('import-labels-missing')
    await expect.element(missing).toMatchTextContent(/1 image of the file is not in this project/)
    await missing.getByRole('button', { name: 'Their pictures are in a folder…' }).click()
    await page.getByRole('button', { name: 'Look in “photos”' }).click()
    await expect.element(report).toMatchTextContent(/1 image is added to the project first/)
    await expect.element(missing).not.toBeInTheDocument()
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    await expect.element(report).toMatchTextContent(/Imported 12 annotations/)
    expect(specs(fake).map((input) => input as object)).toMatchObject([
      { spec: { orientation: 'displayed', dryRun: true } },
      { spec: { orientation: 'stored', dryRun: true } },
      { spec: { orientation: 'stored', dryRun: true }, imagesPlaceId: 'photos' },
      { spec: { orientation: 'stored', dryRun: false }, imagesPlaceId: 'photos' },
    ])
  })

  it.each([
    [5, /^5 images are marked as looked at and empty/, true],
    [0, /^Nothing to import/, false],
  ])('with nothing but %i empty images there is something to import or not', async (reviewedEmpty, text, isEnabled) => {
    const nothing = {
      annotations: 0,
      images: 0,
      reviewed: 0,
      otherOrientation: 0,
      missing: 0,
      classes: [],
      problems: [{ name: 'a.json', reason: 'Annotation 1 was left out.' }],
      unlisted: 1_999_999,
    }
    const fake = await show({ annotationImport: { ...nothing, reviewedEmpty } })
    await page.getByRole('button', { name: 'home' }).click()
    await page.getByRole('button', { name: 'photos' }).click()
    await page.getByRole('button', { name: 'instances.json' }).click()
    await page.getByLabelText('Images without annotations').selectOptions('reviewed')
    await page.getByRole('button', { name: 'Look first' }).click()
    await expect.element(page.getByTestId('import-labels-report')).toMatchTextContent(text)
    await expect.element(page.getByText('2,000,000 problems')).toBeVisible()
    const button = page.getByRole('button', { name: 'Import', exact: true })
    await expect.poll(() => button.element().matches(':enabled')).toBe(isEnabled)
    expect(specs(fake)).toMatchObject([{ spec: { empty: 'reviewed' } }])
  })

  it('says what it has recognised, and brings results in as proposals', async () => {
    const fake = await show({ recognised: 'coco-results' })
    await page.getByRole('button', { name: 'home' }).click()
    await page.getByRole('button', { name: 'photos' }).click()
    await page.getByRole('button', { name: 'instances.json' }).click()
    await page.getByRole('button', { name: 'Look first' }).click()
    const said = page.getByTestId('import-labels-format')
    await expect
      .element(said)
      .toMatchTextContent(/^Read as COCO results: “instances.json”\. What it holds comes in as proposals to review\./)
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    await expect.poll(() => specs(fake)).toHaveLength(2)
    expect(specs(fake)[1]).toMatchObject({ spec: { format: 'coco-results', as: 'proposed', dryRun: false } })
    // Found out once.
    expect(fake.calls.filter(({ name }) => name === 'formats.recognise')).toHaveLength(1)
  })

  it('recognises each place anew, and a folder where no file was picked', async () => {
    const fake = await show()
    await page.getByRole('button', { name: 'home' }).click()
    await page.getByRole('button', { name: 'photos' }).click()
    await page.getByRole('button', { name: 'instances.json' }).click()
    await page.getByRole('button', { name: 'Look first' }).click()
    await expect.element(page.getByTestId('import-labels-format')).toMatchTextContent(/instances\.json/)
    await page.getByRole('button', { name: 'Back' }).click()
    await page.getByRole('button', { name: 'instances.json' }).click()
    await page.getByRole('button', { name: 'Look first' }).click()
    await expect.element(page.getByTestId('import-labels-format')).toMatchTextContent(/“photos”/)
    expect(specs(fake)).toMatchObject([
      { placeId: 'instances', spec: { format: 'coco' } },
      { placeId: 'photos', spec: { format: 'masks' } },
    ])
  })

  it('says why nothing was recognised, and asks for the format', async () => {
    const fake = await show({ recognised: new AppError('InvalidInput', 'formatUnknown', 'photos shows no format.') })
    await page.getByRole('button', { name: 'home' }).click()
    await page.getByRole('button', { name: 'photos' }).click()
    await page.getByRole('button', { name: 'Look first' }).click()
    await expect.element(page.getByRole('alert')).toMatchTextContent(/shows no format that is known here/)
    expect(specs(fake)).toEqual([])
    await page.getByLabelText('Format').selectOptions('masks')
    await page.getByRole('button', { name: 'Look first' }).click()
    await expect.poll(() => specs(fake)).toHaveLength(1)
  })

  it('takes a folder where the format is one, and says what that format cannot hold', async () => {
    const fake = await show()
    await page.getByLabelText('Format').selectOptions('masks')
    await expect.element(page.getByText('This format cannot hold: masks that overlap and boxes.')).toBeVisible()
    await page.getByRole('button', { name: 'home' }).click()
    await page.getByRole('button', { name: 'photos' }).click()
    await expect.element(page.getByRole('button', { name: 'instances.json' })).not.toBeInTheDocument()
    await page.getByRole('button', { name: 'Look first' }).click()
    await expect.poll(() => specs(fake)).toHaveLength(1)
    expect(specs(fake)[0]).toMatchObject({ placeId: 'photos', spec: { format: 'masks' } })
  })

  it('asks what the rings run along where the format leaves it open, and only there', async () => {
    const fake = await show()
    await expect.element(page.getByLabelText('Outlines')).not.toBeInTheDocument()
    await page.getByLabelText('Format').selectOptions('yolo')
    await page.getByLabelText('Outlines').selectOptions('Through the centres of pixels')
    await page.getByRole('button', { name: 'home' }).click()
    await page.getByRole('button', { name: 'photos' }).click()
    await page.getByRole('button', { name: 'Look first' }).click()
    await expect.poll(() => specs(fake)).toMatchObject([{ spec: { format: 'yolo', outline: 'centres' } }])
  })

  it('asks it of a format that was recognised too, and looks again', async () => {
    const fake = await show({ recognised: 'yolo' })
    await page.getByRole('button', { name: 'home' }).click()
    await page.getByRole('button', { name: 'photos' }).click()
    await page.getByRole('button', { name: 'Look first' }).click()
    await page.getByLabelText('Outlines').selectOptions('Through the centres of pixels')
    await expect
      .poll(() => specs(fake))
      .toMatchObject([
        { spec: { format: 'yolo', outline: 'edges', dryRun: true } },
        { spec: { format: 'yolo', outline: 'centres', dryRun: true } },
      ])
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    await expect.poll(() => specs(fake)[2]).toMatchObject({ spec: { outline: 'centres', dryRun: false } })
  })
})
