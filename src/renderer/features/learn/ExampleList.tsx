import { FlaskConical, X } from 'lucide-react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { SupportRecord } from '../../../shared/domain/records.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { notifyError } from '../../app/notify-error.ts'
import { useImageDocument, useProjectId, useSupports } from '../../app/queries.ts'
import { announce, openImage, selectAnnotation } from '../../app/session.ts'
import { Thumbnail } from '../../app/Thumbnail.tsx'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'
import { IconButton } from '../../ui/IconButton.tsx'

/** The annotations a class learns from or is measured on, as small pictures. */
export function ExampleList(properties: { readonly classId: string; readonly className: string }): ReactElement {
  const { t } = useTranslation()
  const supports = useSupports(properties.classId)
  if (supports.error !== null) return <ErrorNotice error={supports.error} />
  if (supports.data?.length === 0) {
    return <p className="text-sm text-muted">{t('learn.empty', { name: properties.className })}</p>
  }
  return (
    <ul className="grid grid-cols-3 gap-1.5" data-testid="examples">
      {(supports.data ?? []).map((support) => (
        <Example key={support.annotationId} support={support} className={properties.className} />
      ))}
    </ul>
  )
}

function Example(properties: { readonly support: SupportRecord; readonly className: string }): ReactElement {
  const { support } = properties
  const { t } = useTranslation()
  const bridge = useBridge()
  const projectId = useProjectId()
  const image = useImageDocument(support.imageId).data
  const name = image?.image.name ?? ''
  const isHeldOut = support.role === 'heldOut'

  async function setRole(role: SupportRecord['role'] | 'none'): Promise<void> {
    try {
      await bridge.supports.set({ projectId, annotationIds: [support.annotationId], role })
      if (role === 'none') announce(t('learn.removed', { name: properties.className }), 'success')
    } catch (error) {
      notifyError(error)
    }
  }

  return (
    <li
      className="group relative aspect-square overflow-hidden rounded-md border border-line bg-base"
      data-testid="example"
    >
      <button
        type="button"
        aria-label={t('learn.goTo', { name })}
        className="size-full rounded-md -outline-offset-2"
        onClick={() => {
          openImage(support.imageId)
          selectAnnotation(support.annotationId)
        }}
      >
        <Thumbnail imageId={support.imageId} name={name} overlayRevision={image?.revision ?? 0} hasOverlay fit="fill" />
      </button>
      {isHeldOut && (
        <span className="absolute inset-x-0 bottom-0 bg-base/85 text-center text-xs">{t('learn.heldOut')}</span>
      )}
      <span className="absolute top-0 right-0 flex flex-col opacity-0 group-focus-within:opacity-100 group-hover:opacity-100">
        <IconButton
          icon={X}
          label={t('learn.remove')}
          className="size-5 bg-base/85"
          onClick={() => void setRole('none')}
        />
        <IconButton
          icon={FlaskConical}
          label={isHeldOut ? t('learn.learnFrom') : t('learn.holdOut')}
          className="size-5 bg-base/85"
          onClick={() => void setRole(isHeldOut ? 'example' : 'heldOut')}
        />
      </span>
    </li>
  )
}
