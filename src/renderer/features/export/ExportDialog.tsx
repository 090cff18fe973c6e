import { useQuery } from '@tanstack/react-query'
import { CircleCheck, TriangleAlert } from 'lucide-react'
import { useRef, useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { formatNames, exportSpecSchema, outlineSchema } from '../../../shared/contract/contract.ts'
import type { ExportReport, ExportSpec, FormatSummary, Place } from '../../../shared/contract/contract.ts'
import type { Progress as ProgressState } from '../../../shared/contract/define.ts'
import { problemCount } from '../../../shared/contract/problem-count.ts'
import { parseSubsets, splitKeys } from '../../../shared/domain/split.ts'
import { isAppError } from '../../../shared/errors.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { PlaceBrowser } from '../../app/PlaceBrowser.tsx'
import { ProblemList } from '../../app/ProblemList.tsx'
import { useFormat, useProjectId, useProjectInfo } from '../../app/queries.ts'
import { announce, noteExport } from '../../app/session.ts'
import { WorkProgress } from '../../app/WorkProgress.tsx'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Field, Select, TextInput } from '../../ui/fields.tsx'
import { NotHeld } from './NotHeld.tsx'
import { ReaderCheck } from './ReaderCheck.tsx'

type Options = FormatSummary['options']

/** What a format leaves to choose is not asked of another one, and only polygons can be simplified. */
function heeded({ orientation, segmentation, simplify, split }: ExportSpec, options: Options) {
  return {
    orientation: options.includes('orientation') ? orientation : ('displayed' as const),
    simplify: options.includes('simplify') && segmentation === 'polygon' ? simplify : 0,
    split: options.includes('split') ? split : null,
  }
}

type Step =
  | { readonly kind: 'choose' }
  | { readonly kind: 'running'; readonly progress: ProgressState }
  | { readonly kind: 'done'; readonly report: ExportReport }

const segmentations = exportSpecSchema.shape.segmentation.options
const partChoices = exportSpecSchema.shape.parts.unwrap().options
const outlines = outlineSchema.options
const includes = exportSpecSchema.shape.include.options
const orientations = exportSpecSchema.shape.orientation.options
/** Pixels that corners may be off. */
const tolerances = [0, 0.5, 1, 2, 4]
const splitChoices = ['none', ...splitKeys] as const
const imageChoices = exportSpecSchema.shape.images.options

/** Chooses format and place, writes, and says how many masks came back identical. */
export function ExportDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation()
  const bridge = useBridge()
  const projectId = useProjectId()
  const info = useProjectInfo()
  const [spec, setSpec] = useState<ExportSpec>({
    format: 'coco',
    segmentation: 'polygon',
    include: 'accepted',
    images: 'none',
    orientation: 'displayed',
    simplify: 0,
    split: null,
  })
  const beside = useQuery({
    queryKey: ['places', 'beside', projectId],
    queryFn: ({ signal }) => bridge.places.beside({ projectId }, { signal }),
  })
  const format = useFormat(spec.format)
  const options = format?.options ?? []
  /** Undefined until another place than the one beside the project is chosen. */
  const [ownPlace, setPlace] = useState<Place | null | undefined>(undefined)
  const place = ownPlace === undefined ? (beside.data?.place ?? null) : ownPlace
  const [ownName, setOwnName] = useState<string | null>(null)
  const [step, setStep] = useState<Step>({ kind: 'choose' })
  const [error, setError] = useState<unknown>(null)
  const stop = useRef<AbortController | null>(null)
  const name = ownName ?? t('export.defaultName', { project: info.data?.name ?? '', format: spec.format })

  async function run(): Promise<void> {
    if (place === null) return
    const split = isSplit && spec.split !== null && subsets !== null ? { ...spec.split, subsets: [...subsets] } : null
    const controller = new AbortController()
    stop.current = controller
    setError(null)
    setStep({ kind: 'running', progress: { done: 0, total: null } })
    try {
      const report = await bridge.export.run(
        {
          projectId,
          placeId: place.placeId,
          name,
          spec: { ...spec, ...heeded(spec, options), split },
        },
        { signal: controller.signal, onProgress: (progress) => setStep({ kind: 'running', progress }) },
      )
      setStep({ kind: 'done', report })
      noteExport()
    } catch (failure) {
      setStep({ kind: 'choose' })
      if (isAppError(failure, 'Cancelled')) announce(t('export.cancelled'))
      else setError(failure)
    }
  }

  function close(): void {
    stop.current?.abort()
    onClose()
  }

  const counts = (info.data?.classes ?? []).reduce(
    (sum, each) => ({ accepted: sum.accepted + each.accepted, proposed: sum.proposed + each.proposed }),
    { accepted: 0, proposed: 0 },
  )
  const lacking =
    info.data === undefined || spec.include === 'all'
      ? null
      : counts[spec.include] > 0
        ? null
        : t(spec.include === 'accepted' ? 'export.nothingAccepted' : 'export.nothingProposed')
  const [shares, setShares] = useState('train=0.8,val=0.2')
  const subsets = parseSubsets(shares)
  const isSplit = options.includes('split') && spec.split !== null
  const ready = place !== null && name.trim() !== '' && (!isSplit || subsets !== null)
  const footer =
    step.kind === 'done' ? (
      <>
        <Button variant="quiet" onClick={() => setStep({ kind: 'choose' })}>
          {t('export.again')}
        </Button>
        <Button variant="primary" onClick={onClose}>
          {t('export.done')}
        </Button>
      </>
    ) : step.kind === 'running' ? (
      <Button onClick={() => stop.current?.abort()}>{t('common.cancel')}</Button>
    ) : (
      <>
        <p className="mr-auto text-sm text-muted">
          {place === null
            ? t('export.chooseFolder')
            : t('export.willCreate', { name: name.trim() || '…', place: place.name })}
        </p>
        <Button variant="quiet" onClick={onClose}>
          {t('common.cancel')}
        </Button>
        <Button variant="primary" data-testid="export-run" disabled={!ready} onClick={() => void run()}>
          {t('export.run')}
        </Button>
      </>
    )

  return (
    <Dialog title={t('export.title')} size="large" testId="export" onClose={close} footer={footer}>
      {step.kind === 'choose' && (
        <div className="grid gap-5 sm:grid-cols-2">
          <div className="flex flex-col gap-4">
            {lacking !== null && <Notice testId="export-nothing">{lacking}</Notice>}
            <Field label={t('export.format')} hint={t(`export.formatHints.${spec.format}`)}>
              {(ids) => (
                <Select
                  {...ids}
                  value={spec.format}
                  onChange={(format) => setSpec({ ...spec, format })}
                  options={formatNames.map((value) => ({ value, label: t(`export.formats.${value}`) }))}
                />
              )}
            </Field>
            {options.includes('segmentation') && (
              <Field label={t('export.segmentation')} hint={t(`export.segmentationHints.${spec.segmentation}`)}>
                {(ids) => (
                  <Select
                    {...ids}
                    value={spec.segmentation}
                    onChange={(segmentation) => setSpec({ ...spec, segmentation })}
                    options={segmentations.map((value) => ({ value, label: t(`export.segmentations.${value}`) }))}
                  />
                )}
              </Field>
            )}
            {options.includes('parts') && (
              <Field label={t('export.parts')} hint={t(`export.partHints.${spec.parts ?? 'split'}`)}>
                {(ids) => (
                  <Select
                    {...ids}
                    value={spec.parts ?? 'split'}
                    onChange={(parts) => setSpec({ ...spec, parts })}
                    options={partChoices.map((value) => ({ value, label: t(`export.partChoices.${value}`) }))}
                  />
                )}
              </Field>
            )}
            {options.includes('outline') && (
              <Field label={t('export.outline')} hint={t(`export.outlineHints.${spec.outline ?? 'edges'}`)}>
                {(ids) => (
                  <Select
                    {...ids}
                    value={spec.outline ?? 'edges'}
                    onChange={(outline) => setSpec({ ...spec, outline })}
                    options={outlines.map((value) => ({ value, label: t(`export.outlines.${value}`) }))}
                  />
                )}
              </Field>
            )}
            {format !== null && <NotHeld format={format} include={spec.include} />}
            <Field label={t('export.include')}>
              {(ids) => (
                <Select
                  {...ids}
                  value={spec.include}
                  onChange={(include) => setSpec({ ...spec, include })}
                  options={includes.map((value) => ({ value, label: t(`export.includes.${value}`) }))}
                />
              )}
            </Field>
            <Field label={t('export.images')}>
              {(ids) => (
                <Select
                  {...ids}
                  value={spec.images}
                  onChange={(images) => setSpec({ ...spec, images })}
                  options={imageChoices.map((value) => ({ value, label: t(`export.imageChoices.${value}`) }))}
                />
              )}
            </Field>
            {(options.includes('split') || options.includes('orientation')) && (
              <details className="group">
                <summary className="text-muted">
                  {t(options.includes('simplify') ? 'export.more' : 'export.moreSplits')}
                </summary>
                <div className="mt-3 flex flex-col gap-4">
                  {options.includes('simplify') && spec.segmentation === 'polygon' && (
                    <Field
                      label={t('export.simplify')}
                      hint={t(spec.simplify === 0 ? 'export.simplifyOff' : 'export.simplifyOn')}
                    >
                      {(ids) => (
                        <Select
                          {...ids}
                          value={String(spec.simplify)}
                          onChange={(value) => setSpec({ ...spec, simplify: Number(value) })}
                          options={tolerances.map((value) => ({
                            value: String(value),
                            label: value === 0 ? t('export.simplifyNone') : t('export.simplifyBy', { pixels: value }),
                          }))}
                        />
                      )}
                    </Field>
                  )}
                  {options.includes('orientation') && (
                    <Field label={t('export.orientation')} hint={t(`export.orientationHints.${spec.orientation}`)}>
                      {(ids) => (
                        <Select
                          {...ids}
                          value={spec.orientation}
                          onChange={(orientation) => setSpec({ ...spec, orientation })}
                          options={orientations.map((value) => ({ value, label: t(`export.orientations.${value}`) }))}
                        />
                      )}
                    </Field>
                  )}
                  {options.includes('split') && (
                    <Field
                      label={t('export.split')}
                      hint={spec.split === null ? undefined : t(`export.splitHints.${spec.split.by}`)}
                    >
                      {(ids) => (
                        <Select
                          {...ids}
                          value={spec.split?.by ?? 'none'}
                          onChange={(by) =>
                            setSpec({
                              ...spec,
                              split: by === 'none' ? null : { seed: 1, subsets: [], ...spec.split, by },
                            })
                          }
                          options={splitChoices.map((value) => ({ value, label: t(`export.splits.${value}`) }))}
                        />
                      )}
                    </Field>
                  )}
                  {isSplit && (
                    <div className="grid grid-cols-[1fr_6rem] gap-3">
                      <Field label={t('export.shares')} hint={subsets === null ? t('export.sharesWrong') : undefined}>
                        {(ids) => (
                          <TextInput
                            {...ids}
                            value={shares}
                            onChange={(event) => setShares(event.currentTarget.value)}
                          />
                        )}
                      </Field>
                      <Field label={t('export.seed')}>
                        {(ids) => (
                          <TextInput
                            {...ids}
                            inputMode="numeric"
                            value={String(spec.split?.seed ?? 1)}
                            onChange={(event) => {
                              const seed = Number(event.currentTarget.value)
                              if (spec.split !== null && Number.isSafeInteger(seed) && seed >= 0)
                                setSpec({ ...spec, split: { ...spec.split, seed } })
                            }}
                          />
                        )}
                      </Field>
                    </div>
                  )}
                </div>
              </details>
            )}
            {spec.format === 'coco' && (
              <ReaderCheck
                spec={{ ...spec, ...heeded(spec, options), split: null }}
                onChange={(change) => setSpec({ ...spec, ...change })}
              />
            )}
          </div>
          <div className="flex flex-col gap-3">
            <Field label={t('export.name')}>
              {(ids) => (
                <TextInput
                  {...ids}
                  data-initial-focus
                  maxLength={120}
                  value={name}
                  onChange={(event) => setOwnName(event.currentTarget.value)}
                />
              )}
            </Field>
            <p className="text-sm font-medium text-muted">{t('export.where')}</p>
            {!beside.isPending && (
              <PlaceBrowser current={place} onEnter={setPlace} files="none" canCreateFolder purposes={['folder']} />
            )}
          </div>
        </div>
      )}
      {step.kind === 'running' && (
        <WorkProgress
          label={t('export.title')}
          progress={step.progress}
          note={t('export.running')}
          counted={
            step.progress.total === null
              ? ''
              : t('export.counted', { done: step.progress.done, total: step.progress.total })
          }
        />
      )}
      {step.kind === 'done' && <Result report={step.report} />}
      {error !== null && (
        <div className="mt-3">
          <ErrorNotice error={error} />
        </div>
      )}
    </Dialog>
  )
}

function Result({ report }: { readonly report: ExportReport }): ReactElement {
  const { t } = useTranslation()
  const isWhole = report.identical === report.annotations && report.problems.length === 0
  const Icon = isWhole ? CircleCheck : TriangleAlert
  return (
    <div role="status" className="flex flex-col gap-3" data-testid="export-report">
      <div className="flex items-start gap-3">
        <Icon aria-hidden size={28} strokeWidth={1.5} className={isWhole ? 'text-success' : 'text-warning'} />
        <div>
          <p className="text-xl font-semibold tabular-nums" data-testid="export-identical">
            {report.annotations === 0 ? t('export.nothing') : t('export.identical', report)}
          </p>
          {report.annotations > 0 && (
            <p className="text-muted">
              {t(report.filledAs === undefined ? 'export.identicalHint' : 'export.identicalAsFilled')}
            </p>
          )}
        </div>
      </div>
      <p className="text-muted">
        {t('export.imagesWritten', { count: report.images })} · <span className="break-all">{report.location}</span>
      </p>
      {report.removed !== undefined && <p className="text-muted">{t('export.removed', { count: report.removed })}</p>}
      {report.simplification !== undefined && (
        <p className="text-warning tabular-nums" data-testid="export-simplified">
          {t('export.simplified', {
            mean: report.simplification.meanIou * 100,
            least: report.simplification.minIou * 100,
          })}
        </p>
      )}
      {report.subsets !== undefined && (
        <ul className="text-muted tabular-nums" data-testid="export-subsets">
          {report.subsets.map(({ name, images, share, reached }) => (
            <li key={name}>
              {t('export.subset', { name, count: images, reached: reached * 100, wanted: share * 100 })}
            </li>
          ))}
        </ul>
      )}
      {report.problems.length > 0 && (
        <>
          <p className="text-warning">{t('export.problems', { count: problemCount(report) })}</p>
          <ProblemList problems={report.problems} unlisted={report.unlisted} />
        </>
      )}
      <details>
        <summary className="text-muted">{t('export.files')}</summary>
        <ul className="max-h-40 overflow-y-auto pl-4 text-sm text-muted">
          {report.files.slice(0, 200).map((file) => (
            <li key={file}>{file}</li>
          ))}
        </ul>
      </details>
    </div>
  )
}
