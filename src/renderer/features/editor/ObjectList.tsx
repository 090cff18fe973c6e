import { Eye, EyeOff, Lock, LockOpen } from 'lucide-react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { AnnotationRecord, ClassRecord, SupportRecord } from '../../../shared/domain/records.ts'
import { selectAnnotation, useSession } from '../../app/session.ts'
import { useLocale } from '../../i18n/index.ts'
import { IconButton } from '../../ui/IconButton.tsx'
import { classes as classNames } from '../../ui/classes.ts'
import { PanelHeading } from '../../ui/PanelHeading.tsx'
import { setHidden, setLocked, useEditorView } from './editor-view.ts'

/** What the image holds, the topmost first. */
export function ObjectList(properties: {
  readonly annotations: readonly AnnotationRecord[]
  readonly supports: readonly SupportRecord[]
  readonly classes: readonly ClassRecord[]
}): ReactElement {
  const { t } = useTranslation()
  const selectedId = useSession((state) => state.selectedAnnotationId)
  const hiddenIds = useEditorView((state) => state.hiddenIds)
  const lockedIds = useEditorView((state) => state.lockedIds)
  const hiddenClassIds = useSession((state) => state.hiddenClassIds)
  const lockedClassIds = useSession((state) => state.lockedClassIds)
  const classOf = new Map(properties.classes.map((each) => [each.id, each]))
  const supportOf = new Map(properties.supports.map((support) => [support.annotationId, support]))
  return (
    <section aria-label={t('editor.objects')} className="flex min-h-0 flex-1 flex-col border-t border-line">
      <div className="shrink-0 p-2 pb-0">
        <PanelHeading title={t('editor.objects')}>
          <span className="pr-2 text-sm text-muted tabular-nums">
            {t('editor.objectCount', { count: properties.annotations.length })}
          </span>
        </PanelHeading>
      </div>
      {properties.annotations.length === 0 && (
        <p className="px-4 py-1 text-sm text-muted">
          {t(properties.classes.length === 0 ? 'editor.noObjectsNoClass' : 'editor.noObjects')}
        </p>
      )}
      <ul className="min-h-0 flex-1 overflow-y-auto px-2 pb-2">
        {properties.annotations.toReversed().map((record) => (
          <ObjectRow
            key={record.id}
            record={record}
            support={supportOf.get(record.id)}
            classRecord={classOf.get(record.classId)}
            isSelected={record.id === selectedId}
            isHidden={hiddenIds.has(record.id)}
            isLocked={lockedIds.has(record.id)}
            isClassHidden={hiddenClassIds.has(record.classId)}
            isClassLocked={lockedClassIds.has(record.classId)}
          />
        ))}
      </ul>
    </section>
  )
}

function ObjectRow(properties: {
  readonly record: AnnotationRecord
  readonly support: SupportRecord | undefined
  readonly classRecord: ClassRecord | undefined
  readonly isSelected: boolean
  readonly isHidden: boolean
  readonly isLocked: boolean
  readonly isClassHidden: boolean
  readonly isClassLocked: boolean
}): ReactElement {
  const { t } = useTranslation()
  const { record, support, classRecord, isSelected } = properties
  const isHidden = properties.isHidden || properties.isClassHidden
  const isLocked = properties.isLocked || properties.isClassLocked
  const compactNumber = new Intl.NumberFormat(useLocale(), { notation: 'compact', maximumFractionDigits: 1 })
  const name = classRecord?.name ?? t('editor.unknownClass')
  const proposed = record.state === 'proposed'
  const details: string[] = [proposed ? t('editor.state.proposed') : t(`editor.origin.${record.origin}`)]
  if (support !== undefined) details.push(support.role === 'example' ? t('editor.example') : t('editor.heldOut'))
  if (record.crowd) details.push(t('editor.crowd'))
  return (
    <li className={classNames('flex items-center rounded-md pr-0.5', isSelected ? 'bg-accent-soft' : 'hover:bg-hover')}>
      <button
        type="button"
        aria-pressed={isSelected}
        data-annotation-id={record.id}
        data-state={record.state}
        data-origin={record.origin}
        data-area={record.area}
        data-crowd={record.crowd}
        className="flex min-w-0 flex-1 items-center gap-2 rounded-md px-2 py-1 text-left"
        onClick={() => selectAnnotation(isSelected ? null : record.id)}
      >
        <svg aria-hidden width="12" height="12" className={classNames('shrink-0', isHidden && 'opacity-35')}>
          <rect
            x="1"
            y="1"
            width="10"
            height="10"
            rx="2"
            fill={proposed ? 'none' : (classRecord?.colour ?? '#ffffff')}
            stroke={classRecord?.colour ?? '#ffffff'}
            strokeWidth="2"
            strokeDasharray={proposed ? '3 2' : undefined}
          />
        </svg>
        <span className={classNames('flex min-w-0 flex-1 flex-col', isHidden && 'opacity-50')}>
          <span className="truncate">{name}</span>
          <span className="truncate text-xs text-muted">{details.join(' · ')}</span>
        </span>
        <span className="flex shrink-0 flex-col items-end text-xs text-muted tabular-nums">
          {proposed && record.score !== null && (
            <span title={t('editor.scoreLabel', { percent: Math.round(record.score * 100) })}>
              {t('editor.percent', { percent: Math.round(record.score * 100) })}
            </span>
          )}
          <span title={t('editor.areaLabel', { count: record.area })}>
            {t('editor.area', { area: compactNumber.format(record.area) })}
          </span>
        </span>
      </button>
      <IconButton
        icon={isLocked ? Lock : LockOpen}
        label={`${isLocked ? t('editor.unlock') : t('editor.lock')}: ${name}`}
        side="left"
        disabled={properties.isClassLocked}
        className={isLocked ? 'text-text' : undefined}
        onClick={() => setLocked(record.id, !isLocked)}
      />
      <IconButton
        icon={isHidden ? EyeOff : Eye}
        label={`${isHidden ? t('editor.show') : t('editor.hide')}: ${name}`}
        side="left"
        disabled={properties.isClassHidden}
        className={isHidden ? 'text-text' : undefined}
        onClick={() => setHidden([record.id], !isHidden)}
      />
    </li>
  )
}
