import { useState } from 'react'
import type { ReactElement } from 'react'
import { describe, expect, it } from 'vitest'
import { page } from 'vitest/browser'
import { render } from 'vitest-browser-react'
import type { Place } from '../../shared/contract/contract.ts'
import { createFakeBridge } from './fake-bridge.test-support.ts'
import type { FakeBridge } from './fake-bridge.test-support.ts'
import { PlaceBrowser } from './PlaceBrowser.tsx'
import { Surroundings } from './render.test-support.tsx'

const outside: Place = { placeId: 'outside', name: 'memory card', kind: 'folder', isProject: false }
const picture: Place = { placeId: 'picture', name: 'a.jpg', kind: 'file', isProject: false }

/** Shows what is chosen, as the dialogs do. */
function Chooser(): ReactElement {
  const [current, setCurrent] = useState<Place | null>(null)
  const [picked, setPicked] = useState<readonly Place[]>([])
  return (
    <>
      <PlaceBrowser
        current={current}
        onEnter={setCurrent}
        files="images"
        canCreateFolder={false}
        purposes={['images', 'folder']}
        picked={picked}
        onPick={setPicked}
      />
      <output>{[current?.name, ...picked.map(({ name }) => name)].join(' + ')}</output>
    </>
  )
}

async function show(fake: FakeBridge): Promise<void> {
  await render(
    <Surroundings fake={fake}>
      <Chooser />
    </Surroundings>,
  )
}

const folderButton = page.getByRole('button', { name: 'Choose a folder in a system dialog…' })
const imagesButton = page.getByRole('button', { name: 'Choose images in a system dialog…' })

describe('the system dialog beside the folder browser', () => {
  it('goes to the folder that was chosen, and picks the images', async () => {
    const fake = createFakeBridge({ chosen: [outside, picture] })
    await show(fake)
    await folderButton.click()
    await expect.element(page.getByRole('status')).toHaveTextContent('memory card + a.jpg')
    await imagesButton.click()
    await expect.poll(() => fake.calls.filter(({ name }) => name === 'places.choose')).toHaveLength(2)
    // What was picked before stays picked once.
    await expect.element(page.getByRole('status')).toHaveTextContent('memory card + a.jpg')
    expect(fake.calls.filter(({ name }) => name === 'places.choose').map(({ input }) => input)).toEqual([
      { purpose: 'folder' },
      { purpose: 'images' },
    ])
  })

  it('changes nothing when it is cancelled', async () => {
    const fake = createFakeBridge({ chosen: [] })
    await show(fake)
    await folderButton.click()
    await expect.poll(() => fake.calls.some(({ name }) => name === 'places.choose')).toBe(true)
    expect(page.getByRole('status').element().textContent).toBe('')
  })

  it('is not offered where there is none', async () => {
    const fake = createFakeBridge()
    await show(fake)
    await expect.element(page.getByRole('button', { name: 'home', exact: true })).toBeVisible()
    await expect.poll(() => fake.calls.some(({ name }) => name === 'app.info')).toBe(true)
    expect(folderButton.elements()).toEqual([])
  })
})
