import { useRef, useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import {
  annotationImportSpecSchema,
  formatNames,
  formatProperties,
  outlineSchema,
} from '../../../shared/contract/contract.ts'
import type {
  AnnotationImportReport,
  AnnotationImportSpec,
  FormatSummary,
  Place,
} from '../../../shared/contract/contract.ts'
import type { Progress as ProgressState } from '../../../shared/contract/define.ts'
import { isAppError } from '../../../shared/errors.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { PlaceBrowser } from '../../app/PlaceBrowser.tsx'
import { useFormats, useProjectId } from '../../app/queries.ts'
import { announce } from '../../app/session.ts'
import { WorkProgress } from '../../app/WorkProgress.tsx'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'
import { Field, Select } from '../../ui/fields.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { doesSomething, ImportLabelsReport } from './ImportLabelsReport.tsx'

type Step =
  | { readonly kind: 'choose' }
  | { readonly kind: 'running'; readonly dryRun: boolean; readonly progress: ProgressState }
  /** Where the pictures are that the project does not have. */
  | { readonly kind: 'pictures'; readonly report: AnnotationImportReport }
  | { readonly kind: 'checked'; readonly report: AnnotationImportReport }
  | { readonly kind: 'done'; readonly report: AnnotationImportReport }

const states = annotationImportSpecSchema.shape.as.options
const conflictChoices = annotationImportSpecSchema.shape.conflicts.options
const emptyChoices = annotationImportSpecSchema.shape.empty.unwrap().options
const outlines = outlineSchema.options
const orientations = annotationImportSpecSchema.shape.orientation.unwrap().options

/** What a person has chosen; null leaves it to the file or its format. */
interface Choices {
  readonly format: FormatSummary['id'] | null
  readonly as: AnnotationImportSpec['as'] | null
  readonly conflicts: AnnotationImportSpec['conflicts']
  readonly empty: NonNullable<AnnotationImportSpec['empty']>
  readonly orientation: NonNullable<AnnotationImportSpec['orientation']>
  readonly outline: NonNullable<AnnotationImportSpec['outline']>
}

/** What is read, and as what. */
interface Target {
  readonly format: FormatSummary['id']
  readonly place: Place
}

/** Chooses a file or folder, says what it is and what would happen, and brings it in when that is right. */
export function ImportLabelsDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation()
  const bridge = useBridge()
  const projectId = useProjectId()
  const [choices, setChoices] = useState<Choices>({
    format: null,
    as: null,
    conflicts: 'both',
    empty: 'stated',
    orientation: 'displayed',
    outline: 'edges',
  })
  const [folder, setFolder] = useState<Place | null>(null)
  const [file, setFile] = useState<Place | null>(null)
  /** The folder of pictures that is looked in, and the one shown while it is chosen. */
  const [pictures, setPictures] = useState<Place | null>(null)
  const [picturesShown, setPicturesShown] = useState<Place | null>(null)
  const [step, setStep] = useState<Step>({ kind: 'choose' })
  const [error, setError] = useState<unknown>(null)
  /** What the chosen place was recognised as. */
  const [recognised, setRecognised] = useState<Target | null>(null)
  const stop = useRef<AbortController | null>(null)
  const formats = useFormats()
  const summaryOf = (id: FormatSummary['id'] | undefined): FormatSummary | undefined =>
    formats.find((each) => each.id === id)
  const format = summaryOf(choices.format ?? undefined)
  const recognisedFormat = summaryOf(recognised?.format)
  const isFolder = format?.imports === 'folder'
  const place = isFolder ? folder : format === undefined ? (file ?? folder) : file
  /** As what a format comes in, unless the person says otherwise. */
  const stateOf = (id: FormatSummary['id'] | undefined, chosen = choices.as): AnnotationImportSpec['as'] =>
    chosen ?? summaryOf(id)?.brings ?? 'accepted'
  const as = stateOf(choices.format ?? recognised?.format)

  /** What is to be read: as the person says, else as the place shows. */
  async function targetOf(chosen: Place, signal: AbortSignal): Promise<Target> {
    if (choices.format !== null) return { format: choices.format, place: chosen }
    if (recognised !== null) return recognised
    const target = await bridge.formats.recognise({ placeId: chosen.placeId }, { signal })
    setRecognised(target)
    return target
  }

  async function run(dryRun: boolean, change: { choices?: Choices; pictures?: Place | null } = {}): Promise<void> {
    if (place === null) return
    const wanted = change.choices ?? choices
    const from = change.pictures === undefined ? pictures : change.pictures
    setChoices(wanted)
    setPictures(from)
    const controller = new AbortController()
    stop.current = controller
    setError(null)
    setStep({ kind: 'running', dryRun, progress: { done: 0, total: null } })
    try {
      const target = await targetOf(place, controller.signal)
      const { conflicts, empty, orientation, outline } = wanted
      const spec = {
        ...{ format: target.format, as: stateOf(target.format, wanted.as) },
        ...{ conflicts, empty, orientation, outline, dryRun },
      }
      const report = await bridge.annotations.import(
        {
          projectId,
          placeId: target.place.placeId,
          spec,
          ...(from === null ? {} : { imagesPlaceId: from.placeId }),
        },
        {
          signal: controller.signal,
          onProgress: (progress) =>
            setStep((current) => (current.kind === 'running' ? { ...current, progress } : current)),
        },
      )
      setStep({ kind: dryRun ? 'checked' : 'done', report })
    } catch (failure) {
      setStep({ kind: 'choose' })
      if (isAppError(failure, 'Cancelled')) announce(t('labels.cancelled'))
      else setError(failure)
    }
  }

  /** Another place may be something else. */
  function choosePlace(inFolder: Place | null, picked: Place | null): void {
    setFolder(inFolder)
    setFile(picked)
    setRecognised(null)
  }

  function close(): void {
    stop.current?.abort()
    onClose()
  }

  const footer =
    step.kind === 'done' ? (
      <Button variant="primary" onClick={onClose}>
        {t('labels.done')}
      </Button>
    ) : step.kind === 'running' ? (
      <Button onClick={() => stop.current?.abort()}>{t('common.cancel')}</Button>
    ) : step.kind === 'checked' ? (
      <>
        <Button
          variant="quiet"
          onClick={() => {
            setPictures(null)
            setStep({ kind: 'choose' })
          }}
        >
          {t('labels.back')}
        </Button>
        <Button variant="primary" disabled={!doesSomething(step.report)} onClick={() => void run(false)}>
          {t('labels.run')}
        </Button>
      </>
    ) : step.kind === 'pictures' ? (
      <>
        <Button variant="quiet" onClick={() => setStep({ kind: 'checked', report: step.report })}>
          {t('labels.back')}
        </Button>
        <Button
          variant="primary"
          disabled={picturesShown === null}
          onClick={() => void run(true, { pictures: picturesShown })}
        >
          {picturesShown === null ? t('labels.chooseFolder') : t('labels.picturesHere', { name: picturesShown.name })}
        </Button>
      </>
    ) : (
      <>
        <p className="mr-auto text-sm text-muted">
          {place !== null
            ? t('labels.chosen', { name: place.name })
            : t(isFolder ? 'labels.chooseFolder' : format === undefined ? 'labels.choosePlace' : 'labels.chooseFile')}
        </p>
        <Button variant="quiet" onClick={onClose}>
          {t('common.cancel')}
        </Button>
        <Button variant="primary" disabled={place === null || formats.length === 0} onClick={() => void run(true)}>
          {t('labels.check')}
        </Button>
      </>
    )

  return (
    <Dialog title={t('labels.title')} size="large" testId="import-labels" onClose={close} footer={footer}>
      {step.kind === 'choose' && (
        <div className="grid gap-5 sm:grid-cols-2">
          <div className="flex flex-col gap-4">
            <p className="text-muted">{t('labels.hint')}</p>
            <Field
              label={t('export.format')}
              hint={choices.format === null ? t('labels.recogniseHint') : t(`export.formatHints.${choices.format}`)}
            >
              {(ids) => (
                <Select
                  {...ids}
                  value={choices.format ?? 'recognise'}
                  onChange={(chosen) => {
                    setChoices({ ...choices, format: chosen === 'recognise' ? null : chosen, as: null })
                    choosePlace(folder, null)
                  }}
                  options={[
                    { value: 'recognise' as const, label: t('labels.recognise') },
                    ...formatNames.map((value) => ({ value, label: t(`export.formats.${value}`) })),
                  ]}
                />
              )}
            </Field>
            {format !== undefined && <Lacks format={format} />}
            {format?.options.includes('outline') === true && (
              <OutlineField outline={choices.outline} onChange={(outline) => setChoices({ ...choices, outline })} />
            )}
            <Field label={t('labels.as')}>
              {(ids) => (
                <Select
                  {...ids}
                  value={as}
                  onChange={(chosen) => setChoices({ ...choices, as: chosen })}
                  options={states.map((value) => ({ value, label: t(`labels.asOptions.${value}`) }))}
                />
              )}
            </Field>
            <Field label={t('labels.conflicts')} hint={t(`labels.conflictHints.${choices.conflicts}`)}>
              {(ids) => (
                <Select
                  {...ids}
                  value={choices.conflicts}
                  onChange={(conflicts) => setChoices({ ...choices, conflicts })}
                  options={conflictChoices.map((value) => ({ value, label: t(`labels.conflictOptions.${value}`) }))}
                />
              )}
            </Field>
            <Field label={t('labels.empty')} hint={t(`labels.emptyHints.${choices.empty}`)}>
              {(ids) => (
                <Select
                  {...ids}
                  value={choices.empty}
                  onChange={(empty) => setChoices({ ...choices, empty })}
                  options={emptyChoices.map((value) => ({ value, label: t(`labels.emptyOptions.${value}`) }))}
                />
              )}
            </Field>
          </div>
          <div className="flex flex-col gap-4">
            <PlaceBrowser
              current={folder}
              onEnter={(entered) => choosePlace(entered, null)}
              files={isFolder ? 'none' : 'data'}
              canCreateFolder={false}
              purposes={[
                ...(isFolder ? [] : ['data' as const]),
                ...(format?.imports === 'file' ? [] : ['folder' as const]),
              ]}
              {...(isFolder
                ? {}
                : {
                    picked: file === null ? [] : [file],
                    // One file at a time: the last one pressed.
                    onPick: (picked: readonly Place[]) => choosePlace(folder, picked.at(-1) ?? null),
                  })}
            />
            <Field label={t('labels.orientation')} hint={t(`labels.orientationHints.${choices.orientation}`)}>
              {(ids) => (
                <Select
                  {...ids}
                  value={choices.orientation}
                  onChange={(orientation) => setChoices({ ...choices, orientation })}
                  options={orientations.map((value) => ({ value, label: t(`labels.orientations.${value}`) }))}
                />
              )}
            </Field>
          </div>
        </div>
      )}
      {step.kind === 'pictures' && (
        <div className="flex flex-col gap-3">
          <p className="text-muted">{t('labels.picturesHint')}</p>
          <PlaceBrowser
            current={picturesShown}
            onEnter={setPicturesShown}
            files="images"
            canCreateFolder={false}
            purposes={['folder']}
          />
        </div>
      )}
      {step.kind === 'running' && (
        <WorkProgress
          label={t('labels.title')}
          progress={step.progress}
          note={t(step.dryRun ? 'labels.checking' : 'labels.running', { name: place?.name ?? '' })}
          counted={
            step.progress.total === null
              ? ''
              : t('export.counted', { done: step.progress.done, total: step.progress.total })
          }
        />
      )}
      {(step.kind === 'checked' || step.kind === 'done') && (
        <ImportLabelsReport report={step.report} isDone={step.kind === 'done'}>
          {choices.format === null && recognised !== null && (
            <div className="flex flex-col gap-1 text-muted" data-testid="import-labels-format">
              <p>
                {t('labels.readAs', { format: t(`export.formats.${recognised.format}`), name: recognised.place.name })}{' '}
                {as === 'proposed' && t('labels.asProposals')}
              </p>
              {recognisedFormat !== undefined && <Lacks format={recognisedFormat} />}
            </div>
          )}
          {step.kind === 'checked' &&
            choices.format === null &&
            recognisedFormat?.options.includes('outline') === true && (
              <OutlineField
                outline={choices.outline}
                onChange={(outline) => void run(true, { choices: { ...choices, outline } })}
              />
            )}
          {step.kind === 'checked' && (
            <Offers
              report={step.report}
              orientation={choices.orientation}
              onTurn={(orientation) => void run(true, { choices: { ...choices, orientation } })}
              onFindPictures={() => {
                setPicturesShown((shown) => shown ?? folder)
                setStep({ kind: 'pictures', report: step.report })
              }}
            />
          )}
        </ImportLabelsReport>
      )}
      {error !== null && (
        <div className="mt-3">
          <ErrorNotice error={error} />
        </div>
      )}
    </Dialog>
  )
}

function OutlineField({
  outline,
  onChange,
}: {
  readonly outline: Choices['outline']
  readonly onChange: (outline: Choices['outline']) => void
}): ReactElement {
  const { t } = useTranslation()
  return (
    <Field label={t('export.outline')} hint={t(`labels.outlineHints.${outline}`)}>
      {(ids) => (
        <Select
          {...ids}
          value={outline}
          onChange={onChange}
          options={outlines.map((value) => ({ value, label: t(`export.outlines.${value}`) }))}
        />
      )}
    </Field>
  )
}

function Lacks({ format }: { readonly format: FormatSummary }): ReactElement | null {
  const { t, i18n } = useTranslation()
  const lacking = formatProperties.filter((property) => !format.holds[property])
  if (lacking.length === 0) return null
  const list = new Intl.ListFormat(i18n.language, { type: 'conjunction' })
  const what = list.format(lacking.map((property) => t(`labels.properties.${property}`)))
  return <p className="text-sm text-muted">{t('labels.lacks', { what })}</p>
}

/** What would bring in more of the file than it would now. */
function Offers(properties: {
  readonly report: AnnotationImportReport
  readonly orientation: Choices['orientation']
  readonly onTurn: (orientation: Choices['orientation']) => void
  readonly onFindPictures: () => void
}): ReactElement {
  const { report, orientation, onTurn, onFindPictures } = properties
  const { t } = useTranslation()
  const other = orientation === 'stored' ? 'displayed' : 'stored'
  return (
    <>
      {report.otherOrientation > 0 && (
        <Notice testId="import-labels-other-orientation">
          <span className="flex items-center gap-3">
            <span className="min-w-0 flex-1">
              {t(`labels.otherOrientation.${other}`, { count: report.otherOrientation })}
            </span>
            <Button className="shrink-0" onClick={() => onTurn(other)}>
              {t(`labels.readOther.${other}`)}
            </Button>
          </span>
        </Notice>
      )}
      {report.missing > 0 && (
        <Notice testId="import-labels-missing">
          <span className="flex items-center gap-3">
            <span className="min-w-0 flex-1">{t('labels.missing', { count: report.missing })}</span>
            <Button className="shrink-0" onClick={onFindPictures}>
              {t('labels.findPictures')}
            </Button>
          </span>
        </Notice>
      )}
    </>
  )
}
