import { useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { details } from '../../../shared/contract/contract.ts'
import type { SegmentSpec } from '../../../shared/contract/contract.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { useProjectId, useProjectInfo } from '../../app/queries.ts'
import { useSession } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Checkbox, RadioGroup } from '../../ui/fields.tsx'
import { DeviceChoice } from './DeviceChoice.tsx'

type Scope = 'selected' | 'unreviewed' | 'all'

/** Asks which classes to look for, where and how finely, and starts the job. */
export function SegmentDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t, i18n } = useTranslation()
  const bridge = useBridge()
  const projectId = useProjectId()
  const info = useProjectInfo()
  const selected = useSession((state) => state.selectedImageIds)
  const screen = useSession((state) => state.screen)
  const imageId = useSession((state) => state.imageId)
  const these = screen === 'editor' && imageId !== null ? [imageId] : [...selected]
  const taught = (info.data?.classes ?? []).filter((each) => each.currentVersionId !== null)
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const [scope, setScope] = useState<Scope>(screen === 'gallery' && these.length > 1 ? 'selected' : 'unreviewed')
  const [detail, setDetail] = useState<SegmentSpec['detail']>('normal')
  const [provider, setProvider] = useState<SegmentSpec['provider']>('auto')
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const [learning, setLearning] = useState<string | null>(null)
  const outdated = taught.filter((each) => each.learnAgain && !left.has(each.id))
  const classIds = taught.map((each) => each.id).filter((id) => !left.has(id))

  async function learnAgain(): Promise<void> {
    setError(null)
    try {
      for (const { id, name } of outdated) {
        setLearning(name)
        await bridge.learn.run({ projectId, classId: id })
      }
    } catch (failure) {
      setError(failure)
    } finally {
      setLearning(null)
    }
  }

  async function start(): Promise<void> {
    setBusy(true)
    try {
      const spec: SegmentSpec = {
        kind: 'segment',
        classIds: left.size === 0 ? 'all' : classIds,
        images: scope === 'selected' ? these : scope,
        provider,
        detail,
      }
      await bridge.jobs.start({ projectId, spec })
      onClose()
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }

  return (
    <Dialog
      title={t('batch.title')}
      size="small"
      testId="segment"
      onClose={onClose}
      footer={
        <>
          <Button variant="quiet" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button
            variant="primary"
            data-initial-focus
            disabled={busy || classIds.length === 0 || outdated.length > 0}
            onClick={() => void start()}
          >
            {t('batch.start')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <fieldset>
          <legend className="mb-1 text-sm font-medium text-muted">{t('batch.classes')}</legend>
          {taught.length === 0 ? (
            <p className="text-muted">{t('batch.noneTaught')}</p>
          ) : (
            taught.map((each) => (
              <Checkbox
                key={each.id}
                checked={!left.has(each.id)}
                label={
                  <>
                    <span
                      aria-hidden
                      data-swatch
                      className="size-3 rounded-sm"
                      style={{ backgroundColor: each.colour }}
                    />
                    {each.name}
                  </>
                }
                onChange={(event) => {
                  const next = new Set(left)
                  if (event.currentTarget.checked) next.delete(each.id)
                  else next.add(each.id)
                  setLeft(next)
                }}
              />
            ))
          )}
        </fieldset>
        {outdated.length > 0 && (
          <div className="flex flex-col items-start gap-2" data-testid="learn-again">
            <Notice>
              {t('batch.learnAgain', {
                count: outdated.length,
                names: new Intl.ListFormat(i18n.language).format(outdated.map((each) => each.name)),
              })}
            </Notice>
            <Button disabled={learning !== null} onClick={() => void learnAgain()}>
              {learning === null ? t('learn.command.again') : t('batch.learning', { name: learning })}
            </Button>
          </div>
        )}
        <RadioGroup
          label={t('batch.scope')}
          value={scope}
          onChange={setScope}
          options={[
            { value: 'selected', label: t('batch.selected', { count: these.length }), disabled: these.length === 0 },
            { value: 'unreviewed', label: t('batch.unreviewed') },
            { value: 'all', label: t('batch.all'), hint: t('batch.allHint') },
          ]}
        />
        <RadioGroup
          label={t('batch.detail')}
          value={detail}
          onChange={setDetail}
          options={details.map((value) => ({
            value,
            label: t(`batch.details.${value}`),
            hint: t(`batch.detailHints.${value}`),
          }))}
        />
        <DeviceChoice value={provider} onChange={setProvider} />
        {error !== null && <ErrorNotice error={error} />}
      </div>
    </Dialog>
  )
}
