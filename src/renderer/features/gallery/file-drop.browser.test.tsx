import { beforeEach, describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { render } from 'vitest-browser-react'
import { drop, dragOver, leaveWindow } from '../../app/drop.test-support.ts'
import type { Tree } from '../../app/drop.test-support.ts'
import { createFakeBridge } from '../../app/fake-bridge.test-support.ts'
import type { FakeBridge, FakeOptions } from '../../app/fake-bridge.test-support.ts'
import { filesOfField } from '../../app/given-files.ts'
import { useFileDrop } from '../../app/file-drop.tsx'
import { Surroundings } from '../../app/render.test-support.tsx'
import { openProject, resetSession, session } from '../../app/session.ts'
import { GalleryScreen } from './GalleryScreen.tsx'

/** As the app does: whatever is open, the page is never left for a file. */
function Guard(): null {
  useFileDrop(null)
  return null
}

async function show(options: FakeOptions = {}): Promise<FakeBridge> {
  const fake = createFakeBridge(options)
  openProject('p1')
  await render(
    <Surroundings fake={fake}>
      <Guard />
      <GalleryScreen sidebar={null} />
    </Surroundings>,
  )
  return fake
}

const photos: Tree = {
  'one.jpg': 'x',
  'notes.txt': 'x',
  photos: {
    'b.png': 'x',
    'a.jpg': 'x',
    'c.TIFF': 'x',
    'film.mp4': 'x',
    '.hidden.jpg': 'x',
    deep: { deeper: { 'd.webp': 'x' }, '.git': { 'e.jpg': 'x' } },
    work: { 'project.db': 'x', cache: { 'f.jpg': 'x' }, images: { 'g.jpg': 'x' } },
  },
}

const received = (fake: FakeBridge): unknown => fake.calls.find((call) => call.name === 'receive')?.input
const hint = () => page.getByTestId('drop-hint')

describe('dropping files on the gallery', () => {
  beforeEach(() => resetSession())

  it('says what dropping does while they are over the window, and no longer', async () => {
    await show()
    expect(dragOver(photos).defaultPrevented).toBe(true)
    await expect.element(hint()).toMatchTextContent(/Drop images or folders to import them/)
    leaveWindow()
    await expect.element(hint()).not.toBeInTheDocument()
  })

  it('imports files and folders with everything below them, as an import by path does', async () => {
    const fake = await show({
      importReport: {
        added: 5,
        notices: [{ name: 'c.TIFF', reason: 'c.TIFF holds 3 pages and only the first was added.' }],
        problems: [{ name: 'notes.txt', reason: 'notes.txt is not a JPEG.' }],
      },
      receiveProblems: [{ name: 'huge.tif', reason: 'huge.tif is larger than allowed.' }],
    })
    expect(drop(photos).defaultPrevented).toBe(true)
    const report = page.getByTestId('import-report')
    await expect.element(report).toMatchTextContent(/Added 5 images\./)
    await expect.element(report).toMatchTextContent(/1 file was added in part:.*holds 3 pages/)
    await expect.element(report).toMatchTextContent(/2 files could not be read.*huge\.tif.*notes\.txt/)
    expect(received(fake)).toEqual([
      'one.jpg',
      'notes.txt',
      'a.jpg',
      'b.png',
      'c.TIFF',
      'deep/deeper/d.webp',
      'work/images/g.jpg',
    ])
    // What was received is temporary, so it is copied whatever the box says.
    expect(fake.calls).toContainEqual({
      name: 'images.import',
      input: { projectId: 'p1', placeIds: ['handed-over'], copy: true },
    })
  })

  it('shows what is being received, and a cancellation answers at once and says what was kept', async () => {
    let aborted = false
    const fake = await show({
      receiving: (signal) =>
        new Promise((resolve) => {
          signal?.addEventListener('abort', () => {
            aborted = true
            resolve()
          })
        }),
    })
    drop({ 'one.jpg': 'x', 'two.jpg': 'x' })
    const dialog = page.getByTestId('import')
    await expect.element(dialog).toMatchTextContent(/Receiving two\.jpg/)
    await expect.element(dialog).toMatchTextContent(/2 so far/)
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await expect.poll(() => aborted).toBe(true)
    await expect
      .poll(() => session.getState().announcements.map(({ text }) => text))
      .toEqual(['Cancelled before anything was added. Nothing was kept.'])
    expect(fake.calls.some((call) => call.name === 'images.import')).toBe(false)
    // The dialog is open for another try, and takes a drop itself.
    await expect.element(dialog.getByRole('button', { name: 'Choose files…' })).toBeVisible()
    dragOver(photos)
    await expect.element(dialog.getByTestId('drop-hint')).toBeInTheDocument()
  })

  it('takes nothing while an import runs, and the page stays', async () => {
    const fake = await show({ receiving: () => new Promise(() => undefined) })
    drop({ 'one.jpg': 'x' })
    await expect.element(page.getByTestId('import')).toMatchTextContent(/Receiving one\.jpg/)
    const over = dragOver(photos)
    expect([over.defaultPrevented, over.dataTransfer?.dropEffect]).toEqual([true, 'none'])
    await expect.element(hint()).not.toBeInTheDocument()
    expect(drop({ 'two.jpg': 'x' }).defaultPrevented).toBe(true)
    expect(fake.calls.filter((call) => call.name === 'receive')).toHaveLength(1)
  })

  it('leaves text and links that are dragged alone', async () => {
    await show()
    const event = new DragEvent('dragover', { dataTransfer: new DataTransfer(), bubbles: true, cancelable: true })
    document.body.dispatchEvent(event)
    expect(event.defaultPrevented).toBe(false)
    await expect.element(hint()).not.toBeInTheDocument()
  })

  it('takes nothing behind an open dialog', async () => {
    const fake = await show()
    const dialog = document.createElement('dialog')
    document.body.append(dialog)
    dialog.showModal()
    try {
      dragOver({ 'a.jpg': 'x' })
      await expect.element(hint()).not.toBeInTheDocument()
      drop({ 'a.jpg': 'x' })
      await expect.element(page.getByTestId('import')).not.toBeInTheDocument()
      expect(received(fake)).toBeUndefined()
    } finally {
      dialog.remove()
    }
    drop({ 'a.jpg': 'x' })
    await expect.poll(() => received(fake)).toEqual(['a.jpg'])
  })

  it('has the same for the keyboard: the dialog chooses files', async () => {
    const fake = await show()
    await page.getByRole('button', { name: 'Import images' }).first().click()
    const dialog = page.getByTestId('import')
    await expect.element(dialog.getByRole('button', { name: 'Choose a folder…' })).toBeVisible()
    const field = document.querySelector<HTMLInputElement>('input[type=file]')
    if (field === null) throw new Error('there is no field for files')
    expect(field.multiple).toBe(true)
    await userEvent.upload(field, [new File(['x'], 'one.jpg', { type: 'image/jpeg' })])
    await expect.element(page.getByTestId('import-report')).toMatchTextContent(/Added 2 images\./)
    expect(received(fake)).toEqual(['one.jpg'])
  })

  it("leaves choosing to the system's dialogs where there are any", async () => {
    await show({ chosen: [] })
    await page.getByRole('button', { name: 'Import images' }).first().click()
    const dialog = page.getByTestId('import')
    await expect.element(dialog.getByRole('button', { name: 'Choose a folder in a system dialog…' })).toBeVisible()
    await expect.element(dialog.getByRole('button', { name: 'Choose a folder…' })).not.toBeInTheDocument()
  })
})

/** A file as a folder field gives it. */
function below(path: string): File {
  const file = new File(['x'], path.split('/').at(-1) ?? '')
  Object.defineProperty(file, 'webkitRelativePath', { value: path })
  return file
}

it('a chosen folder gives the same paths as a dropped one', async () => {
  const files = ['p/a.jpg', 'p/.x/b.jpg', 'p/c.txt', 'p/s/d.png', 'p/cache/e.jpg', 'p/project.db'].map(below)
  const picked = filesOfField(Object.assign(files, { item: (at: number) => files[at] ?? null }))
  const paths: string[] = []
  for await (const { path } of picked.walk()) paths.push(path)
  expect(paths).toEqual(['a.jpg', 's/d.png'])
  // The desktop window uses the files where they lie: the same ones.
  expect(picked.roots.map(({ name }) => name)).toEqual(['a.jpg', 'd.png'])
  expect(await picked.projectName()).toBe('p')
})
