import { Files, FolderUp } from 'lucide-react'
import { useRef } from 'react'
import type { ReactElement, RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import type { GivenFiles } from '../../../shared/contract/contract.ts'
import { filesOfField } from '../../app/given-files.ts'
import { Button } from '../../ui/Button.tsx'

/** The way of the keyboard to what dropping does: files or a folder, through the browser's own dialog. */
export function FileButtons({ onChosen }: { readonly onChosen: (files: GivenFiles) => void }): ReactElement {
  const { t } = useTranslation()
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)

  function field(reference: RefObject<HTMLInputElement | null>, label: string, isFolder: boolean): ReactElement {
    return (
      <input
        ref={(element) => {
          reference.current = element
          if (element !== null) element.webkitdirectory = isFolder
        }}
        type="file"
        multiple
        hidden
        aria-label={label}
        accept={isFolder ? undefined : 'image/jpeg,image/png,image/webp,image/tiff,.tif,.tiff'}
        onChange={(event) => {
          const chosen = event.currentTarget.files
          if (chosen !== null && chosen.length > 0) onChosen(filesOfField(chosen))
        }}
      />
    )
  }

  return (
    <div className="flex items-center gap-2">
      {field(files, t('gallery.import.chooseFiles'), false)}
      {field(folder, t('gallery.import.chooseFolder'), true)}
      <Button onClick={() => files.current?.click()}>
        <Files aria-hidden size={14} />
        {t('gallery.import.chooseFiles')}
      </Button>
      <Button onClick={() => folder.current?.click()}>
        <FolderUp aria-hidden size={14} />
        {t('gallery.import.chooseFolder')}
      </Button>
      <span className="text-sm text-muted">{t('gallery.import.orDrop')}</span>
    </div>
  )
}
