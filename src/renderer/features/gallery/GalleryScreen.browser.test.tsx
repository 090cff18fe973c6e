import { beforeEach, describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { render } from 'vitest-browser-react'
import { startKeyboard } from '../../app/keyboard.ts'
import { createFakeBridge } from '../../app/fake-bridge.test-support.ts'
import type { FakeBridge, FakeOptions } from '../../app/fake-bridge.test-support.ts'
import { Surroundings } from '../../app/render.test-support.tsx'
import { openProject, resetSession, session, setGalleryFilter } from '../../app/session.ts'
import { GalleryScreen } from './GalleryScreen.tsx'

async function show(options: FakeOptions): Promise<FakeBridge> {
  const fake = createFakeBridge(options)
  openProject('p1')
  await render(
    <Surroundings fake={fake}>
      <GalleryScreen sidebar={null} />
    </Surroundings>,
  )
  return fake
}

const cells = () => page.getByTestId('gallery-cell')
const named = (number: number) =>
  page.getByRole('option', { name: new RegExp(`IMG_${String(number).padStart(6, '0')}`) })

describe('the gallery', () => {
  beforeEach(() => resetSession())

  it('holds 100,000 images with a bounded number of elements, asking page by page', async () => {
    const fake = await show({ imageCount: 100_000 })
    await expect.element(page.getByTestId('gallery-count')).toMatchTextContent(/100,000 images/)
    await expect.element(cells().first()).toBeVisible()
    const grid = page.getByTestId('gallery-grid').element()
    const most = 80
    for (const part of [0, 0.25, 0.5, 0.99999]) {
      grid.scrollTop = grid.scrollHeight * part
      const expected = Math.floor((100_000 * part) / 1000)
      await expect
        .poll(() => {
          const name = cells().first().element().getAttribute('data-image-name') ?? ''
          return Math.abs(Number(/^day-(\d+)/.exec(name)?.[1] ?? -100) - expected) <= 1
        })
        .toBe(true)
      expect(cells().elements().length).toBeLessThan(most)
    }
    await expect.element(named(99_999)).toBeInTheDocument()
    const lists = fake.calls.filter((call) => call.name === 'images.list')
    expect(lists.length).toBeLessThan(20)
    for (const { input } of lists) expect(input).toMatchObject({ limit: 200 })
    expect(document.querySelectorAll('*').length).toBeLessThan(2500)
  })

  it('lets every thumbnail go that has scrolled away', async () => {
    const created: string[] = []
    const revoked: string[] = []
    const { createObjectURL, revokeObjectURL } = URL
    URL.createObjectURL = (blob: Blob) => {
      const url = createObjectURL(blob)
      created.push(url)
      return url
    }
    URL.revokeObjectURL = (url: string) => {
      revoked.push(url)
      revokeObjectURL(url)
    }
    try {
      await show({ imageCount: 5000 })
      await expect.poll(() => document.querySelectorAll('img').length).toBeGreaterThan(10)
      const before = [...created]
      const grid = page.getByTestId('gallery-grid').element()
      grid.scrollTop = grid.scrollHeight / 2
      await expect.poll(() => before.every((url) => revoked.includes(url))).toBe(true)
    } finally {
      URL.createObjectURL = createObjectURL
      URL.revokeObjectURL = revokeObjectURL
    }
  })

  it('selects by click, Ctrl and Shift, and acts on the selection', async () => {
    const fake = await show({ imageCount: 500 })
    await cells().nth(1).click()
    await cells()
      .nth(3)
      .click({ modifiers: ['Control'] })
    expect([...session.getState().selectedImageIds]).toEqual(['i1', 'i3'])
    await cells()
      .nth(6)
      .click({ modifiers: ['Shift'] })
    await expect.poll(() => [...session.getState().selectedImageIds]).toEqual(['i3', 'i4', 'i5', 'i6'])
    await page.getByRole('button', { name: 'Accept proposals' }).click()
    expect(fake.calls).toContainEqual({
      name: 'review.accept',
      input: { projectId: 'p1', imageIds: ['i3', 'i4', 'i5', 'i6'] },
    })
    await page.getByRole('button', { name: 'Mark as reviewed' }).click()
    expect(fake.calls.at(-1)).toMatchObject({ name: 'review.setReviewed', input: { reviewed: true } })
  })

  it('is walked by keyboard: arrows, Space, Ctrl+A, Enter', async () => {
    const stop = startKeyboard(window)
    await show({ imageCount: 700 })
    await expect.element(cells().first()).toBeVisible()
    page.getByTestId('gallery-grid').element().focus()
    await userEvent.keyboard('{ArrowRight}{ArrowRight}{ArrowLeft}')
    expect([...session.getState().selectedImageIds]).toEqual(['i1'])
    await userEvent.keyboard('{End}')
    await expect.element(named(699)).toBeVisible()
    await userEvent.keyboard('{Home} ')
    expect(session.getState().selectedImageIds.has('i0')).toBe(false)
    await userEvent.keyboard('{Control>}a{/Control}')
    await expect.poll(() => session.getState().selectedImageIds.size).toBe(700)
    await userEvent.keyboard('{Enter}')
    expect(session.getState()).toMatchObject({ screen: 'editor', imageId: 'i0' })
    stop()
  })

  it('leaves single letters to the search field', async () => {
    const stop = startKeyboard(window)
    const fake = await show({ imageCount: 50 })
    await cells().first().click()
    await userEvent.keyboard('/')
    await userEvent.keyboard('000007k')
    expect(fake.calls.some((call) => call.name === 'review.setReviewed')).toBe(false)
    await expect.element(page.getByText('No image matches')).toBeVisible()
    await userEvent.keyboard('{Backspace}')
    await expect.element(page.getByTestId('gallery-count')).toMatchTextContent(/1 image/)
    stop()
  })

  it('filters by status and names what to do where nothing is left', async () => {
    const fake = await show({ imageCount: 60 })
    await page.getByTestId('filter-proposals').click()
    await expect.element(page.getByTestId('gallery-count')).toMatchTextContent(/20 images/)
    expect(fake.calls.at(-1)?.input).toMatchObject({ filter: { statuses: ['proposals'] } })
    await page.getByTestId('filter-setAside').click()
    await expect.element(page.getByText('No image is “Set aside”')).toBeVisible()
    // Together with other conditions it is not the status that is to blame.
    await page.getByRole('searchbox').fill('000001')
    await expect.element(page.getByText('No image matches')).toBeVisible()
    await page.getByRole('button', { name: 'Show all images' }).click()
    await expect.element(page.getByTestId('gallery-count')).toMatchTextContent(/60 images/)
  })

  it('says what makes proposals where there are none', async () => {
    await show({ imageCount: 0 })
    setGalleryFilter({ statuses: ['proposals'] })
    await expect.element(page.getByTestId('empty-state')).toMatchTextContent(/press “Segment”/)
  })

  it('has its pictures at once when one comes back to it', async () => {
    const fetched: string[] = []
    const fake = createFakeBridge({ imageCount: 30 })
    const bridge = {
      ...fake.bridge,
      media: (...parameters: Parameters<typeof fake.bridge.media>) => {
        fetched.push(parameters[0])
        return fake.bridge.media(...parameters)
      },
    }
    openProject('p1')
    const screen = (
      <Surroundings fake={{ ...fake, bridge }}>
        <GalleryScreen sidebar={null} />
      </Surroundings>
    )
    const pictures = () => document.querySelectorAll('[data-testid=gallery-cell] img').length
    const first = await render(screen)
    await expect.poll(() => pictures() > 10 && pictures() === cells().elements().length).toBe(true)
    await expect.poll(() => fake.openMedia()).toBe(0)
    const before = fetched.length
    await first.unmount()
    await render(screen)
    await expect.poll(() => cells().elements().length).toBeGreaterThan(10)
    await expect.poll(() => pictures() === cells().elements().length).toBe(true)
    expect(fetched.slice(before)).toEqual([])
  })

  it('closes a dialog with one Esc, although a tooltip is open in it', async () => {
    await show({ imageCount: 0 })
    await page.getByRole('button', { name: 'Import images' }).first().click()
    const close = page.getByTestId('import').getByRole('button', { name: 'Close' })
    await close.hover()
    await expect.element(page.getByRole('tooltip')).toBeInTheDocument()
    await userEvent.keyboard('{Escape}')
    await expect.element(page.getByTestId('import')).not.toBeInTheDocument()
  })

  it('says which images are set aside and why, and looks for them again', async () => {
    const gone = 'a.jpg was moved or deleted: /home/me/a.jpg is not there any more; put it back there, then try again.'
    const fake = await show({
      imageCount: 12,
      setAside: [
        [1, gone],
        [4, gone],
      ],
    })
    const bar = page.getByTestId('set-aside')
    await expect.element(bar).toMatchTextContent(/2 images are set aside/)
    await expect.element(named(1)).toMatchTextContent(/a\.jpg was moved or deleted: \/home\/me\/a\.jpg.*Set aside/)
    await bar.getByRole('button', { name: 'Show them' }).click()
    await expect.element(page.getByTestId('gallery-count')).toMatchTextContent(/2 images/)
    await bar.getByRole('button', { name: 'Look again' }).click()
    await expect.element(bar).toMatchTextContent(/1 image is set aside/)
    expect(fake.calls).toContainEqual({ name: 'images.lookAgain', input: { projectId: 'p1' } })
    expect(session.getState().announcements.map(({ text }) => text)).toEqual(['1 image is back. 1 is still missing.'])
    await bar.getByRole('button', { name: 'Look again' }).click()
    await expect.element(bar).not.toBeInTheDocument()
  })

  it('imports a folder and lists what could not be read', async () => {
    const problems = [{ name: 'sub/a.tif', reason: 'Page 3 is unreadable.' }]
    const fake = await show({ imageCount: 0, importReport: { added: 7, duplicates: 2, problems, unlisted: 1 } })
    await expect.element(page.getByText('No images yet')).toBeVisible()
    await page.getByRole('button', { name: 'Import images' }).first().click()
    const dialog = page.getByTestId('import')
    await dialog.getByRole('button', { name: 'home', exact: true }).click()
    await dialog.getByRole('checkbox', { name: 'Select photos' }).click()
    await dialog.getByRole('checkbox', { name: 'Select workshop' }).click()
    await dialog.getByRole('button', { name: 'Import 2 items' }).click()
    const report = page.getByTestId('import-report')
    await expect.element(report).toMatchTextContent(/Added 7 images\./)
    await expect
      .element(report)
      .toMatchTextContent(/2 files could not be read.*Page 3 is unreadable\.1 more, not listed\./)
    expect(fake.calls).toContainEqual({
      name: 'images.import',
      input: { projectId: 'p1', placeIds: ['photos', 'workshop'], copy: false },
    })
  })
})
