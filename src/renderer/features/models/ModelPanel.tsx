import { useQueryClient } from '@tanstack/react-query'
import { FolderPlus } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { ModelSummary, Place } from '../../../shared/contract/contract.ts'
import { isAppError } from '../../../shared/errors.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { PlaceBrowser } from '../../app/PlaceBrowser.tsx'
import { changePreferences, usePreference } from '../../app/preferences.ts'
import { ProblemList } from '../../app/ProblemList.tsx'
import { queryKeys, useModels } from '../../app/queries.ts'
import { announce } from '../../app/session.ts'
import { translateOr } from '../../i18n/index.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { RadioGroup } from '../../ui/fields.tsx'

/** What can be learnt and segmented with, which one is used, and another exported one. Needs no project. */
export function ModelPanel(): ReactElement {
  const { t } = useTranslation()
  const used = usePreference((state) => state.predictor)
  const answer = useModels()
  if (answer.error !== null) {
    return (
      <ErrorNotice error={answer.error}>
        <Button onClick={() => void answer.refetch()}>{t('common.retry')}</Button>
      </ErrorNotice>
    )
  }
  const models = answer.data
  if (models === undefined) return <p className="text-muted">{t('common.loading')}</p>
  const problems = models.flatMap(({ problem }) => (problem === null ? [] : [problem]))
  return (
    <section className="flex flex-col gap-3" data-testid="models" aria-label={t('models.title')}>
      <p className="text-muted">{t('models.intro')}</p>
      {models.every(({ name }) => name !== used) && <Notice testId="model-gone">{t('models.gone', { name: used })}</Notice>}
      <RadioGroup
        label={t('models.choice')}
        value={used}
        onChange={(predictor) => changePreferences({ predictor })}
        options={models.map((model) => ({
          value: model.name,
          label: modelName(model),
          hint: hintOf(model),
          disabled: model.problem !== null && model.name !== used,
        }))}
      />
      {problems.length > 0 && <ProblemList problems={problems} />}
      <Notice>{t('models.learnAgain')}</Notice>
      <AddModel />
    </section>
  )

  function hintOf({ name, origin, bytes, trainingData, licence, problem }: ModelSummary): string {
    if (problem !== null) return t('models.unusable')
    const facts = [
      bytes === null ? null : t('models.size', { megabytes: bytes / 1e6 }),
      trainingData === null ? null : t('models.trainedOn', { data: trainingData }),
      licence,
    ].filter((fact) => fact !== null)
    const about = origin === 'added' ? t('models.added') : translateOr(`models.about.${name}`, {}, '')
    return [about, facts.join(' · ')].filter((part) => part !== '').join(' ')
  }
}

/** The name in words, of one that ships; an added one is called what its manifest calls it. */
function modelName({ name, origin }: ModelSummary): string {
  return origin === 'shipped' ? translateOr(`models.names.${name}`, {}, name) : name
}

function AddModel(): ReactElement {
  const { t } = useTranslation()
  const bridge = useBridge()
  const client = useQueryClient()
  const [isOpen, setIsOpen] = useState(false)
  const [place, setPlace] = useState<Place | null>(null)
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setIsBusy] = useState(false)
  const stop = useRef<AbortController | null>(null)
  useEffect(() => () => stop.current?.abort(), [])

  async function add(chosen: Place): Promise<void> {
    const controller = new AbortController()
    stop.current = controller
    setIsBusy(true)
    setError(null)
    try {
      const { added, models } = await bridge.models.add({ placeId: chosen.placeId }, { signal: controller.signal })
      client.setQueryData(queryKeys.models, models)
      announce(t('models.wasAdded', { name: added }), 'success')
      setIsOpen(false)
    } catch (failure) {
      if (!isAppError(failure, 'Cancelled')) setError(failure)
    } finally {
      setIsBusy(false)
    }
  }

  if (!isOpen) {
    return (
      <Button className="w-fit" onClick={() => setIsOpen(true)}>
        <FolderPlus aria-hidden size={14} />
        {t('models.add')}
      </Button>
    )
  }
  return (
    <div className="flex flex-col gap-2" data-testid="add-model">
      <p className="text-muted">{t('models.addHint')}</p>
      <PlaceBrowser
        current={place}
        onEnter={setPlace}
        files="none"
        canCreateFolder={false}
        purposes={['folder']}
      />
      {error !== null && <ErrorNotice error={error} />}
      <div className="flex items-center gap-2">
        <span className="min-w-0 flex-1 text-sm text-muted" role="status">
          {isBusy ? t('models.trying') : ''}
        </span>
        <Button onClick={() => (isBusy ? stop.current?.abort() : setIsOpen(false))}>{t('common.cancel')}</Button>
        <Button
          variant="primary"
          disabled={place === null || isBusy}
          onClick={() => (place === null ? undefined : void add(place))}
        >
          {t('models.addFolder')}
        </Button>
      </div>
    </div>
  )
}
