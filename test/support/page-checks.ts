import type { Page } from 'playwright-core'

/**
 * Controls and headings whose text does not fit, and what sticks out of the window; one line each. Text that ends in
 * an ellipsis on purpose (`truncate`) is not counted, as long as something of it is shown.
 */
export function clippedTexts(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const found: string[] = []
    const describe = (element: Element): string => `${element.tagName} "${element.textContent.trim().slice(0, 60)}"`
    const isShown = (element: Element): boolean =>
      element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })
    for (const element of document.querySelectorAll('button, h1, h2, h3, label, legend, [role=tab], [data-status]')) {
      if (!isShown(element) || element.classList.contains('sr-only')) continue
      const box = element.getBoundingClientRect()
      if (box.width === 0 || element.closest('[data-testid=gallery-grid], .overflow-y-auto, ul') !== null) continue
      if (box.right > window.innerWidth + 1 || box.left < -1) found.push(`outside the window: ${describe(element)}`)
      else if (
        element.scrollWidth > element.clientWidth + 2 &&
        !element.matches('.truncate') &&
        element.clientWidth > 0
      ) {
        found.push(`clipped: ${describe(element)}`)
      }
    }
    for (const element of document.querySelectorAll('.truncate')) {
      if (isShown(element) && element.textContent !== '' && element.clientWidth < 12) {
        found.push(`nothing left of: ${describe(element)}`)
      }
    }
    for (const element of document.querySelectorAll('.overflow-y-auto')) {
      if (isShown(element) && element.scrollWidth > element.clientWidth + 1) {
        found.push(`scrolls sideways: ${describe(element)}`)
      }
    }
    if (document.documentElement.scrollWidth > window.innerWidth) found.push('the page scrolls sideways')
    return found
  })
}

const mostStops = 90

/** Walks by Tab once around; describes the places where no outline tells that the focus is there. */
export async function invisibleFocus(page: Page): Promise<readonly string[]> {
  const missing: string[] = []
  const seen = new Set<string>()
  for (let stop = 0; stop < mostStops; stop++) {
    await page.keyboard.press('Tab')
    const place = await page.evaluate(() => {
      const element = document.activeElement
      if (element === null || element === document.body) return null
      element.setAttribute('data-stop', element.getAttribute('data-stop') ?? crypto.randomUUID())
      const isRing = (candidate: Element | null): boolean => {
        if (candidate === null) return false
        const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(candidate)
        const hasOutline = outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2
        return (
          (hasOutline && !outlineColor.endsWith(', 0)')) || (boxShadow !== 'none' && candidate.matches('[role=option]'))
        )
      }
      // A radio that is drawn by its label, and a grid that rings its active cell.
      const owners = [element, element.closest('label')]
      return {
        id: element.getAttribute('data-stop') ?? '',
        name: element.outerHTML.slice(0, 160),
        visible: owners.some(isRing),
      }
    })
    if (place === null) continue
    if (seen.has(place.id)) break
    seen.add(place.id)
    if (!place.visible) missing.push(place.name)
  }
  if (seen.size < 4) missing.push(`Tab reached only ${seen.size} places`)
  return missing
}
