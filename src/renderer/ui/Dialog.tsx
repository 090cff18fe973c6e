import { X } from 'lucide-react'
import { useEffect, useId, useRef, useState } from 'react'
import type { ReactElement, ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { classes } from './classes.ts'
import { IconButton } from './IconButton.tsx'
import { LayerContext } from './layer.ts'

const widths = { small: 'w-md', medium: 'w-xl', large: 'w-3xl', wide: 'w-6xl' } as const

/**
 * A modal dialog on the browser's own `<dialog>`: focus stays inside, Esc closes, focus returns.
 * (Radix' modal dialog injects a `<style>` element, which the content security policy refuses.)
 * Mounted means open. The element with `data-initial-focus` is focused first.
 */
export function Dialog(properties: {
  readonly title: string
  readonly onClose: () => void
  readonly children: ReactNode
  readonly footer?: ReactNode
  readonly size?: keyof typeof widths
  readonly testId?: string
}): ReactElement {
  const { t } = useTranslation()
  const dialog = useRef<HTMLDialogElement>(null)
  const [layer, setLayer] = useState<HTMLElement | null>(null)
  const titleId = useId()

  useEffect(() => {
    const element = dialog.current
    if (element === null) return undefined
    if (!element.open) element.showModal()
    element.querySelector<HTMLElement>('[data-initial-focus]')?.focus()
    return () => element.close()
  }, [])

  return (
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      data-testid={properties.testId}
      className={classes(
        'm-auto max-h-[88vh] max-w-[94vw] flex-col overflow-hidden rounded-xl border border-line bg-surface text-text shadow-raised open:flex',
        widths[properties.size ?? 'medium'],
      )}
      onKeyDown={(event) => {
        // Not left to `cancel`: a tooltip that is open on a button in here takes the first Esc for itself.
        if (event.key !== 'Escape') return
        event.preventDefault()
        event.stopPropagation()
        properties.onClose()
      }}
      onCancel={(event) => {
        event.preventDefault()
        properties.onClose()
      }}
    >
      <header className="flex items-center justify-between gap-4 border-b border-line px-4 py-2.5">
        <h2 id={titleId} className="text-lg font-semibold">
          {properties.title}
        </h2>
        <IconButton icon={X} label={t('common.close')} keys="Escape" onClick={properties.onClose} />
      </header>
      <LayerContext value={layer}>
        <div className="min-h-0 flex-1 overflow-y-auto px-4 py-3">{properties.children}</div>
        {properties.footer !== undefined && (
          <footer className="flex items-center justify-end gap-2 border-t border-line px-4 py-2.5">
            {properties.footer}
          </footer>
        )}
      </LayerContext>
      <div ref={setLayer} />
    </dialog>
  )
}
