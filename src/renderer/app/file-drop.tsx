import { ImageDown } from 'lucide-react'
import { useEffect, useEffectEvent, useState } from 'react'
import type { ReactElement } from 'react'
import { filesOfDrop } from './given-files.ts'
import type { PickedFiles } from './given-files.ts'

function carriesFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') ?? false
}

/**
 * Takes files that are dropped anywhere on the window; with null they are refused. Either way the browser does not
 * leave the page for them. What lies behind an open dialog takes nothing; `inDialog` tells who lies in one. Returns
 * whether something is being dragged over it that would be taken.
 */
export function useFileDrop(onDrop: ((files: PickedFiles) => void) | null, inDialog = false): boolean {
  const [isOver, setOver] = useState(false)
  const takes = onDrop !== null
  const drop = useEffectEvent((files: PickedFiles) => onDrop?.(files))

  useEffect(() => {
    const takesNow = (): boolean => takes && (inDialog || document.querySelector('dialog:modal') === null)
    const drag = (event: DragEvent): void => {
      if (!carriesFiles(event) || event.defaultPrevented) return
      event.preventDefault()
      if (event.dataTransfer !== null) event.dataTransfer.dropEffect = takesNow() ? 'copy' : 'none'
      setOver(takesNow())
    }
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false)
    }
    const end = (event: DragEvent): void => {
      setOver(false)
      if (!carriesFiles(event) || event.defaultPrevented) return
      event.preventDefault()
      if (takesNow() && event.dataTransfer !== null) drop(filesOfDrop(event.dataTransfer))
    }
    // Who takes files comes before those who only keep the page: listeners of the first phase are called first.
    const options = { capture: takes }
    window.addEventListener('dragenter', drag, options)
    window.addEventListener('dragover', drag, options)
    window.addEventListener('dragleave', leave, options)
    window.addEventListener('drop', end, options)
    return () => {
      window.removeEventListener('dragenter', drag, options)
      window.removeEventListener('dragover', drag, options)
      window.removeEventListener('dragleave', leave, options)
      window.removeEventListener('drop', end, options)
    }
  }, [takes, inDialog])

  return isOver && takes
}

/** Covers the window while files are dragged over it and says what dropping them does. */
export function DropHint({ title, hint }: { readonly title: string; readonly hint: string }): ReactElement {
  return (
    <div
      data-testid="drop-hint"
      className="pointer-events-none fixed inset-0 z-40 flex items-center justify-center bg-base/95 p-6"
    >
      <div className="flex size-full flex-col items-center justify-center gap-2 rounded-xl border-2 border-dashed border-accent text-center">
        <ImageDown aria-hidden size={40} strokeWidth={1.25} className="text-accent" />
        <p className="text-xl font-medium">{title}</p>
        <p className="max-w-md text-muted">{hint}</p>
      </div>
    </div>
  )
}
